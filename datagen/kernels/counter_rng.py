"""Random numbers as a pure function of (key, counter): no state, so any order and any rank.

The generator is splitmix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
generators") read at an index: element `counter` of the sequence that starts at `key`.

    seed --make_key--> key            one key for each purpose
    (key, counter) --random_bits-->   64 bits
    bits --below-->                   a number below n
"""

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: steps through all 2^64 states
MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)  # the two multipliers of splitmix64's finalizer
MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
SHIFT_27, SHIFT_30, SHIFT_31, SHIFT_32 = (np.uint64(s) for s in (27, 30, 31, 32))
LOW_32 = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True, forceinline=True)
def mix64(x: np.uint64) -> np.uint64:
    """Return a bijective scramble of 64 bits (splitmix64's finalizer)."""
    x = (x ^ (x >> SHIFT_30)) * MULTIPLIER_1
    x = (x ^ (x >> SHIFT_27)) * MULTIPLIER_2
    return x ^ (x >> SHIFT_31)


@njit(cache=True, nogil=True, forceinline=True)
def random_bits(key: np.uint64, counter: np.uint64) -> np.uint64:
    """Return 64 random bits: element `counter` of the stream `key`."""
    return mix64(key + (counter + np.uint64(1)) * GOLDEN)


@njit(cache=True, nogil=True)
def make_key(seed: np.uint64, purpose: np.uint64) -> np.uint64:
    """Return the key of one purpose (profiles, questions, ...) under one seed."""
    return mix64(mix64(seed + GOLDEN) ^ (purpose * MULTIPLIER_2 + GOLDEN))


@njit(cache=True, nogil=True, forceinline=True)
def below(bits: np.uint64, n: np.uint64) -> np.uint64:
    """Map 64 bits to 0..n-1 for n < 2^32: floor(bits * n / 2^64) (Lemire 2019).

    No value is likelier than another by more than n / 2^64.
    """
    return ((bits >> SHIFT_32) * n + (((bits & LOW_32) * n) >> SHIFT_32)) >> SHIFT_32
