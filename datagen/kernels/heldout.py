"""Which split a question belongs to: a few bit tests and one hash, no table of questions.

Bits of a person's held-out word (64 bits, the first two cells of its row in `Tables.people`):

    bit 0            the person is in first_people
    bit 1            the person is in second_people
    bit 2 + r        (person, r) is in person_relation_pairs
    bit 24 + s       (person, s) is in second_person_attribute_pairs
"""

import numpy as np
from numba import njit

from datagen.kernels.counter_rng import SHIFT_32, random_bits
from datagen.kernels.tables import HELDOUT_COLUMN, Mixture, Tables

FIRST_PERSON_BIT, SECOND_PERSON_BIT, RELATION_BIT, SUBJECT_BIT = 0, 1, 2, 24
TRAINED = 0


@njit(cache=True, nogil=True, forceinline=True)
def heldout_word(tables: Tables, person: int) -> np.int64:
    """Return a person's held-out bits."""
    low = np.int64(tables.people[person, HELDOUT_COLUMN]) & np.int64(0xFFFFFFFF)
    return low | (np.int64(tables.people[person, HELDOUT_COLUMN + 1]) << np.int64(32))


@njit(cache=True, nogil=True, forceinline=True)
def complete_heldout(
    tables: Tables, mixture: Mixture, person: int, relation: int, subject: int
) -> bool:
    """Return whether the hash of the whole question falls below the threshold."""
    num_subjects = np.int64(tables.num_attributes + tables.num_relations)
    pair = np.int64(person) * np.int64(tables.num_relations) + np.int64(relation)
    number = pair * num_subjects + np.int64(subject)
    bits = random_bits(mixture.heldout_key, np.uint64(number)) >> SHIFT_32
    return bits < mixture.complete_threshold


@njit(cache=True, nogil=True, forceinline=True)
def is_heldout(
    tables: Tables, mixture: Mixture, person: int, relation: int, bridge: int, subject: int
) -> bool:
    """Return whether (person, relation, subject) through `bridge` is in any held-out set."""
    first, second = heldout_word(tables, person), heldout_word(tables, bridge)
    bits = (first >> FIRST_PERSON_BIT) | (first >> (RELATION_BIT + relation))
    bits |= (second >> SECOND_PERSON_BIT) | (second >> (SUBJECT_BIT + subject))
    return (
        ((bits & 1) != 0)
        | mixture.relation_heldout[relation]
        | mixture.subject_heldout[subject]
        | complete_heldout(tables, mixture, person, relation, subject)
    )


@njit(cache=True, nogil=True)
def split_of(
    tables: Tables, mixture: Mixture, person: int, relation: int, bridge: int, subject: int
) -> int:
    """Return the split of the two-hop question (person, relation, subject) through `bridge`.

    The tests stand in the order of schema.SPLITS: the first that holds decides.
    """
    first, second = heldout_word(tables, person), heldout_word(tables, bridge)
    if (first >> FIRST_PERSON_BIT) & 1:
        return 1
    if mixture.relation_heldout[relation]:
        return 2
    if mixture.subject_heldout[subject]:
        return 3
    if (first >> (RELATION_BIT + relation)) & 1:
        return 4
    if (second >> SECOND_PERSON_BIT) & 1:
        return 5
    if (second >> (SUBJECT_BIT + subject)) & 1:
        return 6
    if complete_heldout(tables, mixture, person, relation, subject):
        return 7
    return TRAINED
