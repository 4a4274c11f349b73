"""The encoding schemes: from losses to the bits that a model must have stored.

    one hop    I = S + N * sum_s (H_s - L_s)

S are the bits of the set of names, H_s the prior bits of subject s, L_s its mean loss in bits.
Nothing is clipped: a model that has not learnt the names pays for them out of S.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from estimators.bootstrap import INTERVAL, bootstrap_total
from estimators.entropy import Entropy

NATS_PER_BIT = float(np.log(2))


class Bits(NamedTuple):
    """Bits that a model holds, with a 95 % interval."""

    learned: float
    """The estimate."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""


def one_hop_bits(
    entropy: Entropy, losses_nats: list[NDArray[np.float64]], *, seed: int = 0
) -> Bits:
    """Return S + N * sum_s (H_s - L_s) from the losses of every fact of each subject.

    Args:
        entropy: the bits that are there.
        losses_nats: for each subject, its facts' losses in nats.
        seed: of the bootstrap over facts, stratified by subject.
    """
    mean_bits = sum(float(nats.mean()) for nats in losses_nats) / NATS_PER_BIT
    resampled_bits = bootstrap_total(losses_nats, seed=seed) / NATS_PER_BIT
    low, high = (
        entropy.total_bits - entropy.num_people * float(bits)
        for bits in np.quantile(resampled_bits, INTERVAL[::-1])
    )
    learned = entropy.total_bits - entropy.num_people * mean_bits
    return Bits(learned, low, min(high, entropy.total_bits))
