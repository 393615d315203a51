"""Figures of scores: how they rank the errors, what they save, and what they tell from the data; what f makes of noise."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.base.errors import InputError
from lib.measures.judging import LEVEL, SCORES, cost, risk_coverage
from lib.report.layout import markdown
from lib.report.style import BLACK, BLUE, GREEN, LATENT_DIMENSION, ORANGE, PURPLE, SKY

CURVES = {
    "trace_input": (BLUE, "-"),
    "volume_input": (SKY, "--"),
    "neighbours": (ORANGE, "-"),
    "linear_error": (PURPLE, "-."),
    "seed_variance": (GREEN, "--"),
    "ink": (BLACK, ":"),
}


def panels(names: Sequence[str], width: float, height: float, **options: object) -> tuple[Figure, np.ndarray]:
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

    In bold where it differs from 0 at every seed (Holm, 5 %), else in grey italics. `tournaments`:
    `lib.analysis.tournament.tournament`.
    """
    shown = [name for name in SCORES if any((rows["score"] == name).any() for rows in tournaments.values())]
    counts = [rows["latent_dim"].nunique() for rows in tournaments.values()]
    figure, axes = panels(
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
    figure, axes = panels(list(points), 3.3 * max(len(points), 2), 3.6, sharey=True)
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


def score_overview(widths: tuple[int, ...], training_points: int) -> str:
    """The scores: what each needs beside the point, whether it looks at the error, and what it costs a point."""
    rows = []
    for name, score in SCORES.items():
        seen = "yes" if score.sees_error else "no"
        rows.append([score.label, score.scarcest, seen, f"{cost(name, widths, training_points):,.0f}"])
    return markdown(["score", "needs", "sees the error", "multiply-adds a point"], rows, left=3)


def results_table(tournaments: Mapping[str, pd.DataFrame]) -> str:
    """Every score at the largest d and the first seed of each run: three measures with their bands, and the gained R2.

    Bold: different from no knowledge by Holm's method at 5 % (rank correlation, gained R2).
    """
    rows = []
    for run, table in tournaments.items():
        own = table.query("latent_dim == latent_dim.max()").query("seed == seed.min()")
        for row in own.to_dict("records"):
            cells = [_banded(row, name) for name in ("spearman", "auroc", "saved")]
            cells[0] = bold_if_significant(cells[0], row["spearman_holm"])
            gained = "" if pd.isna(row["gained"]) else bold_if_significant(f"{row['gained']:.3f}", row["gained_holm"])
            rows.append(
                [run, f"{row['latent_dim']}", SCORES[row["score"]].label, f"{row['points']:.0f}", *cells, gained]
            )
    header = ["run", "$d$", "score", "points", "Spearman", "AUROC, worst decile", "area saved", "gained $R^2$"]
    return markdown(header, rows, left=3)


def _banded(row: Mapping[str, float], name: str) -> str:
    return f"{row[name]:.2f} [{row[f'{name}_low']:.2f}, {row[f'{name}_high']:.2f}]"


def bold_if_significant(text: str, adjusted: float) -> str:
    return f"**{text}**" if adjusted < LEVEL else text


def tallies(tournaments: Mapping[str, pd.DataFrame]) -> str:
    """By score and run: mean and range of Spearman's rho over members; at how many it is above 0, below 0, adds R2 (Holm)."""
    rows = []
    for run, table in tournaments.items():
        for name, own in table.groupby("score", sort=False):
            sure = own["spearman_holm"] < LEVEL
            above, below = (int((sure & (sign * own["spearman"] > 0)).sum()) for sign in (1, -1))
            adds = int((own["gained_holm"] < LEVEL).sum()) if own["gained"].notna().to_numpy().any() else ""
            rho = own["spearman"]
            spread = f"{rho.min():.2f} to {rho.max():.2f}"
            rows.append([run, SCORES[str(name)].label, len(own), f"{rho.mean():.2f}", spread, above, below, adds])
    header = ["run", "score", "members", "mean Spearman", "range", "above 0", "below 0", "adds $R^2$"]
    return markdown(header, rows, left=2)
