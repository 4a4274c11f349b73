"""Fill the tables of uniform profiles: names, attributes, relations.

Person i's name is element i of a keyed permutation of the whole name space, so all names are
distinct without a set of names seen; everything else is an independent uniform draw whose
counter is its cell's index. Any block of people can be filled on its own, so threads share it.

    names[i]      = digits of permute(i) in the mixed radix (first, middle, last)
    attributes[i] = one draw for each attribute, below the size of its pool
    relations[i]  = one draw for each relation, below num_profiles
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from datagen.kernels.counter_rng import below, random_bits
from datagen.kernels.permute import permute


@njit(cache=True, nogil=True)
def draw_names(
    key: np.uint64,
    pool_sizes: NDArray[np.uint64],
    half_bits: np.uint64,
    start: int,
    stop: int,
    names: NDArray[np.int32],
) -> None:
    """Fill names[start:stop, 3] with indices into the (first, middle, last) pools, all distinct."""
    num_middle, num_last = pool_sizes[1], pool_sizes[2]
    num_names = pool_sizes[0] * num_middle * num_last
    for i in range(start, stop):
        code = permute(key, num_names, half_bits, np.uint64(i))
        names[i, 2] = np.int32(code % num_last)
        code //= num_last
        names[i, 1] = np.int32(code % num_middle)
        names[i, 0] = np.int32(code // num_middle)


@njit(cache=True, nogil=True)
def draw_cells(
    key: np.uint64, sizes: NDArray[np.uint64], start: int, stop: int, cells: NDArray[np.int32]
) -> None:
    """Fill cells[start:stop, C]: column c uniform below sizes[c], each cell on its own."""
    num_columns = cells.shape[1]
    for i in range(start, stop):
        for c in range(num_columns):
            bits = random_bits(key, np.uint64(i * num_columns + c))
            cells[i, c] = np.int32(below(bits, sizes[c]))
