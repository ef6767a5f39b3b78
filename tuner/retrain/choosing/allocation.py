"""Which configurations get more seeds: the optimal computing budget allocation (OCBA).

Chen, Lin, Yücesan and Chick (2000), "Simulation budget allocation for further enhancing the
efficiency of ordinal optimization", theorem 1: with b the highest mean, the difference
d_i = mean_b - mean_i and the variance s_i² of a training, the probability of choosing rightly is
asymptotically highest where

    N_i / N_j = (s_i / d_i)² / (s_j / d_j)²  for i, j other than b,
    N_b = s_b sqrt(sum over i other than b of N_i² / s_i²).

It fits here, as it is made for normal observations whose variances are estimated from the first
few, and gives trainings out in rounds, which can then run side by side. LUCB (Kalyanakrishnan et
al. 2012) needs a bound on the variance; top-two Thompson sampling (Russo 2016) draws its next
training at random, one at a time. The rule only says where seeds go; when to stop is the
posterior's to say.
"""

from collections.abc import Sequence

import numpy as np

from tuner.retrain.choosing.posterior import Floats, Posterior

_LEAST_DIFFERENCE = 0.1
"""In standard errors of the difference: means that are equal would take all trainings."""


def shares(known: Posterior) -> Floats:
    """The share of all trainings that each configuration should have had, [K]."""
    best = int(np.argmax(known.means))
    errors = np.sqrt(known.scales**2 + known.scales[best] ** 2)
    differences = np.maximum(known.means[best] - known.means, _LEAST_DIFFERENCE * errors)
    found = known.variances / differences**2
    found[best] = 0.0
    found[best] = np.sqrt(known.variances[best] * np.sum(found**2 / known.variances))
    return np.asarray(found / found.sum())


def next_trainings(known: Posterior, number: int) -> Sequence[int]:
    """How many of `number` more trainings each configuration gets.

    One after the other goes to whoever lacks most of its share then.
    """
    wanted, counts = shares(known), known.counts.copy()
    for _ in range(number):
        counts[np.argmax(wanted * (counts.sum() + 1) - counts)] += 1
    return [int(more) for more in counts - known.counts]
