"""Figures and tables of the page `networks`: who ranks the gap, by setting, and the two experiments beside the grid."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.network_grid import SETTINGS
from lib.analysis.network_trials import DIMENSION, POINTS
from lib.report.layout import table
from lib.report.numbers import record
from lib.report.style import (
    BLACK,
    BLUE,
    DOT_LOOKS,
    GREEN,
    GREY,
    NAVY,
    PURPLE,
    interval_rows,
    legend,
    numbered,
    panel,
    row_panel,
)

# What takes Jacobians of f.
GEOMETRIC = {"mean_trace", "mean_log_volume", "mean_shrinkage", "mean_spectral", "distortion"}
KIND_NAMES = {"geometric": "Jacobians of $f$", "rival": "weights, labels, history", "error": "sees the training error"}
AXIS_NAMES = dict(zip(SETTINGS, ("width", "layers", "$d$", "rate", "batch"), strict=True))


def ranking(standings: pd.DataFrame, untrained: pd.DataFrame) -> Figure:
    """Psi of each measure with its interval and its null band, and Psi of the same measure before training."""
    before = standings["name"].map(untrained.set_index("name")["Psi"])
    kinds = np.where(standings["name"].isin(GEOMETRIC), "geometric", "rival")
    looks = [DOT_LOOKS[kind] for kind in np.where(standings["sees_error"], "error", kinds)]
    figure, axis = interval_rows(standings, looks, "Psi", height=0.26, margin=1.2, width=7.2)
    places = np.arange(len(standings))
    span = standings["null_high"] - standings["null_low"]
    axis.barh(places, span, left=standings["null_low"], color=GREY, alpha=0.3, height=0.7)
    axis.plot(before, places, "x", color=BLACK, label="before training")
    record(axis, standings[["name", "Psi", "low", "high", "null_low", "null_high"]].assign(untrained=before))
    for kind, label in KIND_NAMES.items():
        color, marker = DOT_LOOKS[kind]
        axis.plot([], [], marker, color=color, label=label)
    axis.set(xlim=(-0.7, 0.7), xlabel=r"$\Psi$: agreement with the order of the gaps")
    legend(axis, loc="upper center", bbox_to_anchor=(0.4, -0.12 - 0.5 / len(standings)), ncols=2)
    return figure


def by_axis(standings: pd.DataFrame) -> Figure:
    """psi of each measure for each setting, as numbers on colours."""
    figure, axis = row_panel(standings["label"].tolist(), 0.27, 0.8, width=6.4)
    numbered(axis, standings[list(SETTINGS)].to_numpy())
    axis.set_xticks(range(len(SETTINGS)), AXIS_NAMES.values())
    axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False)
    record(axis, standings[["name", *SETTINGS]])
    return figure


def ranking_table(standings: pd.DataFrame) -> str:
    """All measures: psi by setting, Psi with its null band, tau, and the part that each needs beside the weights."""
    pattern = [("measure", "{label}"), ("needs", "{needs}")]
    pattern += [(AXIS_NAMES[name], f"{{{name}:.2f}}") for name in SETTINGS]
    pattern += [
        (r"$\Psi$", "{Psi:.2f}"),
        ("if it knew nothing", "{null_low:.2f} to {null_high:.2f}"),
        (r"$\tau$", "{tau:.2f}"),
    ]
    return table(standings, pattern, left=2)


def member_table(found: Mapping[str, Mapping[str, float]], labels: Mapping[str, str]) -> str:
    """Psi over the members of a run for each eigenvalue measure, with psi by depth and latent dimension."""
    rows = pd.DataFrame([{"label": labels[name]} | dict(row) for name, row in found.items()])
    columns = [("measure", "{label}"), ("depth", "{depth:.2f}"), ("$d$", "{latent_dim:.2f}"), (r"$\Psi$", "{Psi:.2f}")]
    return table(rows, [*columns, ("if it knew nothing", "{null_low:.2f} to {null_high:.2f}")])


def criterion_under_shift(shifted: pd.DataFrame, name: str, label: str) -> Figure:
    """A criterion of the Hessian against the error, a point for each batch and network."""
    figure, axis = panel(2.8)
    for (seed, rows), marker in zip(shifted.groupby("seed"), ("o", "s", "^"), strict=False):
        axis.plot(rows["mse"], rows[name], marker, color=PURPLE, markerfacecolor="none", label=f"network {seed}")
    record(axis, shifted[["seed", "batch", "mse", name]])
    axis.set(xscale="log", yscale="log", xlabel="mean squared error of the batch", ylabel=label)
    return figure


def lipschitz(slopes: pd.DataFrame) -> Figure:
    """The largest slope found against the width, beside the law's square root and the product of norms."""
    figure, axis = panel(3.4, width=5.2)
    means = slopes.groupby(["linear", "units"], as_index=False)[["lipschitz", "norms", "data"]].mean()
    for linear, column, (color, look), label in (
        (False, "norms", (GREEN, "s--"), "product of spectral norms"),
        (False, "lipschitz", (BLUE, "o-"), "largest slope, random signs"),
        (True, "lipschitz", (NAVY, "^:"), "largest slope, linear labels"),
    ):
        rows = means[means["linear"] == linear]
        axis.plot(rows["units"], rows[column], look, color=color, label=label)
    units = np.unique(means["units"])
    axis.plot(units, (POINTS / units) ** 0.5, color=GREY, label=r"$\sqrt{n/k}$")
    record(axis, means, points=POINTS, dimension=DIMENSION)
    axis.set(xscale="log", yscale="log", xlabel="hidden units $k$", ylabel="slope")
    axis.set_xticks(units, map(str, units))
    axis.xaxis.minorticks_off()
    legend(axis, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
