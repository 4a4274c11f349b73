"""Questions in a fixed order, packed for evaluation: every one-hop fact, once."""

from collections.abc import Iterator

import numpy as np

from datagen.batch import Buffers, allocate, lay_out
from datagen.kernels.choose_question import NUM_COLUMNS, list_facts
from datagen.kernels.pack_tokens import pack_given
from datagen.stream import make_mixture
from datagen.world import World


def fact_batches(world: World, *, batch_tokens: int = 32_768) -> Iterator[Buffers]:
    """Yield every one-hop question once, person by person, subject by subject, each on its own.

    Buffers are filled anew for each batch. Question q of a batch stands in `batch.person[q]` and
    `batch.subject[q]`; segments are single questions, whatever data.packing.isolate says.
    """
    mixture = make_mixture(world)
    length = world.config.packing.sequence_length
    shortest = int(world.phrasebook.phrases[0, 0]) + 2
    buffers = allocate(
        num_rows=max(1, batch_tokens // length),
        sequence_length=length,
        shortest_question=shortest,
        longest_segment=length - mixture.last_start,
    )
    capacity = len(buffers.batch.person)
    chosen = np.full((NUM_COLUMNS, capacity), -1, np.int32)
    num_facts = world.profiles.count * world.profiles.num_subjects
    start = 0
    while start < num_facts:
        stop = min(start + capacity, num_facts)
        list_facts(world.tables, start, stop, chosen)
        start += pack_given(
            chosen[:, : stop - start], world.tables, mixture, buffers.flat_ids, buffers.batch
        )
        lay_out(buffers, isolate=True)
        yield buffers
