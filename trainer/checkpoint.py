"""Checkpoints: written beside, then renamed, so that a folder `step-*` is whole or not there.

step-00012000/  model.safetensors, config.json, tokenizer.json, ...   plain transformers
                run.json         the RunConfig
                manifest.json    data config, digests, counters, SHA-256 of every other file
                resume/state.pt  optimizers and counters
"""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch.optim import Optimizer
from transformers import LlamaForCausalLM

from datagen import profiles, vocabulary
from datagen.errors import require
from datagen.manifest import Manifest, digest_files, folder_name, versions
from datagen.schema import MAX_HOPS
from datagen.world import World
from trainer.config import RunConfig

PARTIAL = ".partial-"
STATE = Path("resume/state.pt")
FREE_TO_CHANGE = ("out", "evaluation", "checkpoint", "training.max_steps", "training.max_exposures",
                  "training.max_seconds")  # fmt: skip


@dataclass
class Counters:
    """How far a run is; everything that a resume needs beside weights and optimizers."""

    step: int = 0
    """Optimizer steps done."""
    seconds: float = 0.0
    """Training time over all resumes."""
    tokens: int = 0
    """Question tokens trained on."""
    questions: list[int] = field(default_factory=lambda: [0] * MAX_HOPS)
    """Questions trained on, by hop count."""

    @property
    def fact_uses(self) -> int:
        """Uses of facts: a k-hop question uses k."""
        return sum(k * count for k, count in enumerate(self.questions, 1))


def save(
    out: Path,
    *,
    config: RunConfig,
    world: World,
    model: LlamaForCausalLM,
    optimizers: list[Optimizer],
    counters: Counters,
) -> Path:
    """Write the checkpoint of a step; return its folder."""
    final = out / folder_name(counters.step)
    partial = out / f"{PARTIAL}{final.name}"
    shutil.rmtree(partial, ignore_errors=True)
    (partial / STATE).parent.mkdir(parents=True)
    model.save_pretrained(partial)
    world.tokenizer.save_pretrained(partial)
    (partial / "run.json").write_text(json.dumps(config.to_dict(), indent=2) + "\n")
    state = {
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "counters": vars(counters),
    }
    torch.save(state, partial / STATE)
    manifest = Manifest(
        data=config.data.to_dict(),
        pools=world.pools.origin,
        profiles_digest=profiles.digest(world.profiles, world.pools),
        tokenizer_digest=vocabulary.digest(world.tokenizer),
        step=counters.step,
        questions=tuple(counters.questions),
        tokens=counters.tokens,
        parameters=model.num_parameters(),
        files=digest_files(partial),
        versions=versions(),
    )
    manifest.write(partial)
    _flush(partial)
    if final.exists():
        shutil.rmtree(final)
    os.replace(partial, final)
    return final


def _flush(folder: Path) -> None:
    """Make the folder's files durable before the rename makes them visible."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def load(
    folder: Path, *, config: RunConfig, model: LlamaForCausalLM, optimizers: list[Optimizer]
) -> Counters:
    """Load weights and optimizer states of a whole checkpoint; return its counters.

    Raises:
        InputError: where the run of the checkpoint had another config.
    """
    stored = json.loads((folder / "run.json").read_text())
    for name, before, now in differences(stored, json.loads(json.dumps(config.to_dict()))):
        require(
            name.startswith(FREE_TO_CHANGE),
            f"--resume: {name} is {now!r}, but the run in {folder.parent} has {before!r};"
            " use its config, or another --out",
        )
    weights = load_file(folder / "model.safetensors")
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    state: dict[str, Any] = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    for optimizer, stored_state in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(stored_state)
    return Counters(**state["counters"])


def differences(
    before: dict[str, Any], now: dict[str, Any], prefix: str = ""
) -> list[tuple[str, Any, Any]]:
    """Return (dotted name, before, now) of every leaf in which two nested configs differ."""
    found = []
    for key in sorted(before.keys() | now.keys()):
        a, b = before.get(key), now.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differences(a, b, f"{prefix}{key}.")
        elif a != b:
            found.append((prefix + key, a, b))
    return found
