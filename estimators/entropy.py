"""Bits that are in a set of profiles, in closed form (base 2 throughout).

names as a set       log2 C(N0, N)     N0 full names in the pools, N people
an attribute         log2 of its pool's size, each person on their own
a relation           log2 N, each person and relation on its own
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.pools import Pools
from datagen.profiles import Profiles

BLOCK = 1 << 20


class Entropy(NamedTuple):
    """Bits that are in a set of profiles."""

    names_bits: float
    """S: the bits of the set of names."""
    subject_bits: NDArray[np.float64]
    """[A + R] H_s: bits of one person's fact of each subject, attributes first."""
    num_people: int
    """N."""

    @property
    def total_bits(self) -> float:
        """S + N * sum_s H_s: all that there is to know."""
        return self.names_bits + self.num_people * float(self.subject_bits.sum())


def name_set_bits(num_names: int, num_people: int) -> float:
    """Return log2 C(num_names, num_people): the bits of an unordered set of distinct names.

    Computed as sum_i log2(N0 - i) - log2 N!, which keeps its precision at N0 = 2^41.
    """
    if num_people > num_names:
        raise ValueError(f"{num_people} distinct names cannot come from {num_names}")
    total = 0.0
    for start in range(0, num_people, BLOCK):
        i = np.arange(start, min(start + BLOCK, num_people), dtype=np.float64)
        total += float(np.log2(float(num_names) - i).sum())
    return total - math.lgamma(num_people + 1) / math.log(2)


def measure_entropy(profiles: Profiles, pools: Pools) -> Entropy:
    """Return the bits in profiles that were drawn uniformly from `pools`."""
    attributes = [math.log2(size) for size in pools.num_values]
    relations = [math.log2(profiles.count)] * profiles.num_relations
    return Entropy(
        names_bits=name_set_bits(pools.num_names, profiles.count),
        subject_bits=np.array(attributes + relations),
        num_people=profiles.count,
    )
