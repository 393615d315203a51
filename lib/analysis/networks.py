"""Which network generalises better? The measures of networks, judged by the gap (test - train) / train of the grid.

A configuration is a setting of all axes; measure and gap are means over its seeds. `standings` ranks the measures (`lib.measures.
ranking`); its intervals resample the groups of networks that are compared, its null band permutes the measure among configurations.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from lib.analysis.network_grid import NETWORKS, SETTINGS
from lib.analysis.network_trials import SHIFTED
from lib.analysis.verdicts import verdict
from lib.measures.protocol import every
from lib.measures.ranking import granulated, interval, null_band
from lib.runs.results import Summary

FEWEST = 3  # configurations that a ranking needs
SHIFT_CRITERIA = {
    "ratio": r"$r_e$ of the Hessian",
    "negative": "$K^1$ of the Hessian",
    "negative_root": "$K^{1/2}$ of the Hessian",
    "trace": "trace of the Hessian",
}


def configurations(table: pd.DataFrame) -> pd.DataFrame:
    """The mean over seeds, a row for each configuration of which some network reached its target."""
    means = table.groupby(list(SETTINGS), as_index=False).mean()
    return means.dropna(subset=["gap"]).reset_index(drop=True)


def with_untrained(table: pd.DataFrame, untrained: pd.DataFrame) -> pd.DataFrame:
    """The networks of a grid with the measures that they had before training, and the gap that they have after it."""
    keys = ["width", "depth", "latent_dim", "seed"]
    after = table[[*SETTINGS, "seed", "gap"]]
    return after.merge(untrained.drop(columns=["train_mse", "test_mse", "gap"]), on=keys, how="left")


def standings(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each network measure that varies, from the largest Psi on.

    `name`, `label`, `needs`, `sees_error`; `tau`, psi by axis and `Psi`; `low`, `high`: its interval; `null_low`,
    `null_high`: its range if the measure knew nothing.
    """
    rows, means, axes = [], configurations(table), list(SETTINGS)
    for measure in every("network"):
        values = means.get(measure.name)
        if values is None or values.notna().sum() < FEWEST or values.nunique() < 2:
            continue
        row = {"name": measure.name, "label": measure.label, "needs": measure.scarcest}
        row |= {"sees_error": measure.sees_error} | granulated(means, axes, measure.name)
        row["low"], row["high"] = interval(means, axes, measure.name)
        row["null_low"], row["null_high"] = null_band(means, axes, measure.name)
        rows.append(row)
    return pd.DataFrame(rows).sort_values("Psi", ascending=False, ignore_index=True)


def by_member(summary: Summary) -> pd.DataFrame:
    """The members of a run: `depth`, `latent_dim`, `gap`, and the eigenvalue measures of J_I at the training points."""
    keys = ["depth", "latent_dim", "seed"]
    rows = summary.statistics.query("label == -1 and space == 'input' and split == 'train'")
    means = rows.pivot_table(index=keys, columns="quantity", values="mean").reset_index()
    means["mean_trace"], means["mean_log_volume"] = means["arithmetic_mean"], means["log_volume"] / means["latent_dim"]
    table = summary.members[[*keys, "train_mse", "test_mse"]].merge(means, on=keys)
    return table.assign(gap=table["test_mse"] / table["train_mse"] - 1)


def member_ranking(table: pd.DataFrame, measures: Sequence[str]) -> Mapping[str, dict[str, float]]:
    """Psi over depth and d of these columns of `by_member`, with its null band; empty for a single value of either."""
    axes = ["depth", "latent_dim"]
    if min(table[axis].nunique() for axis in axes) < 2:
        return {}
    return {
        name: granulated(table, axes, name)
        | dict(zip(("null_low", "null_high"), null_band(table, axes, name), strict=True))
        for name in measures
    }


def shift_correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of each criterion with the error over the batches: a row for each criterion, and one for random
    numbers; a column a seed."""
    by_seed = {}
    for seed, rows in table.groupby("seed"):
        random = np.random.default_rng(int(str(seed))).random(len(rows))
        tried = {name: rows[name] for name in SHIFT_CRITERIA} | {"random": random}
        by_seed[seed] = {name: spearmanr(values, rows["mse"])[0] for name, values in tried.items()}
    return pd.DataFrame(by_seed)


def verdicts() -> pd.DataFrame:
    """How each network measure did: Psi against the generalisation gap, and the criteria of the Hessian under data shift.

    The intervals of Psi resample the groups of networks that are compared (500 times); those of Spearman's correlations are the
    range over the three networks.
    """
    known, rows = {measure.name: measure for measure in every("network")}, []
    for row in standings(NETWORKS.read()).to_dict("records"):
        band = [row[key] for key in ("Psi", "low", "high")]
        rows.append(verdict(known[row["name"]], "generalisation gap", "Psi", band))
    labels = SHIFT_CRITERIA | {"random": "random numbers"}
    for name, values in shift_correlations(SHIFTED.read()).iterrows():
        stated = {"label": labels[str(name)], "level": "network", "sees_error": name not in ("trace", "random")}
        stated["needs"] = "nothing" if name == "random" else "the weights"
        band = [values.median(), values.min(), values.max()]
        rows.append(verdict(f"shift_{name}", "error of a shifted batch", "Spearman", band, **stated))
    return pd.DataFrame(rows)
