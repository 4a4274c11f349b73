"""Losses + entropy + scheme -> one row of capacity.csv for each run."""

import csv
from pathlib import Path
from typing import NamedTuple

from datagen.errors import require
from datagen.wording import subject_names
from estimators.checkpoint import open_checkpoint
from estimators.entropy import measure_entropy
from estimators.losses import ensure_losses
from estimators.schemes import one_hop_bits

TABLE = "capacity.csv"


class Capacity(NamedTuple):
    """What one checkpoint holds. Bits are base 2; intervals are 95 %."""

    run: str
    """Name of the run's folder."""
    checkpoint: str
    """Path of the checkpoint."""
    step: int
    """Its step."""
    exposures: float
    """Uses of each fact in training, on average."""
    parameters: int
    """All parameters; tied embeddings count once."""
    parameters_without_embeddings: int
    """Without input embedding and output matrix."""
    num_people: int
    """N."""
    num_relations: int
    """R."""
    hops: int
    """Hop count of the questions that were measured."""
    scheme: str
    """Encoding scheme."""
    selection: str
    """Code of the name set."""
    name_pool: str
    """Where the name pools that S counts come from."""
    value_pools: str
    """Where the attributes' pools come from."""
    bits_there: float
    """S + N * sum_s H_s."""
    names_bits: float
    """S."""
    bits_learned: float
    """I."""
    bits_learned_low: float
    """Lower end of its interval."""
    bits_learned_high: float
    """Upper end of its interval."""
    bits_per_parameter: float
    """I over all parameters."""
    bits_per_parameter_low: float
    """Lower end of its interval."""
    bits_per_parameter_high: float
    """Upper end of its interval."""


def capacity(path: Path) -> Capacity:
    """Measure (where that was not done yet) and account for one run or checkpoint.

    Raises:
        InputError: where the checkpoint is missing, damaged or of other profiles.
    """
    checkpoint = open_checkpoint(path)
    world, manifest = checkpoint.world, checkpoint.manifest
    subjects = subject_names(world.profiles, world.pools)
    losses = ensure_losses(checkpoint, subjects)
    entropy = measure_entropy(world.profiles, world.pools)
    bits = one_hop_bits(entropy, losses.by_subject(len(subjects)))
    assert bits.learned <= entropy.total_bits, "more bits learned than there are"
    parameters = checkpoint.model.num_parameters()
    num_facts = world.profiles.count * world.profiles.num_subjects
    uses = sum(k * count for k, count in enumerate(manifest.questions, 1))
    origins = {pool for name, pool in world.pools.origin.items() if name != "names"}
    return Capacity(
        run=checkpoint.path.parent.name,
        checkpoint=str(checkpoint.path),
        step=manifest.step,
        exposures=uses / num_facts,
        parameters=parameters,
        parameters_without_embeddings=checkpoint.model.num_parameters(exclude_embeddings=True),
        num_people=world.profiles.count,
        num_relations=world.profiles.num_relations,
        hops=1,
        scheme="recurrent",
        selection="exact",
        name_pool=world.pools.origin["names"],
        value_pools=", ".join(sorted(origins)),
        bits_there=entropy.total_bits,
        names_bits=entropy.names_bits,
        bits_learned=bits.learned,
        bits_learned_low=bits.low,
        bits_learned_high=bits.high,
        bits_per_parameter=bits.learned / parameters,
        bits_per_parameter_low=bits.low / parameters,
        bits_per_parameter_high=bits.high / parameters,
    )


def save_capacities(rows: list[Capacity], folder: Path) -> Path:
    """Write capacity.csv; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Capacity._fields)
        writer.writerows(rows)
    return folder / TABLE


def load_capacities(folder: Path) -> list[Capacity]:
    """Read capacity.csv.

    Raises:
        InputError: where it is missing or has other columns.
    """
    path = folder / TABLE
    require(
        path.is_file(), f"{folder} has no {TABLE}; write it with `python -m estimators capacity`"
    )
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    kinds = Capacity.__annotations__
    require(
        bool(lines) and set(lines[0]) == set(kinds) and None not in lines[0].values(),
        f"{path} does not have the columns of this version; write it anew",
    )
    return [Capacity(**{name: kind(line[name]) for name, kind in kinds.items()}) for line in lines]


def format_table(rows: list[Capacity]) -> str:
    """Return the terminal's table."""
    header = (
        "model",
        "parameters",
        "bits there",
        "bits learned",
        "bits/parameter",
        "95 % interval",
    )
    body = [
        (
            row.run,
            f"{row.parameters:,}",
            f"{row.bits_there:,.0f}",
            f"{row.bits_learned:,.0f}",
            f"{row.bits_per_parameter:.3f}",
            f"{row.bits_per_parameter_low:.3f} to {row.bits_per_parameter_high:.3f}",
        )
        for row in rows
    ]
    widths = [max(len(line[c]) for line in (header, *body)) for c in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if c == 0 else cell.rjust(width)
            for c, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in (header, *body)
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
