"""Hold out two-hop questions: decide the sets once, as bits and thresholds that a kernel reads."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.kernels.fill_tables import hold_out
from datagen.kernels.heldout import FIRST_PERSON_BIT, RELATION_BIT, SECOND_PERSON_BIT, SUBJECT_BIT
from datagen.kernels.permute import half_bits_of, permute
from datagen.purposes import Purpose, key_for

COMPLETE_SHARE = 5
"""`complete_two_hop_questions` holds out this many times the fraction of the other sets."""


class Splits(NamedTuple):
    """What is held out beside the bits in the people table."""

    relations: NDArray[np.bool_]
    """[R] the held-out relations."""
    subjects: NDArray[np.bool_]
    """[A + R] the held-out second attributes."""
    key: np.uint64
    """Key of the hash that holds out complete questions."""
    threshold: np.uint64
    """A complete question is held out where its 32-bit hash is below this."""


def set_size(universe: int, fraction: float) -> int:
    """Return how many elements a set holds out: its fraction, rounded, and at least one."""
    return min(universe, max(1, round(universe * fraction))) if fraction > 0 else 0


def _held(key: np.uint64, universe: int, fraction: float) -> NDArray[np.bool_]:
    flags = np.zeros(universe, np.bool_)
    if universe:
        half = np.uint64(half_bits_of(np.uint64(universe)))
        for j in range(set_size(universe, fraction)):
            flags[permute(key, np.uint64(universe), half, np.uint64(j))] = True
    return flags


def decide(
    people: NDArray[np.int32], *, num_attributes: int, num_relations: int, count: int,
    fraction: float, seed: int,
) -> Splits:  # fmt: skip
    """Set the held-out bits of the first `count` rows of `people`, and return the rest.

    Each set draws its elements uniformly, without repeat, from its own universe.
    """
    num_subjects = num_attributes + num_relations

    def key(purpose: Purpose) -> np.uint64:
        return key_for(seed, purpose)

    for purpose, width, bit in (
        (Purpose.HELDOUT_FIRST_PEOPLE, 1, FIRST_PERSON_BIT),
        (Purpose.HELDOUT_SECOND_PEOPLE, 1, SECOND_PERSON_BIT),
        (Purpose.HELDOUT_PERSON_RELATION, num_relations, RELATION_BIT),
        (Purpose.HELDOUT_PERSON_SUBJECT, num_subjects, SUBJECT_BIT),
    ):
        universe = count * width
        if universe and fraction > 0:
            half = np.uint64(half_bits_of(np.uint64(universe)))
            size = set_size(universe, fraction)
            hold_out(key(purpose), count, width, bit, half, size, people)
    share = min(1.0, COMPLETE_SHARE * fraction)
    return Splits(
        relations=_held(key(Purpose.HELDOUT_RELATIONS), num_relations, fraction),
        subjects=_held(key(Purpose.HELDOUT_SUBJECTS), num_subjects, fraction),
        key=key(Purpose.HELDOUT_COMPLETE),
        threshold=np.uint64(round(share * 2**32)),
    )
