"""Measure the answer loss of every one-hop fact, and keep it beside the checkpoint.

losses.csv    person, subject, hops, nats      one line a question, nats summed over its tokens
losses.json   which checkpoint and profiles they belong to
"""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from pyarrow import csv
from tqdm import tqdm

from datagen.enumeration import fact_batches
from datagen.errors import InputError, require
from datagen.kernels.tables import NUM_QUESTIONS
from datagen.manifest import FILE_NAME as MANIFEST
from estimators.checkpoint import Checkpoint
from estimators.forward import answer_losses, to_layout

TABLE, DESCRIPTION = "losses.csv", "losses.json"
FORMAT = 1


class Losses(NamedTuple):
    """Answer losses of one-hop facts."""

    person: NDArray[np.int32]
    """[F] the person asked about."""
    subject: NDArray[np.int32]
    """[F] the subject asked for."""
    nats: NDArray[np.float64]
    """[F] the summed loss of the answer's tokens."""

    def by_subject(self, num_subjects: int) -> list[NDArray[np.float64]]:
        """Return the losses of each subject, in nats."""
        return [self.nats[self.subject == s] for s in range(num_subjects)]


@torch.inference_mode()
def measure_losses(checkpoint: Checkpoint, *, progress: bool = False) -> Losses:
    """Measure every one-hop fact once, each question on its own: exact, not sampled."""
    world, model = checkpoint.world, checkpoint.model
    num_facts = world.profiles.count * world.profiles.num_subjects
    losses = Losses(
        np.empty(num_facts, np.int32), np.empty(num_facts, np.int32), np.empty(num_facts)
    )
    done = 0
    with tqdm(
        total=num_facts, unit=" facts", desc=str(checkpoint.path), disable=not progress, leave=False
    ) as bar:
        for buffers in fact_batches(world):
            layout = to_layout(buffers.segments, model.device)
            count = int(buffers.batch.counts[NUM_QUESTIONS])
            nats = torch.zeros(count, dtype=torch.float64, device=model.device)
            nats.index_add_(0, layout.answer_question, answer_losses(model, layout).double())
            here = slice(done, done + count)
            losses.person[here] = buffers.batch.person[:count]
            losses.subject[here] = buffers.batch.subject[:count]
            losses.nats[here] = nats.cpu().numpy()
            done += count
            bar.update(count)
    assert done == num_facts
    return losses


def _belongs_to(folder: Path) -> str:
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def save_losses(losses: Losses, folder: Path, subjects: tuple[str, ...]) -> Path:
    """Write losses.csv and losses.json into the checkpoint's folder; return the table's path."""
    names = pa.array(subjects).take(pa.array(losses.subject))
    hops = np.ones(len(losses.nats), np.int8)
    table = pa.table({"person": losses.person, "subject": names, "hops": hops, "nats": losses.nats})
    csv.write_csv(table, folder / TABLE)
    description = {
        "format": FORMAT,
        "manifest_sha256": _belongs_to(folder),
        "facts": len(losses.nats),
        "questions": "every one-hop fact, each on its own",
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    return folder / TABLE


def load_losses(folder: Path, subjects: tuple[str, ...]) -> Losses | None:
    """Return the losses that stand in a checkpoint's folder, or None where there are none.

    Raises:
        InputError: where they belong to another checkpoint or are torn.
    """
    if not (folder / TABLE).exists() or not (folder / DESCRIPTION).exists():
        return None
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        table = csv.read_csv(folder / TABLE)
        belongs, facts = description["manifest_sha256"], description["facts"]
        names = table.column("subject").to_pylist()
        numbers = {name: s for s, name in enumerate(subjects)}
        losses = Losses(
            table.column("person").to_numpy().astype(np.int32),
            np.array([numbers[name] for name in names], np.int32),
            table.column("nats").to_numpy(),
        )
    except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise InputError(
            f"{folder / TABLE} is not a whole loss table ({error}); delete it and measure again"
        ) from error
    require(
        belongs == _belongs_to(folder) and facts == len(losses.nats),
        f"{folder / TABLE} belongs to another checkpoint; delete it and measure again",
    )
    return losses


def ensure_losses(checkpoint: Checkpoint, subjects: tuple[str, ...]) -> Losses:
    """Return the losses of a checkpoint, measuring them only where they are not there yet."""
    found = load_losses(checkpoint.path, subjects)
    if found is None:
        found = measure_losses(checkpoint, progress=True)
        save_losses(found, checkpoint.path, subjects)
    return found
