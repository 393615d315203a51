"""Estimates with 95 % intervals, and how each interval is made."""

from dataclasses import dataclass
from functools import lru_cache
from math import atanh, sqrt, tanh

import numpy as np
import pandas as pd
from scipy import special

Z = float(special.ndtri(0.975))
LEAST_POINTS = 20  # of a sample that correlations are compared on
RESAMPLES = 1_000  # of a bootstrap over a summary's sample of points


class NotTestable(Exception):
    """The run lacks what the test needs; the message says what."""


@dataclass(frozen=True)
class Estimate:
    """One estimate with its 95 % interval, positive where the claim holds."""

    name: str
    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        interval = f" [{self.low:+.3g}, {self.high:+.3g}]" if self.low < self.high else ""
        return f"{self.name}: {self.estimate:+.3g}{interval}"


# --- intervals ---------------------------------------------------------------------------------------------------


def symmetric(name: str, estimate: float, half: float) -> Estimate:
    """estimate ± half."""
    return Estimate(name, float(estimate), float(estimate - half), float(estimate + half))


def with_interval(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """The rows with `low` and `high`, the ends of the 95 % interval of a column `value` with the standard error `value`_se."""
    half = Z * rows[f"{value}_se"]
    return rows.assign(low=rows[value] - half, high=rows[value] + half)


def median_error(row: pd.Series) -> float:
    """The standard error of a median, from the quartiles: 0.93 IQR / sqrt(count), right for a normal sample."""
    return float(np.sqrt(np.pi / 2) / (2 * special.ndtri(0.75)) * (row["q75"] - row["q25"]) / sqrt(row["count"]))


def mean_error(row: pd.Series) -> float:
    """The standard error of a mean: std / sqrt(count)."""
    return float(row["std"] / sqrt(row["count"]))


def rank_interval(rho: float, count: int) -> tuple[float, float]:
    """The 95 % interval of Spearman's rho of `count` pairs: tanh(atanh rho -+ Z sqrt((1 + rho^2/2)/(count - 3))).

    Bonett and Wright (2000); `count` is 4 or more.
    """
    bounded = float(np.clip(rho, -0.9999, 0.9999))
    half = Z * sqrt((1 + bounded**2 / 2) / (count - 3))
    return tanh(atanh(bounded) - half), tanh(atanh(bounded) + half)


def trend(name: str, values: pd.Series, sign: int) -> Estimate:
    """Spearman's rho of values (by d) against d, times `sign`, with its interval."""
    rho = float(np.corrcoef(values.rank(), pd.Series(values.index).rank())[0, 1]) if values.nunique() > 1 else 0.0
    low, high = sorted(sign * end for end in rank_interval(rho, len(values)))
    return Estimate(name, sign * rho + 0.0, low, high)  # no negative zero


def paired(name: str, differences: pd.Series) -> Estimate:
    """The mean of differences over d, with Student's interval."""
    half = special.stdtrit(len(differences) - 1, 0.975) * differences.std(ddof=1) / sqrt(len(differences))
    return symmetric(name, differences.mean(), half)


def majority(name: str, holds: pd.Series) -> Estimate:
    """The share of d where something holds, less one half, with Wilson's interval."""
    share, count = float(holds.mean()), len(holds)
    centre = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return Estimate(f"{name}, {int(holds.sum())} of {count}", share - 0.5, centre - half - 0.5, centre + half - 0.5)


@lru_cache(maxsize=4)
def _resamples(count: int) -> np.ndarray:
    """The weights (1 + RESAMPLES, count) of points in their sample and in its bootstrap resamples, the seed fixed."""
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    return np.vstack([np.ones(count), drawn]) / count


def r2_margin(name: str, target: pd.Series, first: pd.Series, others: pd.DataFrame) -> Estimate:
    """r^2 of `first` with the target, less the largest r^2 of the `others`; interval by bootstrap over the points, seed fixed.

    Over the points where all have a value; too few of them cannot be tested. Given ranks, r is Spearman's rho.
    """
    columns = np.column_stack([target, first, others]).astype(np.float64)
    columns = columns[np.isfinite(columns).all(axis=1)]
    if len(columns) < LEAST_POINTS:
        raise NotTestable(f"{len(columns)} sampled points have all that is compared, fewer than {LEAST_POINTS}")
    columns = columns - columns.mean(axis=0)
    weights = _resamples(len(columns))
    means = weights @ columns
    spread = weights @ columns**2 - means**2
    shared = weights @ (columns[:, :1] * columns[:, 1:]) - means[:, :1] * means[:, 1:]
    squared = shared**2 / np.maximum(spread[:, :1] * spread[:, 1:], np.finfo(float).tiny)
    margins = squared[:, 0] - squared[:, 1:].max(axis=1)
    low, high = np.quantile(margins[1:], [0.025, 0.975])
    return Estimate(name, float(margins[0]), float(low), float(high))
