"""Write questions into rows of token ids, and mark where everything is.

A row starts with the separator, holds whole questions, and is filled up with separators:

    | sep Question ... Rome sep Question ... 1987-03-21 sep ... Question ... Fox sep sep sep |
      ^ question 0 ------->^ question 1 -------------->^

Each question opens with a separator, so a row of q questions holds q separators and its padding.
A row takes the next question while the longest possible one would still fit, whatever the next
one's length: the stopping rule looks only at the past, so long questions are not dropped more
often than short ones and the stream stays exactly uniform.

Every phrase is copied as one block of 16 tokens, then the position advances by its true length:
the next phrase overwrites what was too much. `input_ids` has that much slack behind its end.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from datagen.kernels.choose_question import (
    ANSWER,
    GROUP,
    HOPS,
    PERSON,
    RELATION,
    SPLIT,
    SUBJECT,
    choose_questions,
)
from datagen.kernels.memory import copy_block, write_range
from datagen.kernels.spans import (
    ANSWER_START,
    BRIDGE_END,
    BRIDGE_START,
    FINAL_START,
    NAME_END,
    NAME_START,
    QUESTION_END,
    QUESTION_START,
    STEP_END,
)
from datagen.kernels.tables import (
    COPY_BLOCK,
    NUM_ANSWER_TOKENS,
    NUM_BY_HOPS,
    NUM_QUESTIONS,
    NUM_TOKENS,
    Batch,
    Mixture,
    Tables,
)

OPENING_PHRASE = 0


@njit(cache=True, nogil=True, forceinline=True)
def copy_phrase(
    source: NDArray[np.unsignedinteger], row: int, column: int, ids: NDArray[np.int32], at: int
) -> int:
    """Copy the phrase at source[row, column] (its length, then its tokens) to ids[at:].

    Returns the position after it.
    """
    length = np.int64(source[row, column])
    copy_block(source, row, column + 1, ids, at)
    for i in range(COPY_BLOCK, length):
        ids[at + i] = source[row, column + 1 + i]
    return at + length


@njit(cache=True, nogil=True, forceinline=True)
def write_thoughts(
    tables: Tables, i: int, chosen: NDArray[np.int32], ids: NDArray[np.int32], at: int,
    row_start: int, marks: NDArray[np.int16],
) -> int:  # fmt: skip
    """Write the spelled part of a chain-of-thought answer; return the final answer's position."""
    hops, name_column = chosen[HOPS, i], tables.name_token_column
    at = copy_phrase(tables.people_tokens, chosen[PERSON, i], name_column, ids, at)
    phrase = tables.thought_first_phrase + chosen[RELATION + 1, i]
    for k in range(1, hops):
        at = copy_phrase(tables.phrases, phrase, 0, ids, at)
        marks[BRIDGE_START + 2 * k] = at - row_start
        at = copy_phrase(tables.people_tokens, chosen[PERSON + k, i], name_column, ids, at)
        marks[BRIDGE_END + 2 * k] = at - row_start
        subject = chosen[SUBJECT, i]
        if k < hops - 1:
            subject = tables.num_attributes + chosen[RELATION + k + 1, i]
        phrase = tables.thought_next_phrase + subject
    return copy_phrase(tables.phrases, phrase, 0, ids, at)


@njit(cache=True, nogil=True, forceinline=True)
def write_question(
    tables: Tables, chain_of_thought: bool, i: int, chosen: NDArray[np.int32],
    ids: NDArray[np.int32], at: int, row_start: int, marks: NDArray[np.int16],
) -> int:  # fmt: skip
    """Write one question at ids[at:], fill its boundaries, and return the position after it."""
    hops, name_column = chosen[HOPS, i], tables.name_token_column
    marks[QUESTION_START] = at - row_start
    at = copy_phrase(tables.phrases, OPENING_PHRASE, 0, ids, at)
    marks[NAME_START] = at - row_start
    at = copy_phrase(tables.people_tokens, chosen[PERSON, i], name_column, ids, at)
    marks[NAME_END] = at - row_start
    for k in range(1, 4):
        if k < hops:
            step = tables.step_phrase + chosen[RELATION + k, i]
            at = copy_phrase(tables.phrases, step, 0, ids, at)
        marks[STEP_END + k] = at - row_start
    at = copy_phrase(tables.phrases, tables.cue_phrase + chosen[SUBJECT, i], 0, ids, at)
    for mark in range(ANSWER_START, FINAL_START):
        marks[mark] = at - row_start
    if chain_of_thought and hops > 1:
        at = write_thoughts(tables, i, chosen, ids, at, row_start, marks)
    marks[FINAL_START] = at - row_start
    if chosen[SUBJECT, i] < tables.num_attributes:
        at = copy_phrase(tables.values, chosen[ANSWER, i], 0, ids, at)
    else:
        at = copy_phrase(tables.people_tokens, chosen[ANSWER, i], name_column, ids, at)
    marks[QUESTION_END] = at - row_start
    return at


@njit(cache=True, nogil=True, forceinline=True)
def record_question(
    i: int, chosen: NDArray[np.int32], row: int, row_start: int, number: int, batch: Batch
) -> None:
    """Write what is known about question `number` of the batch, and where its answer stands."""
    hops = chosen[HOPS, i]
    batch.row[number] = row
    batch.person[number] = chosen[PERSON, i]
    for k in range(1, 4):
        batch.relations[number, k - 1] = chosen[RELATION + k, i] if k < hops else -1
    batch.subject[number] = chosen[SUBJECT, i]
    batch.hops[number] = hops
    batch.split[number] = chosen[SPLIT, i]
    batch.counts[NUM_BY_HOPS + hops - 1] += 1
    start = np.int64(batch.boundaries[number, ANSWER_START])
    length = np.int64(batch.boundaries[number, QUESTION_END]) - start
    written = batch.counts[NUM_ANSWER_TOKENS]
    write_range(batch.answer_positions, written, row_start + start, length)
    batch.counts[NUM_ANSWER_TOKENS] = written + length


@njit(cache=True, nogil=True)
def pack_rows(
    key: np.uint64, path_key: np.uint64, first_row: int, num_rows: int, tables: Tables,
    mixture: Mixture, ids: NDArray[np.int32], group: NDArray[np.int32],
    chosen: NDArray[np.int32], batch: Batch,
) -> bool:  # fmt: skip
    """Fill the batch with rows first_row .. first_row + num_rows - 1 of the stream.

    `ids` is the flat memory of batch.input_ids with COPY_BLOCK of slack behind; `group` and
    `chosen` are scratch. False: a question found nothing that is not held out.
    """
    length = batch.input_ids.shape[1]
    batch.counts[:] = 0
    number = 0
    mean = 24  # tokens a question: only decides how many are drawn at once
    for row in range(num_rows):
        row_start = row * length
        at, last_start, asked = row_start, row_start + mixture.last_start, 0
        while at <= last_start:
            count = min(GROUP, (last_start - at) // mean + 2)
            if not choose_questions(
                key, path_key, first_row + row, asked, count, tables, mixture, group, chosen
            ):
                return False
            for i in range(count):
                if at > last_start:
                    break
                at = write_question(
                    tables, mixture.chain_of_thought, i, chosen, ids, at, row_start,
                    batch.boundaries[number],
                )  # fmt: skip
                record_question(i, chosen, row, row_start, number, batch)
                number += 1
            asked += count
        batch.counts[NUM_TOKENS] += at - row_start
        for i in range(at, row_start + length):
            ids[i] = tables.separator
    batch.counts[NUM_QUESTIONS] = number
    return True


@njit(cache=True, nogil=True)
def pack_given(
    questions: NDArray[np.int32], tables: Tables, mixture: Mixture, ids: NDArray[np.int32],
    batch: Batch,
) -> int:  # fmt: skip
    """Pack the given questions (laid out as `chosen`) in order; return how many fitted the batch.

    Used for evaluation. A row takes a question while the longest possible one would still fit.
    """
    num_rows, length = batch.input_ids.shape
    batch.counts[:] = 0
    number = 0
    for row in range(num_rows):
        row_start = row * length
        at = row_start
        while at <= row_start + mixture.last_start and number < questions.shape[1]:
            at = write_question(
                tables, mixture.chain_of_thought, number, questions, ids, at, row_start,
                batch.boundaries[number],
            )  # fmt: skip
            record_question(number, questions, row, row_start, number, batch)
            number += 1
        batch.counts[NUM_TOKENS] += at - row_start
        for i in range(at, row_start + length):
            ids[i] = tables.separator
    batch.counts[NUM_QUESTIONS] = number
    return number
