"""A keyed permutation of 0..n-1: the i-th element in O(1), no set of things seen.

A balanced Feistel network scrambles 2 * half_bits bits, the smallest even number that holds n;
an image of n or more is sent through again until it lands inside ("cycle walking", Black and
Rogaway 2002). Fewer than four passes on average.

    x = [ left | right ]  --round k-->  [ right | left ^ F_k(right) ]
"""

import numpy as np
from numba import njit

from datagen.kernels.counter_rng import random_bits

NUM_ROUNDS = 8
ROUND_BITS = np.uint64(32)  # counters of one round are apart by 2^32: halves are shorter


@njit(cache=True, nogil=True)
def half_bits_of(n: np.uint64) -> np.uint64:
    """Return half the even number of bits that holds 0..n-1, at least 1."""
    half = np.uint64(1)
    while (np.uint64(1) << (half + half)) < n:
        half += np.uint64(1)
    return half


@njit(cache=True, nogil=True)
def permute(key: np.uint64, n: np.uint64, half_bits: np.uint64, x: np.uint64) -> np.uint64:
    """Return the image of x under the permutation `key` of 0..n-1; half_bits = half_bits_of(n)."""
    mask = (np.uint64(1) << half_bits) - np.uint64(1)
    while True:
        left, right = x >> half_bits, x & mask
        for k in range(NUM_ROUNDS):
            scramble = random_bits(key, (np.uint64(k) << ROUND_BITS) + right) >> ROUND_BITS
            left, right = right, left ^ (scramble & mask)
        x = (left << half_bits) | right
        if x < n:
            return x
