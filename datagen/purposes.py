"""What random numbers are drawn for: one key each, so that no two streams share a number."""

from enum import IntEnum

import numpy as np

from datagen.kernels.counter_rng import make_key


class Purpose(IntEnum):
    """Numbers are part of the format: changing one changes every dataset."""

    NAMES = 1
    ATTRIBUTES = 2
    RELATIONS = 3
    QUESTIONS = 4
    PATHS = 5
    HELDOUT_FIRST_PEOPLE = 10
    HELDOUT_RELATIONS = 11
    HELDOUT_SUBJECTS = 12
    HELDOUT_PERSON_RELATION = 13
    HELDOUT_SECOND_PEOPLE = 14
    HELDOUT_PERSON_SUBJECT = 15
    HELDOUT_COMPLETE = 16
    SAMPLE = 20
    MODEL = 30
    BOOTSTRAP = 40


def key_for(seed: int, purpose: Purpose) -> np.uint64:
    """Return the key of one purpose under one seed."""
    return np.uint64(make_key(np.uint64(seed), np.uint64(purpose)))
