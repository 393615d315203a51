"""Figures past the paper: its main finding at a glance, and slopes with other things held fixed."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.analysis import intervals
from lib.analysis.intervals import with_interval
from lib.analysis.published import PREDICTOR_NAMES
from lib.report.layout import Summaries, markdown
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
from lib.runs.results import Summary, select_rows

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
    keys = {"depth": summary.run.table_depth, "space": space, "predictor": predictor, "split": split}
    rows = select_rows(summary.controls, controls=held, **keys)
    rows = rows.groupby("latent_dim", as_index=False).mean(numeric_only=True)
    series(axis, with_interval(rows, "slope"), style, label, value="slope", band=("low", "high"))


def controlled(summaries: Summaries, space: str = "input", split: str = "test") -> str:
    """The slopes at each run's largest d and table depth, by what is held fixed: slope (robust standard error), partial R2."""
    rows = []
    for name, summary in summaries.items():
        own = summary.controls
        latent_dim = max(summary.run.latent_dims)
        keys = {"space": space, "split": split, "depth": summary.run.table_depth, "latent_dim": latent_dim}
        own = select_rows(own, **keys)
        for held, group in own.groupby("controls", sort=False):
            by = group.groupby("predictor").mean(numeric_only=True)
            cells = []
            for predictor in PREDICTOR_NAMES:
                if predictor not in by.index:
                    cells += ["", ""]
                    continue
                row = by.loc[predictor]
                cells += [f"{row['slope']:.3f} ({row['slope_se']:.3f})", f"{row['partial_r2']:.3f}"]
            rows.append([name, f"{latent_dim}", held, *cells])
    header = ["run", "$d$", "held fixed"]
    header += [cell for name in PREDICTOR_NAMES.values() for cell in (f"slope on {name}", "partial $R^2$")]
    return markdown(header, rows, left=3)


def control_counts(summaries: Summaries, space: str = "input", split: str = "test") -> str:
    """At how many members the slope given class and ink is above 0, below 0 or neither (95 %), and under half the raw one."""
    rows = []
    for name, summary in summaries.items():
        own = summary.controls.query("space == @space and split == @split")
        keys = ["predictor", "depth", "latent_dim", "seed"]
        wide = own.pivot_table(index=keys, columns="controls", values=["slope", "slope_se"])
        held, raw = wide["slope", "class and ink"], wide["slope", "none"]
        half = intervals.Z * wide["slope_se", "class and ink"]
        outcomes = pd.DataFrame({"above": held > half, "below": held < -half, "halved": held.abs() < raw.abs() / 2})
        for predictor, group in outcomes.groupby(level="predictor"):
            above, below, halved = (int(group[one].sum()) for one in ("above", "below", "halved"))
            rows.append(
                [name, PREDICTOR_NAMES[str(predictor)], len(group), above, below, len(group) - above - below, halved]
            )
    header = ["run", "predictor", "members", "above 0", "below 0", "undecided", "halved"]
    return markdown(header, rows, left=2)
