"""Figures and tables of the page `networks`: who ranks the gap, by setting, and the two experiments beside the grid."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from lib.analysis.network_grid import SETTINGS
from lib.analysis.network_trials import DIMENSION, POINTS
from lib.report.layout import table
from lib.report.numbers import record
from lib.report.style import BLACK, BLUE, GREEN, GREY, NAVY, PURPLE, legend

GEOMETRIC = {
    "mean_trace",
    "mean_log_volume",
    "mean_shrinkage",
    "mean_spectral",
    "distortion",
}  # what takes Jacobians of f
AXIS_NAMES = dict(zip(SETTINGS, ("width", "layers", "$d$", "rate", "batch"), strict=True))


def ranking(standings: pd.DataFrame, untrained: pd.DataFrame) -> Figure:
    """Psi of each measure with its interval and its null band, and Psi of the same measure before training."""
    figure = Figure(figsize=(7.2, 0.26 * len(standings) + 1.2))
    axis = figure.subplots()
    before = untrained.set_index("name")["Psi"]
    for place, row in enumerate(standings.to_dict("records")):
        color = PURPLE if row["sees_error"] else BLUE if row["name"] in GEOMETRIC else GREEN
        marker = {PURPLE: "D", BLUE: "o", GREEN: "s"}[color]
        axis.barh(place, row["null_high"] - row["null_low"], left=row["null_low"], color=GREY, alpha=0.3, height=0.7)
        axis.plot([row["low"], row["high"]], [place, place], color=color, linewidth=1.5)
        axis.plot(row["Psi"], place, marker, color=color, markersize=6)
        axis.plot(before.get(row["name"], np.nan), place, "x", color=BLACK)
    keys = ["name", "Psi", "low", "high", "null_low", "null_high"]
    record(axis, standings[keys].assign(untrained=standings["name"].map(before)))
    for label, style in {
        "Jacobians of $f$": {"color": BLUE, "marker": "o"},
        "weights, labels, history": {"color": GREEN, "marker": "s"},
        "sees the training error": {"color": PURPLE, "marker": "D"},
        "before training": {"color": BLACK, "marker": "x"},
    }.items():
        axis.plot([], [], linestyle="none", label=label, **style)
    axis.axvline(0, color=GREY, linewidth=0.8)
    axis.set_yticks(range(len(standings)), standings["label"], fontsize=9)
    axis.set(xlim=(-0.7, 0.7), xlabel=r"$\Psi$: agreement with the order of the gaps")
    axis.invert_yaxis()
    legend(axis, loc="upper center", bbox_to_anchor=(0.4, -0.12 - 0.5 / len(standings)), ncols=2)
    return figure


def by_axis(standings: pd.DataFrame) -> Figure:
    """psi of each measure for each setting, as numbers on colours."""
    figure = Figure(figsize=(6.4, 0.27 * len(standings) + 0.8))
    axis = figure.subplots()
    values = standings[list(SETTINGS)].to_numpy()
    axis.imshow(values, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    for place, value in np.ndenumerate(values):
        dark = abs(value) > 0.6
        text = f"{value:.2f}".replace("-0.00", "0.00")
        axis.text(place[1], place[0], text, ha="center", va="center", fontsize=8, color="white" if dark else BLACK)
    axis.set_xticks(range(len(SETTINGS)), AXIS_NAMES.values())
    axis.set_yticks(range(len(standings)), standings["label"], fontsize=9)
    axis.grid(False)
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
    figure = Figure(figsize=(3.7, 2.8))
    axis = figure.subplots()
    for (seed, rows), marker in zip(shifted.groupby("seed"), ("o", "s", "^"), strict=False):
        axis.plot(rows["mse"], rows[name], marker, color=PURPLE, markerfacecolor="none", label=f"network {seed}")
        record(axis, rows[["seed", "batch", "mse", name]])
    axis.set(xscale="log", yscale="log", xlabel="mean squared error of the batch", ylabel=label)
    return figure


def lipschitz(slopes: pd.DataFrame) -> Figure:
    """The largest slope found against the width, beside the law's square root and the product of norms."""
    figure = Figure(figsize=(5.2, 3.4))
    axis = figure.subplots()
    means = slopes.groupby(["linear", "units"], as_index=False)[["lipschitz", "norms", "data"]].mean()
    random, control = means[~means["linear"]], means[means["linear"]]
    axis.plot(
        random["units"], random["norms"], color=GREEN, marker="s", linestyle="--", label="product of spectral norms"
    )
    axis.plot(random["units"], random["lipschitz"], color=BLUE, marker="o", label="largest slope, random signs")
    axis.plot(
        control["units"],
        control["lipschitz"],
        color=NAVY,
        marker="^",
        linestyle=":",
        label="largest slope, linear labels",
    )
    axis.plot(random["units"], (POINTS / random["units"]) ** 0.5, color=GREY, label=r"$\sqrt{n/k}$")
    record(axis, means, points=POINTS, dimension=DIMENSION)
    axis.set(xscale="log", yscale="log", xlabel="hidden units $k$", ylabel="slope")
    axis.set_xticks(sorted(random["units"]))
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_formatter(NullFormatter())
    legend(axis, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
