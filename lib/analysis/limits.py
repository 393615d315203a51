"""Limits of the ordinary from a reference's n values, and the chance that the reference has in them.

A value is outside where it lies below the k-th smallest or above the k-th largest, k = floor(alpha (n + 1) / 2). A fresh
point that is exchangeable with the reference points is then outside with probability at most alpha, whatever the
distribution is (conformal prediction: Vovk, Gammerman and Shafer 2005). With n < 2/alpha - 1 there is no such limit.
Distances to neighbours depend on who is there: a fresh point's is held against those that the reference points have
with it among them.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats
from scipy.spatial.distance import cdist

from lib.measures.baselines import NEIGHBOUR, nearest_rows


def tail_count(size: int, coverage: float) -> int:
    """How many of `size` values of a reference lie at or beyond a limit: k = floor((1 - coverage)(size + 1)/2)."""
    return int((1 - coverage) * (size + 1) / 2 + 1e-9)


def central(values: Sequence[float], coverage: float) -> tuple[float, float]:
    """The k-th smallest and k-th largest of values, k the `tail_count` of them; infinite where k is 0.

    >>> central(range(199), 0.99)
    (0.0, 198.0)
    >>> central(range(198), 0.99)
    (-inf, inf)
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    k = tail_count(len(ordered), coverage)
    return (float(ordered[k - 1]), float(ordered[-k])) if k else (-np.inf, np.inf)


def least_reference(coverage: float) -> int:
    """The fewest reference points that have finite `central` limits: 2/(1 - coverage) - 1, rounded up."""
    return int(np.ceil(2 / (1 - coverage) - 1 - 1e-9))


def neighbour_limits(reference: np.ndarray, x: np.ndarray | None, coverage: float) -> np.ndarray:
    """The `central` limits (points, 2) of the 5-NN distances of the reference when a row of x joins its neighbours; x
    None: of the reference alone."""
    near = nearest_rows(reference)[0]
    if x is None:
        return np.tile(central(near[:, -1], coverage), (len(reference), 1))
    limits = []
    for gaps in cdist(x, reference):
        with_it = np.sort(np.column_stack([near, gaps]), axis=1)[:, min(NEIGHBOUR, len(reference)) - 1]
        limits.append(central(with_it, coverage))
    return np.array(limits)


def excess_p_value(count: int, points: int, size: int, coverage: float) -> float:
    """The probability that `count` or more of `points` values are outside the limits of `size` reference values like them.

    The limits are values themselves, and not known numbers: their number outside is betabinom(points, 2k, size + 1 - 2k).
    """
    k = tail_count(size, coverage)
    return float(stats.betabinom.sf(count - 1, points, 2 * k, size + 1 - 2 * k)) if k else 1.0


def limit_variance(values: Sequence[float], reference: Sequence[float], coverage: float) -> float:
    """The variance of the share of values outside `central` limits, by the chance that the reference has in them.

    Below the quantile that a limit stands for lie binomially many of the n values, k on average; the share outside is
    computed for each number.
    """
    ordered, size = np.sort(np.asarray(reference, dtype=np.float64)), len(reference)
    numbers = np.arange(size + 1)
    chance = stats.binom.pmf(numbers, size, tail_count(size, coverage) / (size + 1))
    variance = 0.0
    for within in (np.searchsorted(ordered, values, "right"), size - np.searchsorted(ordered, values, "left")):
        shares = np.searchsorted(np.sort(within), numbers) / len(within)
        variance += chance @ (shares - chance @ shares) ** 2
    return float(variance)
