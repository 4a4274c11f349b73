"""Build the `people` table, row by row: name tokens, attributes, relations, held-out bits."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from datagen.kernels.permute import permute
from datagen.kernels.tables import HELDOUT_COLUMN

BITS_PER_CELL = 32


@njit(cache=True, nogil=True)
def measure_names(names: NDArray[np.int32], parts: tuple[NDArray[np.unsignedinteger], ...]) -> int:
    """Return the token count of the longest full name; parts[c][i, 0] is a part's length."""
    longest = 0
    for i in range(names.shape[0]):
        length = 0
        for c in range(3):
            length += np.int64(parts[c][names[i, c], 0])
        longest = max(longest, length)
    return longest


@njit(cache=True, nogil=True)
def fill_people(
    names: NDArray[np.int32], attributes: NDArray[np.int32], relations: NDArray[np.int32],
    parts: tuple[NDArray[np.unsignedinteger], ...], name_token_column: int, attribute_column: int,
    relation_column: int, start: int, stop: int,
    people: NDArray[np.int32], people_tokens: NDArray[np.unsignedinteger],
) -> None:  # fmt: skip
    """Fill rows start..stop-1 of `people` (and its other view `people_tokens`)."""
    for i in range(start, stop):
        at = name_token_column + 1
        for c in range(3):
            part = names[i, c]
            for j in range(1, 1 + np.int64(parts[c][part, 0])):
                people_tokens[i, at] = parts[c][part, j]
                at += 1
        people_tokens[i, name_token_column] = at - name_token_column - 1
        for c in range(attributes.shape[1]):
            people[i, attribute_column + c] = attributes[i, c]
        for c in range(relations.shape[1]):
            people[i, relation_column + c] = relations[i, c]


@njit(cache=True, nogil=True)
def hold_out(
    key: np.uint64, num_people: int, width: int, bit: int, half_bits: np.uint64, size: int,
    people: NDArray[np.int32],
) -> None:  # fmt: skip
    """Hold out `size` of the num_people * width elements (person, column), drawn without repeat.

    Element (person, column) is bit `bit + column` of the person's held-out word.
    """
    universe = np.uint64(num_people * width)
    for j in range(size):
        element = np.int64(permute(key, universe, half_bits, np.uint64(j)))
        person, position = element // width, bit + element % width
        cell = HELDOUT_COLUMN + position // BITS_PER_CELL
        mask = np.int32(np.int64(1) << np.int64(position % BITS_PER_CELL))
        people[person, cell] |= mask
