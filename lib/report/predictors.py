"""Figures and tables of the page `predictors`: how scores rank the errors, and what they save."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.measures.costs import Sizes
from lib.measures.judging import LEVEL, SCORES, risk_coverage
from lib.report.layout import markdown
from lib.report.numbers import record
from lib.report.style import BLUE, GREEN, GREY, LATENT_DIMENSION, PURPLE, numbered, panel, row_panel

LEAST_COVERAGE = 0.05  # of a risk curve: the mean error of fewer images is noise

CURVES = {  # eigenvalues blue, their rivals green
    "trace_input": (BLUE, "-"),
    "volume_input": (BLUE, "--"),
    "neighbours": (GREEN, "-"),
    "linear_error": (GREEN, "-."),
    "seed_variance": (GREEN, "--"),
    "ink": (GREEN, ":"),
}
OPEN = [name for name in SCORES if name not in ("trace_latent", "volume_latent", "random")][
    :12
]  # rows of a short table


def rank_correlations(run: str, rows: pd.DataFrame) -> Figure:
    """Spearman's rho of every score with the error, a column per latent dimension (mean over seeds).

    In bold where it differs from 0 at every seed (Holm, 5 %), else in grey italics. `rows`:
    `lib.analysis.tournament.tournament`.
    """
    shown = [name for name in SCORES if (rows["score"] == name).any()]
    table = rows.pivot_table(index="score", columns="latent_dim", values="spearman").reindex(shown)
    worst = rows.pivot_table(index="score", columns="latent_dim", values="spearman_holm", aggfunc="max")
    labels = [SCORES[name].short_label.replace("distance to the ", "").replace("volume", "vol.") for name in shown]
    figure, axis = row_panel(labels, 0.27)
    numbered(axis, table.to_numpy(), ~(worst.reindex(index=shown, columns=table.columns).to_numpy() < LEVEL))
    record(axis, rows[["latent_dim", "seed", "score", "spearman", "spearman_holm"]], run=run)
    axis.set_xticks(range(table.shape[1]), [str(d) for d in table.columns])
    axis.set(xlabel=LATENT_DIMENSION, title=f"run {run}")
    return figure


def risk_coverage_curves(run: str, points: pd.DataFrame) -> Figure:
    """The mean error of the points accepted, relative to that of all, against their share.

    `points`: a per-point table with scores. The lowest line is that of the error itself, the level one that of no knowledge.
    """
    figure, axis = panel(4.2)
    error = points["mse"].to_numpy()
    axis.axhline(1, color=GREY, linewidth=0.8)
    looks = {"mse": (PURPLE, "-", "the error itself")}
    looks |= {name: (*look, SCORES[name].short_label) for name, look in CURVES.items() if name in points}
    for name, (color, dashes, label) in looks.items():
        if not points[name].notna().to_numpy().any():
            continue
        coverage, risk = risk_coverage(error, points[name].fillna(points[name].max()).to_numpy())
        drawn = pd.DataFrame({"coverage": coverage, "risk": risk})[coverage >= LEAST_COVERAGE]
        drawn = drawn.iloc[np.unique(np.linspace(0, len(drawn) - 1, 200).round().astype(int))]
        axis.plot(drawn["coverage"], drawn["risk"], color=color, linestyle=dashes, label=label)
        record(axis, drawn, run=run, score=name)
    axis.set(xlabel="share of images accepted", title=f"run {run}", xlim=(0, 1), ylim=(0, None))
    axis.set_ylabel("mean error of these / of all")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def score_overview(widths: tuple[int, ...], training_points: int) -> str:
    """The scores: what each needs beside the point, whether it looks at the error, and what it costs per point."""
    rows, sizes = [], Sizes(widths, training_points)
    for score in SCORES.values():
        seen = "yes" if score.sees_error else "no"
        rows.append([score.label, score.scarcest, seen, f"{score.cost(sizes):,.0f}"])
    return markdown(["score", "needs", "sees the error", "multiply-adds per point"], rows, left=3)


def results_table(tournament: pd.DataFrame, names: Collection[str] = SCORES) -> str:
    """The scores of `names` at the largest d and the first seed: three criteria with their bands, and the gained R2.

    Bold: different from no knowledge by Holm's method at 5 % (rank correlation, gained R2).
    """
    rows = []
    own = tournament.query("latent_dim == latent_dim.max()").query("seed == seed.min()")
    for row in own[own["score"].isin(list(names))].to_dict("records"):
        cells = [_banded(row, name) for name in ("spearman", "auroc", "saved")]
        cells[0] = bold_if_significant(cells[0], row["spearman_holm"])
        gained = "" if pd.isna(row["gained"]) else bold_if_significant(f"{row['gained']:.3f}", row["gained_holm"])
        rows.append([SCORES[row["score"]].label, *cells, gained])
    return markdown(["score", "rank correlation", "AUROC, worst tenth", "area saved", "gained $R^2$"], rows)


def _banded(row: Mapping[str, float], name: str) -> str:
    return f"{row[name]:.2f} [{row[f'{name}_low']:.2f}, {row[f'{name}_high']:.2f}]"


def bold_if_significant(text: str, adjusted: float) -> str:
    return f"**{text}**" if adjusted < LEVEL else text


def tallies(tournaments: Mapping[str, pd.DataFrame]) -> str:
    """By score and run: mean and range of Spearman's rho over networks; at how many it is above 0, below 0, gains R2 (Holm)."""
    rows = []
    for run, table in tournaments.items():
        for name, own in table.groupby("score", sort=False):
            sure = own["spearman_holm"] < LEVEL
            above, below = (int((sure & (sign * own["spearman"] > 0)).sum()) for sign in (1, -1))
            adds = int((own["gained_holm"] < LEVEL).sum()) if own["gained"].notna().to_numpy().any() else ""
            rho = own["spearman"]
            spread = f"{rho.min():.2f} to {rho.max():.2f}"
            rows.append([run, SCORES[str(name)].label, len(own), f"{rho.mean():.2f}", spread, above, below, adds])
    header = ["run", "score", "networks", "mean", "range", "above 0", "below 0", "gains $R^2$"]
    return markdown(header, rows, left=2)
