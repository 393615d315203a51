"""Estimates with 95 % intervals, and how each interval is made."""

from dataclasses import dataclass
from functools import lru_cache
from math import atanh, sqrt, tanh
from typing import Any

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
    """One estimate with its 95 % interval, positive where the claim holds: sign (quantity - limit). Its text gives the quantity."""

    name: str
    estimate: float
    low: float
    high: float
    limit: float = 0.0
    sign: int = 1

    @property
    def claimed(self) -> str:
        """Where the quantity lies according to the claim."""
        return f"{'above' if self.sign > 0 else 'below'} {self.limit:.3g}"

    def __str__(self) -> str:
        margins = (self.estimate, *sorted((self.low, self.high), key=lambda end: self.sign * end))
        middle, low, high = (f"{round(self.limit + self.sign * margin, 6) + 0.0:.3g}" for margin in margins)
        return f"{self.name}: {middle}" + (f" [{low}, {high}]" if self.low < self.high else "")


# --- intervals ---------------------------------------------------------------------------------------------------


def symmetric(name: str, quantity: float, half: float, limit: float = 0.0, sign: int = 1) -> Estimate:
    """quantity ± half, claimed to lie above the limit (`sign` 1) or below it (-1)."""
    estimate = sign * (quantity - limit)
    return Estimate(name, float(estimate), float(estimate - half), float(estimate + half), limit, sign)


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


def next_margin(count: Any, std: Any) -> Any:
    """Half the 95 % interval for one more of `count` normal values with this standard deviation: t std sqrt(1 + 1 / count).

    NaN for one value; numbers, or arrays of them.
    """
    return special.stdtrit(count - 1, 0.975) * std * np.sqrt(1 + 1 / count)


def trend(name: str, values: pd.Series, sign: int) -> Estimate:
    """Spearman's rho of values (by d) against d, times `sign`, with its interval."""
    rho = float(np.corrcoef(values.rank(), pd.Series(values.index).rank())[0, 1]) if values.nunique() > 1 else 0.0
    low, high = sorted(sign * end for end in rank_interval(rho, len(values)))
    return Estimate(f"{name}, rank correlation with d", sign * rho + 0.0, low, high, sign=sign)  # no negative zero


def paired(name: str, differences: pd.Series) -> Estimate:
    """The mean of differences over d, with Student's interval."""
    half = special.stdtrit(len(differences) - 1, 0.975) * differences.std(ddof=1) / sqrt(len(differences))
    return symmetric(name, differences.mean(), half)


def majority(name: str, holds: pd.Series) -> Estimate:
    """The share of d where something holds, claimed to be above one half, with Wilson's interval."""
    share, count = float(holds.mean()), len(holds)
    centre = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    name = f"{name}, {int(holds.sum())} of {count}"
    return Estimate(name, share - 0.5, centre - half - 0.5, centre + half - 0.5, limit=0.5)


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
