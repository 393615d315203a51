r"""Does a measure rank networks as their gap does? Kendall's tau over all of them, and with one setting varied at a time.

tau is the mean of sign(m_i - m_j) sign(g_i - g_j) over pairs of networks; ties count as 0. psi of a setting (an axis) is the mean
over groups of networks that agree in all other settings of tau within the group; Psi is the mean of psi over the axes. So a
measure that follows the strongest setting alone earns little. Source: Jiang et al. (2020).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

Pairs = tuple[
    np.ndarray, np.ndarray, np.ndarray, np.ndarray
]  # rows i, rows j, weights that sum to 1, number of the group


def comparisons(table: pd.DataFrame, axes: Sequence[str]) -> dict[str, Pairs]:
    """The pairs of networks for each axis, and under "tau" all pairs. An axis with nothing to compare is left out."""
    i, j = np.triu_indices(len(table), 1)
    settings = table[list(axes)].to_numpy()
    apart = settings[i] != settings[j]
    found = {"tau": (i, j, np.full(len(i), 1 / max(1, len(i))), np.zeros(len(i), dtype=int))}
    for place, axis in enumerate(axes):
        only = apart[:, place] & (apart.sum(axis=1) == 1)
        others = settings[i[only]] * (np.arange(len(axes)) != place)
        _, group, pairs = np.unique(others, axis=0, return_inverse=True, return_counts=True)
        weights = 1 / pairs[group]  # each group of networks has the same weight
        found[axis] = i[only], j[only], weights / weights.sum(), group
    return {name: each for name, each in found.items() if len(each[2])}


def ranked(pairs: Mapping[str, Pairs], measure: np.ndarray, gap: np.ndarray) -> dict[str, np.ndarray]:
    """tau, psi by axis, and `Psi`, of values (networks, ...): of many resamples at once."""
    found = {}
    for name, (i, j, weights, _) in pairs.items():
        found[name] = np.tensordot(weights, np.sign(measure[i] - measure[j]) * np.sign(gap[i] - gap[j]), axes=1)
    return found | {"Psi": np.mean([value for name, value in found.items() if name != "tau"], axis=0)}


def granulated(table: pd.DataFrame, axes: Sequence[str], measure: str) -> dict[str, float]:
    """tau, psi by axis, and `Psi` of a column of a table with a row for each network; rows without a value are left out."""
    rows = table.dropna(subset=[measure, "gap"])
    found = ranked(comparisons(rows, axes), np.asarray(rows[measure]), np.asarray(rows["gap"]))
    return {name: float(value) for name, value in found.items()}


def null_band(table: pd.DataFrame, axes: Sequence[str], measure: str, permutations: int = 500) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of Psi over random permutations of the measure among the networks."""
    rows = table.dropna(subset=[measure])
    pairs, draw = comparisons(rows, axes), np.random.default_rng(0)
    del pairs["tau"]
    values = draw.permuted(np.tile(rows[measure], (permutations, 1)), axis=1).T
    found = ranked(pairs, values, np.asarray(rows["gap"])[:, None])["Psi"]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def interval(table: pd.DataFrame, axes: Sequence[str], measure: str, resamples: int = 500) -> tuple[float, float]:
    """The 95 % percentile interval of Psi under resampling, on every axis, of the groups of networks that are compared."""
    rows, draw = table.dropna(subset=[measure]), np.random.default_rng(0)
    values, gap, found = np.asarray(rows[measure]), np.asarray(rows["gap"]), []
    for name, (i, j, weights, group) in comparisons(rows, axes).items():
        if name != "tau":
            groups = np.bincount(group, weights * np.sign(values[i] - values[j]) * np.sign(gap[i] - gap[j]))
            found.append(draw.choice(groups, (resamples, len(groups))).sum(axis=1))
    psi = np.mean(found, axis=0)
    return float(np.quantile(psi, 0.025)), float(np.quantile(psi, 0.975))
