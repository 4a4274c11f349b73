"""Map (row, question in the row) to a question, many at a time.

A profile table is larger than the cache, and a two-hop question waits for memory three times in
a row: its person, the bridge, the answer. So a group of questions is drawn first, and each stage
is done for the whole group before the next: the group's loads of one stage overlap.

    draw       counter -> hops, person, relations, subject   arithmetic only
    follow     person -> bridge -> ... -> last person        one load a hop
    reject     held out? then draw again, hop count kept
    answer     last person -> value or person                one load, and a prefetch of its tokens

`chosen[COLUMN, i]` holds question i of the group, one row for each quantity, so that the stages
are plain loops over i without branches.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from datagen.kernels.counter_rng import LOW_32, SHIFT_32, below, random_bits
from datagen.kernels.heldout import TRAINED, is_heldout
from datagen.kernels.memory import prefetch
from datagen.kernels.tables import Mixture, Tables

GROUP = 32
MAX_ATTEMPTS = 4096
# Rows of `chosen`.
HOPS, SUBJECT, SPLIT, ANSWER = 0, 1, 2, 3
PERSON = 4  # + k: the person after k relations, k = 0..3; past the last relation it stays
RELATION = 7  # + k: the k-th relation, k = 1..3; -1 past the last
NUM_COLUMNS = 11
MAX_HOPS = 4
ROW_BITS, QUESTION_BITS = np.uint64(28), np.uint64(16)
ONE = np.uint64(1)


@njit(cache=True, nogil=True, forceinline=True)
def draw_hops(path_key: np.uint64, counter: np.uint64, mixture: Mixture) -> int:
    """Return the hop count: how many thresholds the low 32 bits of the first path draw pass."""
    low = random_bits(path_key, counter) & LOW_32
    thresholds = mixture.hop_thresholds
    return 1 + (low >= thresholds[0]) + (low >= thresholds[1]) + (low >= thresholds[2])


@njit(cache=True, nogil=True, forceinline=True)
def draw_question(
    key: np.uint64, path_key: np.uint64, counter: np.uint64, i: int, tables: Tables,
    max_hops: int, chosen: NDArray[np.int32],
) -> None:  # fmt: skip
    """Draw person, subject and relations of question i, each uniform; its hops are known.

    The high 32 bits of the path draw are read as a fraction and multiplied out, digit by digit.
    """
    person = below(random_bits(key, counter), np.uint64(tables.num_people))
    chosen[PERSON, i] = np.int32(person)
    fraction = random_bits(path_key, counter) >> SHIFT_32
    fraction *= np.uint64(tables.num_attributes + tables.num_relations)
    chosen[SUBJECT, i] = np.int32(fraction >> SHIFT_32)
    for k in range(1, max_hops):
        fraction = (fraction & LOW_32) * np.uint64(tables.num_relations)
        relation = np.int32(fraction >> SHIFT_32)
        chosen[RELATION + k, i] = relation if chosen[HOPS, i] > k else np.int32(-1)


@njit(cache=True, nogil=True, forceinline=True)
def follow(tables: Tables, k: int, i: int, chosen: NDArray[np.int32]) -> None:
    """Follow relation k of question i, or stay where the question has fewer."""
    person, relation = chosen[PERSON + k - 1, i], chosen[RELATION + k, i]
    # Staying loads too, from the row that the answer is read from next: no branch to mispredict.
    target = tables.people[person, tables.relation_column + max(relation, np.int32(0))]
    chosen[PERSON + k, i] = target if relation >= 0 else person


@njit(cache=True, nogil=True, forceinline=True)
def any_part_heldout(tables: Tables, mixture: Mixture, i: int, chosen: NDArray[np.int32]) -> bool:
    """Return whether a consecutive two-hop part of question i is held out."""
    hops = chosen[HOPS, i]
    for k in range(1, hops):
        subject = chosen[SUBJECT, i]
        if k < hops - 1:
            subject = np.int32(tables.num_attributes) + chosen[RELATION + k + 1, i]
        if is_heldout(
            tables, mixture, chosen[PERSON + k - 1, i], chosen[RELATION + k, i],
            chosen[PERSON + k, i], subject,
        ):  # fmt: skip
            return True
    return False


@njit(cache=True, nogil=True, forceinline=True)
def find_answer(tables: Tables, max_hops: int, i: int, chosen: NDArray[np.int32]) -> None:
    """Find the row of question i's answer (a value's or a person's) and prefetch its tokens."""
    last, subject = chosen[PERSON + max_hops - 1, i], chosen[SUBJECT, i]
    fact = tables.people[last, tables.attribute_column + subject]
    answer = np.int32(tables.first_answer[subject] + fact)
    chosen[ANSWER, i] = answer
    if subject >= tables.num_attributes:
        prefetch(tables.people, answer, 0)
    else:
        prefetch(tables.values, answer, 0)


@njit(cache=True, nogil=True, forceinline=True)
def choose_questions(
    key: np.uint64, path_key: np.uint64, row: int, first: int, count: int,
    tables: Tables, mixture: Mixture, group: NDArray[np.int32], chosen: NDArray[np.int32],
) -> bool:  # fmt: skip
    """Fill chosen[:, :count] with questions first .. first+count-1 of `row`: pure in both.

    `group` is scratch of GROUP integers. False: some question found nothing that is not held out.
    """
    base = (np.uint64(row) << ROW_BITS) + (np.uint64(first) << QUESTION_BITS)
    max_hops = mixture.max_hops
    for i in range(count):
        counter = base + (np.uint64(i) << QUESTION_BITS)
        chosen[HOPS, i] = draw_hops(path_key, counter, mixture)
        chosen[SPLIT, i] = TRAINED
        draw_question(key, path_key, counter, i, tables, max_hops, chosen)
        prefetch(tables.people, chosen[PERSON, i], 0)
    for k in range(1, max_hops):
        for i in range(count):
            follow(tables, k, i, chosen)
    pending = 0
    if mixture.heldout and max_hops > 1:
        for i in range(count):
            group[pending] = i
            pending += any_part_heldout(tables, mixture, i, chosen)
    attempt = np.uint64(0)
    while pending > 0:
        attempt += ONE
        if attempt == np.uint64(MAX_ATTEMPTS):
            return False
        for j in range(pending):
            counter = base + (np.uint64(group[j]) << QUESTION_BITS) + attempt
            draw_question(key, path_key, counter, group[j], tables, max_hops, chosen)
        for k in range(1, max_hops):
            for j in range(pending):
                follow(tables, k, group[j], chosen)
        rejected = 0
        for j in range(pending):
            i = group[j]
            group[rejected] = i
            rejected += any_part_heldout(tables, mixture, i, chosen)
        pending = rejected
    for i in range(count):
        find_answer(tables, max_hops, i, chosen)
    return True


@njit(cache=True, nogil=True)
def list_facts(tables: Tables, start: int, stop: int, chosen: NDArray[np.int32]) -> None:
    """Fill chosen[:, :stop-start] with the one-hop questions start..stop-1.

    Question number f asks subject f % (A + R) of person f // (A + R).
    """
    num_subjects = tables.num_attributes + tables.num_relations
    for f in range(start, stop):
        i = f - start
        chosen[HOPS, i] = 1
        chosen[SPLIT, i] = TRAINED
        chosen[PERSON, i] = f // num_subjects
        chosen[SUBJECT, i] = f % num_subjects
        for k in range(1, MAX_HOPS):
            chosen[PERSON + k, i] = chosen[PERSON, i]
            chosen[RELATION + k, i] = -1
        find_answer(tables, 1, i, chosen)
