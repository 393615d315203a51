"""Figures past the paper: its main finding at a glance, and slopes with other things held fixed."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.figures.paper import published_slopes
from lib.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PREDICTOR_NAMES,
    PURPLE,
    SPACE_NAMES,
    Summaries,
    finish,
    grid,
    matching,
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


def controlled_slopes(summaries: Summaries, split: str, space: str = "input") -> Figure:
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
            axis.set_ylabel(f"{split} slope on {PREDICTOR_NAMES[predictor]}, {SPACE_NAMES[space]}")
    finish(axes)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), title="held fixed", loc="outside lower center", ncols=3, frameon=False
    )
    return figure


def _controlled(
    axis: Axes, summary: Summary, predictor: str, space: str, split: str, held: str, style: Any, label: str
) -> None:
    """One line: the slopes by d with `held` held fixed, and their 95 % band."""
    keys = {"depth": summary.run.table_depth, "space": space, "predictor": predictor, "split": split}
    rows = matching(summary.controls, controls=held, **keys)
    rows = rows.groupby("latent_dim", as_index=False).mean(numeric_only=True)
    half = 1.96 * rows["slope_se"]
    rows = rows.assign(low=rows["slope"] - half, high=rows["slope"] + half)
    series(axis, rows, style, label, value="slope", band=("low", "high"))
