"""Lay a packed batch out for a model: drop the padding, and say which tokens see each other.

A segment is what attends to itself only: one question (isolated) or one whole row. Its tokens
stand together in `token_ids`, all segments end to end; attention works on a padded grid of one
segment a line, `width` tokens wide:

    token_ids  | a a a | b b b b | c c |          position  0 1 2 0 1 2 3 0 1
    grid       | 0 1 2 - | 3 4 5 6 | 7 8 - - |    (index into token_ids; - is 0, never read back)
    slot       | 0 1 2 | 4 5 6 7 | 8 9 |          (place of each token in the grid)

The same for the tokens that predict an answer token (the one before each), `answer_width` wide.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from datagen.kernels.spans import ANSWER_START, QUESTION_END, QUESTION_START
from datagen.kernels.tables import NUM_ANSWER_TOKENS, NUM_QUESTIONS, Batch


class Segments(NamedTuple):
    """One batch as a model reads it. M tokens, S segments, K answer tokens are in use."""

    token_ids: NDArray[np.int32]
    """[M] tokens, segment after segment."""
    position: NDArray[np.int32]
    """[M] position of each token in its segment."""
    grid: NDArray[np.int32]
    """[S * width] index of the token at each place of the grid."""
    slot: NDArray[np.int32]
    """[M] place of each token in the grid."""
    answer_source: NDArray[np.int32]
    """[K] index of the token that predicts each answer token."""
    answer_target: NDArray[np.int32]
    """[K] the answer tokens."""
    answer_question: NDArray[np.int32]
    """[K] the question of the batch that each answer token belongs to."""
    answer_hops: NDArray[np.int32]
    """[K] hops of that question, less one."""
    answer_grid: NDArray[np.int32]
    """[S * answer_width] index into the K answer tokens."""
    answer_slot: NDArray[np.int32]
    """[K] place of each answer token in the answer grid."""
    sizes: NDArray[np.int64]
    """[5] M, S, K, width, answer_width."""


NUM_TOKENS, NUM_SEGMENTS, NUM_ANSWERS, WIDTH, ANSWER_WIDTH = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True)
def measure_segments(batch: Batch, isolate: bool, sizes: NDArray[np.int64]) -> None:
    """Fill `sizes`: widths are those of the longest segment of this batch."""
    tokens, segments, width, answer_width = 0, 0, 0, 0
    segment_tokens, segment_answers, row = 0, 0, -1
    for q in range(batch.counts[NUM_QUESTIONS]):
        if isolate or batch.row[q] != row:
            segments += 1
            segment_tokens, segment_answers, row = 0, 0, batch.row[q]
        marks = batch.boundaries[q]
        length = np.int64(marks[QUESTION_END]) - np.int64(marks[QUESTION_START])
        segment_tokens += length
        segment_answers += np.int64(marks[QUESTION_END]) - np.int64(marks[ANSWER_START])
        tokens += length
        width = max(width, segment_tokens)
        answer_width = max(answer_width, segment_answers)
    sizes[NUM_TOKENS] = tokens
    sizes[NUM_SEGMENTS] = segments
    sizes[NUM_ANSWERS] = batch.counts[NUM_ANSWER_TOKENS]
    sizes[WIDTH] = width
    sizes[ANSWER_WIDTH] = answer_width


@njit(cache=True, nogil=True)
def lay_segments(batch: Batch, isolate: bool, segments: Segments) -> None:
    """Fill the arrays of `segments`, whose `sizes` measure_segments has filled."""
    width, answer_width = segments.sizes[WIDTH], segments.sizes[ANSWER_WIDTH]
    segments.grid[: segments.sizes[NUM_SEGMENTS] * width] = 0
    segments.answer_grid[: segments.sizes[NUM_SEGMENTS] * answer_width] = 0
    token, answer, segment, row = 0, 0, -1, -1
    place, answer_place = 0, 0
    for q in range(batch.counts[NUM_QUESTIONS]):
        if isolate or batch.row[q] != row:
            segment += 1
            place, answer_place, row = 0, 0, batch.row[q]
        marks = batch.boundaries[q]
        first_answer = np.int64(marks[ANSWER_START])
        for column in range(np.int64(marks[QUESTION_START]), np.int64(marks[QUESTION_END])):
            token_id = batch.input_ids[batch.row[q], column]
            segments.token_ids[token] = token_id
            segments.position[token] = place
            segments.grid[segment * width + place] = token
            segments.slot[token] = segment * width + place
            if column >= first_answer:
                segments.answer_source[answer] = token - 1
                segments.answer_target[answer] = token_id
                segments.answer_question[answer] = q
                segments.answer_hops[answer] = batch.hops[q] - 1
                segments.answer_grid[segment * answer_width + answer_place] = answer
                segments.answer_slot[answer] = segment * answer_width + answer_place
                answer += 1
                answer_place += 1
            token += 1
            place += 1
