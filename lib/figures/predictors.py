"""Figures of scores: how they rank the errors, what they save, and what they tell from the data; what f makes of noise."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.errors import InputError
from lib.figures.style import BLACK, BLUE, GREEN, LATENT_DIMENSION, ORANGE, PURPLE, SKY
from lib.predictors import DETECTORS, LEVEL, SCORES, risk_coverage

CURVES = {
    "trace_input": (BLUE, "-"),
    "volume_input": (SKY, "--"),
    "neighbours": (ORANGE, "-"),
    "linear_error": (PURPLE, "-."),
    "seed_variance": (GREEN, "--"),
    "ink": (BLACK, ":"),
}


def _panels(names: Sequence[str], width: float, height: float, **options: object) -> tuple[Figure, np.ndarray]:
    if not names:
        raise InputError("Nothing was given to draw; name at least one run.")
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(1, len(names), squeeze=False, **options)[0]


def _numbers(axis: Axes, values: np.ndarray, low: float, faint: np.ndarray) -> None:
    """A matrix as shades with its numbers written in; those of `faint` cells are in grey italics."""
    axis.imshow(values, cmap="PuOr_r", vmin=low, vmax=1, aspect="auto", interpolation="nearest", alpha=0.85)
    axis.grid(False)
    for row, column in np.ndindex(*values.shape):
        value = values[row, column]
        if np.isfinite(value):
            text = f"{value:.2f}".replace("0.", ".").replace("-", "−")
            dark = abs(value - (1 + low) / 2) > 0.42 * (1 - low)
            style = {"style": "italic", "color": "#666666"} if faint[row, column] else {"weight": "bold"}
            axis.text(
                column, row, text, ha="center", va="center", fontsize=8, **({"color": "white"} if dark else {}) | style
            )


def rank_correlations(tournaments: Mapping[str, pd.DataFrame]) -> Figure:
    """Spearman's rho of every score with the error, a panel a run, a column a latent dimension (mean over seeds).

    In bold where it differs from 0 at every seed (Holm, 5 %), else in grey italics. `tournaments`: `lib.scores.tournament`.
    """
    shown = [name for name in SCORES if any((rows["score"] == name).any() for rows in tournaments.values())]
    counts = [rows["latent_dim"].nunique() for rows in tournaments.values()]
    figure, axes = _panels(
        list(tournaments), 9.0, 0.3 * len(shown) + 1.0, sharey=True, width_ratios=[max(count, 2) for count in counts]
    )
    for axis, (run, rows) in zip(axes, tournaments.items(), strict=True):
        table = rows.pivot_table(index="score", columns="latent_dim", values="spearman").reindex(shown)
        worst = rows.pivot_table(index="score", columns="latent_dim", values="spearman_holm", aggfunc="max")
        faint = ~(worst.reindex(index=shown, columns=table.columns).to_numpy() < LEVEL)
        _numbers(axis, table.to_numpy(), -1, faint)
        axis.set_xticks(range(table.shape[1]), [str(d) for d in table.columns])
        axis.set(xlabel=LATENT_DIMENSION, title=f"run {run}")
    axes[0].set_yticks(range(len(shown)), [SCORES[name].label for name in shown])
    return figure


def risk_coverage_curves(points: Mapping[str, pd.DataFrame]) -> Figure:
    """The mean error of the points accepted, relative to that of all, against their share, a panel a run.

    `points`: per-point tables with scores. The lowest line is that of the error itself, the level one that of no knowledge.
    """
    figure, axes = _panels(list(points), 3.3 * max(len(points), 2), 3.6, sharey=True)
    for axis, (run, table) in zip(axes, points.items(), strict=True):
        error = table["mse"].to_numpy()
        axis.axhline(1, color="#888888", linewidth=0.8)
        axis.plot(*risk_coverage(error, error), color="#888888", linewidth=3, alpha=0.6, label="the error itself")
        for name, (color, dashes) in CURVES.items():
            if name in table and table[name].notna().to_numpy().any():
                score = table[name].fillna(table[name].max()).to_numpy()
                coverage, risk = risk_coverage(error, score)
                enough = coverage >= 0.05
                axis.plot(coverage[enough], risk[enough], color=color, linestyle=dashes, label=SCORES[name].label)
        axis.set(xlabel="share of points accepted", title=f"run {run}", xlim=(0, 1), ylim=(0, 1.6))
    axes[0].set_ylabel("mean error of these / of all")
    lines = {str(line.get_label()): line for axis in axes for line in axis.lines if str(line.get_label())[0] != "_"}
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def detection(by_dim: Mapping[int, pd.DataFrame]) -> Figure:
    """How well each detector tells sets of images from test points: a dot a set at its AUROC, a panel a latent dimension.

    `by_dim`: `lib.scores.detection`. The short bar is the median over the sets; the dotted line, no knowledge.
    """
    figure, axes = _panels([str(d) for d in by_dim], 9.0, 0.33 * len(DETECTORS) + 1.0, sharey=True)
    for axis, (latent_dim, rows) in zip(axes, by_dim.items(), strict=True):
        for place, name in enumerate(DETECTORS):
            values = rows.loc[rows["detector"] == name, "auroc"].to_numpy()
            if not len(values):
                continue
            spread = np.linspace(-0.25, 0.25, len(values))
            color, marker = (BLUE, "o") if name.startswith(("trace", "log")) else (ORANGE, "D")
            axis.plot(values, place + spread, color=color, marker=marker, linestyle="none", markersize=3, alpha=0.7)
            axis.plot(2 * [np.median(values)], [place - 0.38, place + 0.38], color=BLACK, linewidth=2)
        axis.axvline(0.5, color="#888888", linestyle=":", zorder=1)
        axis.set(title=f"$d={latent_dim}$", xlabel="AUROC", xlim=(-0.03, 1.03))
        axis.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    axes[0].set_yticks(range(len(DETECTORS)), [label for label, _ in DETECTORS.values()])
    axes[0].invert_yaxis()
    return figure


def generalised_characters(
    rows: Mapping[str, Sequence[np.ndarray]], names: Sequence[str], shape: Sequence[int]
) -> Figure:
    """Images in a grid, a column a set of `names`, a row a stage of `rows`, each one image (N,) a column."""
    height, width = shape
    tiles = np.full((len(rows), height + 1, len(names), width + 1), np.nan)
    for row, images in enumerate(rows.values()):
        for column, pixels in enumerate(images):
            tiles[row, :height, column, :width] = np.reshape(pixels, shape)
    mosaic = tiles.reshape(len(rows) * (height + 1), -1)[:-1, :-1]
    figure = Figure(figsize=(9.0, 9.0 / mosaic.shape[1] * mosaic.shape[0] + 0.6))
    axis = figure.subplots()
    axis.imshow(mosaic, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axis.set_facecolor("#bbbbbb")
    axis.grid(False)
    axis.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    centres = np.arange(len(names)) * (width + 1) + (width - 1) / 2
    axis.set_xticks(centres, names, rotation=50, ha="left", rotation_mode="anchor", fontsize=9)
    axis.set_yticks(np.arange(len(rows)) * (height + 1) + (height - 1) / 2, list(rows))
    axis.spines[:].set_visible(False)
    return figure
