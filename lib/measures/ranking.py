r"""Does a measure rank networks as their gap does? Kendall's tau over all of them, and with one setting varied at a time.

tau is the mean of sign(m_i - m_j) sign(g_i - g_j) over pairs of networks; ties count as 0. psi of a setting (an axis) is the mean
over groups of networks that agree in all other settings of tau within the group; Psi is the mean of psi over the axes. So a
measure that follows the strongest setting alone earns little. Source: Jiang et al. (2020).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows i, rows j, and weights that sum to 1


def _pairs(groups: Sequence[np.ndarray]) -> Pairs:
    """All pairs within groups of rows; each group of two or more has the same weight."""
    parts = []
    for rows in groups:
        i, j = np.triu_indices(len(rows), 1)
        if len(i):
            parts.append((rows[i], rows[j], np.full(len(i), 1 / len(i))))
    if not parts:
        nothing = np.array([], dtype=int)
        return nothing, nothing, np.array([])
    first, second, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return first, second, weights / weights.sum()


def comparisons(table: pd.DataFrame, axes: Sequence[str]) -> dict[str, Pairs]:
    """The pairs of networks for each axis, and under "tau" all pairs. An axis with nothing to compare is left out."""
    axes = [axis for axis in axes if table[axis].nunique() > 1]
    pairs = {"tau": _pairs([np.arange(len(table))])}
    for axis in axes:
        others = [other for other in axes if other != axis]
        groups = table.groupby(others).indices.values() if others else [np.arange(len(table))]
        pairs[axis] = _pairs([np.asarray(rows) for rows in groups])
    return {name: each for name, each in pairs.items() if len(each[2])}


def ranked(pairs: Mapping[str, Pairs], measure: np.ndarray, gap: np.ndarray) -> dict[str, float]:
    """tau, psi by axis, and `Psi`, for values (networks,)."""
    found = {}
    for name, (i, j, weights) in pairs.items():
        found[name] = float(weights @ (np.sign(measure[i] - measure[j]) * np.sign(gap[i] - gap[j])))
    return found | {"Psi": float(np.mean([value for name, value in found.items() if name != "tau"]))}


def granulated(table: pd.DataFrame, axes: Sequence[str], measure: str, gap: str = "gap") -> dict[str, float]:
    """tau, psi by axis, and `Psi` of a column of a table with a row for each network; rows without a value are left out."""
    rows = table.dropna(subset=[measure, gap])
    return ranked(comparisons(rows, axes), np.asarray(rows[measure]), np.asarray(rows[gap]))


def null_band(table: pd.DataFrame, axes: Sequence[str], measure: str, permutations: int = 500) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of Psi over random permutations of the measure among the networks."""
    rows = table.dropna(subset=[measure])
    pairs, draw = comparisons(rows, axes), np.random.default_rng(0)
    values, gap = np.asarray(rows[measure]), np.asarray(rows["gap"])
    found = [ranked(pairs, draw.permutation(values), gap)["Psi"] for _ in range(permutations)]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))
