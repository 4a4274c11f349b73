"""Bootstrap means: resample with replacement, as a pure function of (key, resample)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from datagen.kernels.counter_rng import below, random_bits
from datagen.purposes import Purpose, key_for

NUM_RESAMPLES = 1000
INTERVAL = (0.025, 0.975)


@njit(cache=True, nogil=True)
def resample_means(
    values: NDArray[np.float64], key: np.uint64, first: int, means: NDArray[np.float64]
) -> None:
    """Fill means[b] with the mean of len(values) draws; `first` numbers the resamples."""
    size = np.uint64(len(values))
    for b in range(len(means)):
        total = 0.0
        base = np.uint64(first + b) << np.uint64(32)
        for i in range(len(values)):
            total += values[below(random_bits(key, base + np.uint64(i)), size)]
        means[b] = total / len(values)


def bootstrap_total(
    strata: list[NDArray[np.float64]], *, seed: int = 0, num_resamples: int = NUM_RESAMPLES
) -> NDArray[np.float64]:
    """Return [num_resamples] sums over strata of resampled means: a stratified bootstrap."""
    total = np.zeros(num_resamples)
    means = np.empty(num_resamples)
    for stratum, values in enumerate(strata):
        key = key_for(seed, Purpose.BOOTSTRAP)
        resample_means(np.ascontiguousarray(values), key, stratum * num_resamples, means)
        total += means
    return total
