"""Figures and tables of the page `controls`: slopes with other variables held fixed; and the headline figure of `index`."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.analysis import evidence
from lib.analysis.intervals import with_interval
from lib.analysis.published import PREDICTOR_NAMES
from lib.report.layout import Summaries, by_run, table
from lib.report.prediction import published_slopes
from lib.report.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SPACE_SYMBOLS,
    finish,
    grid,
    series,
)
from lib.runs.results import Summary

BY_CONTROL = {
    "none": (BLACK, "o", "-", "nothing"),
    "class": (BLUE, "^", "--", "class"),
    "ink": (GREEN, "s", ":", "ink"),
    "class and ink": (ORANGE, "D", "-", "class and ink"),
    "class, ink, neighbours": (PURPLE, "v", "-.", "these and 5-NN distance"),
}


def headline(summaries: Summaries) -> Figure:
    """The main finding at a glance: test slopes on the trace of J_I by d, published, raw, and with class and ink held fixed."""
    figure, axes = grid(summaries, rows=1, height=2.3, sharey=True)
    for axis, summary in zip(axes[0], summaries.values(), strict=True):
        published_slopes(axis, "trace", "input")
        for held in ("none", "class and ink"):
            *style, _ = BY_CONTROL[held]
            label = {"none": "here, raw", "class and ink": "here, class and ink held fixed"}[held]
            _controlled(axis, summary, "trace", "input", "test", held, tuple(style), label)
        axis.axhline(0, color="#888888", linewidth=0.8, zorder=1)
    axes[0, 0].set_ylabel("rise of the test error\nwith the trace of $J_I$")
    finish(axes)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def slopes_by_control(summaries: Summaries, split: str, space: str = "input") -> Figure:
    """The slope of the error on the log volume (top) and on the trace (bottom) against d, by what is held fixed.

    At the depth of the tables, for one split; bands are 95 % intervals by robust standard errors.
    """
    figure, axes = grid(summaries, rows=2, height=3.0, sharey="row")
    for column, summary in enumerate(summaries.values()):
        for row, predictor in enumerate(PREDICTOR_NAMES):
            axis = axes[row, column]
            for held, (*style, label) in BY_CONTROL.items():
                _controlled(axis, summary, predictor, space, split, held, tuple(style), label)
            axis.axhline(0, color="#888888", linewidth=0.8, zorder=1)
            axis.set_ylabel(f"{split} slope on {PREDICTOR_NAMES[predictor]}, {SPACE_SYMBOLS[space]}")
    finish(axes)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), title="held fixed", loc="outside lower center", ncols=3, frameon=False
    )
    return figure


def _controlled(
    axis: Axes, summary: Summary, predictor: str, space: str, split: str, held: str, style: Any, label: str
) -> None:
    """One line: the slopes by d with `held` held fixed, and their 95 % band."""
    rows = evidence.controlled(summary, predictor=predictor, space=space, split=split, controls=held)
    series(axis, with_interval(rows, "slope"), style, label, value="slope", band=("low", "high"))


def controlled_table(summaries: Summaries, space: str = "input", split: str = "test") -> str:
    """The slopes at each run's largest d and table depth, by what is held fixed: slope (robust standard error), partial R2."""
    frames = {
        name: evidence.controlled(summary, space=space, split=split, latent_dim=max(summary.run.latent_dims))
        for name, summary in summaries.items()
    }
    rows = by_run(frames)
    wide = rows.pivot(
        index=["run", "latent_dim", "controls"], columns="predictor", values=["slope", "slope_se", "partial_r2"]
    )
    wide.columns = [f"{predictor}_{value}" for value, predictor in wide.columns]
    order = rows[["run", "latent_dim", "controls"]].drop_duplicates()
    columns = [("run", "{run}"), ("$d$", "{latent_dim}"), ("held fixed", "{controls}")]
    for predictor, name in PREDICTOR_NAMES.items():
        columns += [
            (f"slope on {name}", f"{{{predictor}_slope:.3f}} ({{{predictor}_slope_se:.3f}})"),
            ("partial $R^2$", f"{{{predictor}_partial_r2:.3f}}"),
        ]
    return table(order.merge(wide.reset_index(), how="left"), columns, left=3)


def control_counts_sentence(summaries: Summaries, space: str = "input", split: str = "test") -> str:
    """`lib.analysis.evidence.control_counts` of each run: above 0, below 0 or neither, and under half of the raw slope."""
    frames = {name: evidence.control_counts(summary, space, split).reset_index() for name, summary in summaries.items()}
    rows = by_run(frames)
    columns = [
        ("run", "{run}"),
        ("predictor", "{name}"),
        ("members", "{networks}"),
        ("above 0", "{above}"),
        ("below 0", "{below}"),
        ("undecided", "{undecided}"),
        ("halved", "{halved}"),
    ]
    return table(rows.assign(name=rows["predictor"].map(PREDICTOR_NAMES)), columns, left=2)
