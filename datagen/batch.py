"""Buffers for rows of questions, allocated once and filled again and again."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from datagen.kernels.choose_question import GROUP, NUM_COLUMNS
from datagen.kernels.spans import NUM_BOUNDARIES
from datagen.kernels.tables import COPY_BLOCK, NUM_BY_HOPS, Batch
from datagen.schema import MAX_HOPS


class Buffers(NamedTuple):
    """A Batch and the scratch memory that filling it needs."""

    batch: Batch
    """What a reader sees."""
    flat_ids: NDArray[np.int32]
    """The memory of batch.input_ids, with slack behind."""
    group: NDArray[np.int32]
    """Scratch of the question chooser."""
    chosen: NDArray[np.int32]
    """Scratch of the question chooser."""


def allocate(*, num_rows: int, sequence_length: int, shortest_question: int) -> Buffers:
    """Allocate a batch of num_rows x sequence_length tokens, in pinned memory if there is a GPU."""
    pinned = torch.cuda.is_available()
    num_tokens = num_rows * sequence_length
    num_questions = num_rows * (sequence_length // shortest_question + 1)

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
    scratch = np.full((NUM_COLUMNS, GROUP), -1, np.int32)
    return Buffers(batch, flat_ids, np.zeros(GROUP, np.int32), scratch)
