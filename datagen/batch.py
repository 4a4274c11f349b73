"""Buffers for rows of questions, allocated once and filled again and again."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from datagen.kernels.choose_question import GROUP, NUM_COLUMNS
from datagen.kernels.lay_segments import Segments, lay_segments, measure_segments
from datagen.kernels.spans import NUM_BOUNDARIES
from datagen.kernels.tables import COPY_BLOCK, NUM_BY_HOPS, Batch
from datagen.schema import MAX_HOPS


class Buffers(NamedTuple):
    """A Batch and the scratch memory that filling it needs."""

    batch: Batch
    """What a reader sees."""
    flat_ids: NDArray[np.int32]
    """The memory of batch.input_ids, with slack behind."""
    segments: Segments
    """The batch as a model reads it."""
    group: NDArray[np.int32]
    """Scratch of the question chooser."""
    chosen: NDArray[np.int32]
    """Scratch of the question chooser."""


def allocate(
    *, num_rows: int, sequence_length: int, shortest_question: int, longest_segment: int
) -> Buffers:
    """Allocate a batch of num_rows x sequence_length tokens, in pinned memory if there is a GPU.

    Args:
        num_rows: rows of the batch.
        sequence_length: tokens in a row.
        shortest_question: the fewest tokens of a question; bounds the questions in a row.
        longest_segment: the most tokens that see each other: of a question, or of a row.
    """
    pinned = torch.cuda.is_available()
    num_tokens = num_rows * sequence_length
    num_questions = num_rows * (sequence_length // shortest_question + 1)
    num_places = max(num_tokens, min(num_questions * longest_segment, num_tokens * 8))

    def numbers(shape: tuple[int, ...], dtype: torch.dtype) -> NDArray:
        return torch.empty(shape, dtype=dtype, pin_memory=pinned).numpy()

    flat_ids = numbers((num_tokens + 2 * COPY_BLOCK,), torch.int32)
    batch = Batch(
        input_ids=flat_ids[:num_tokens].reshape(num_rows, sequence_length),
        answer_positions=numbers((num_tokens + COPY_BLOCK,), torch.int32),
        row=numbers((num_questions,), torch.int32),
        person=numbers((num_questions,), torch.int32),
        relations=numbers((num_questions, MAX_HOPS - 1), torch.int8),
        subject=numbers((num_questions,), torch.int8),
        hops=numbers((num_questions,), torch.int8),
        split=numbers((num_questions,), torch.int8),
        boundaries=numbers((num_questions, NUM_BOUNDARIES), torch.int16),
        counts=np.zeros(NUM_BY_HOPS + MAX_HOPS, np.int64),
    )
    batch.boundaries[:] = 0
    segments = Segments(
        *(numbers((num_tokens,), torch.int32) for _ in range(2)),
        grid=numbers((num_places,), torch.int32),
        slot=numbers((num_tokens,), torch.int32),
        answer_source=numbers((num_tokens,), torch.int32),
        answer_target=numbers((num_tokens,), torch.int32),
        answer_question=numbers((num_tokens,), torch.int32),
        answer_hops=numbers((num_tokens,), torch.int32),
        answer_grid=numbers((num_places,), torch.int32),
        answer_slot=numbers((num_tokens,), torch.int32),
        sizes=np.zeros(5, np.int64),
    )
    return Buffers(
        batch=batch,
        flat_ids=flat_ids,
        segments=segments,
        group=np.zeros(GROUP, np.int32),
        chosen=np.full((NUM_COLUMNS, GROUP), -1, np.int32),
    )


def lay_out(buffers: Buffers, *, isolate: bool) -> None:
    """Fill buffers.segments from buffers.batch: its questions, or its rows, end to end."""
    measure_segments(buffers.batch, isolate, buffers.segments.sizes)
    lay_segments(buffers.batch, isolate, buffers.segments)
