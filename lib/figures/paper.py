"""Figures 2 to 9 of the paper, and its slopes beside ours."""

from typing import Any

import matplotlib
import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib import published
from lib.figures.style import (
    BLACK,
    BY_RUN,
    BY_SPACE,
    ORANGE,
    PREDICTOR_NAMES,
    SPACE_NAMES,
    Summaries,
    by_class,
    classes,
    depth_styles,
    finish,
    grid,
    legend,
    matching,
    series,
    slopes,
    statistics,
)
from lib.runs.results import Summary


def spectral_distance(summaries: Summaries) -> Figure:
    """Figure 2: the distance of the spectra of J_I and J_L, divided by d, against d: L1 norm above, L2 norm below."""
    figure, axes = grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for row, norm in enumerate(("l1", "l2")):
            for depth, style in depth_styles(summary).items():
                rows = statistics(summary, f"distance_{norm}", depth=depth, split="all", label=-1)
                series(axes[row, column], rows, style, f"$n={depth}$")
            axes[row, column].set_ylabel(f"$L^{norm[1]}$ distance$\\,/\\,d$")
            axes[row, column].set_ylim(bottom=0)
        legend(axes[0, column])
    finish(axes)
    return figure


def argument_distribution(summaries: Summaries) -> Figure:
    """Figure 3: arguments of the eigenvalues of J_L by depth (top); the angle of rotation |arg| of J_I, table depth (bottom)."""
    figure, axes = grid(summaries, rows=2, sharex=False)
    for column, summary in enumerate(summaries.values()):
        for depth, (color, _, dashes) in depth_styles(summary).items():
            degrees, share = argument_shares(summary, "latent", depth)
            axes[0, column].plot(degrees, share, color=color, linestyle=dashes, label=f"$J_{{L,{depth}}}$")
        degrees, share = argument_shares(summary, "input", summary.run.table_depth)
        folded = pd.Series(share).groupby(np.abs(degrees)).sum()
        axes[1, column].bar(folded.index, folded, width=4, color=ORANGE, label=f"$J_{{I,{summary.run.table_depth}}}$")
        axes[0, column].set_ylabel("share of eigenvalues")
        axes[1, column].set_ylabel("share of eigenvalues")
        axes[0, column].set_xlabel("argument, degrees")
        axes[1, column].set_xlabel("angle of rotation |argument|, degrees")
        for axis in axes[:, column]:
            axis.set_yscale("log")
            axis.xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(45))
            legend(axis)
    return figure


def argument_shares(summary: Summary, space: str, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Bin centres in whole degrees, and the share of all eigenvalues of this depth, pooled over d, in each."""
    rows = matching(summary.histograms, quantity="argument", space=space, depth=depth, label=-1)
    counts = np.sum(rows["counts"].tolist(), axis=0)
    first = rows.iloc[0]
    degrees = np.degrees(first["left"] + first["width"] * (np.arange(len(counts)) + 0.5)).round().astype(int)
    return degrees, counts / counts.sum()


def mean_eigenvalue(summaries: Summaries, quantity: str) -> Figure:
    """Figures 4 and 5: the arithmetic or geometric mean of a point's eigenvalues against d.

    J_L by depth (top), by class at the table depth (centre), and J_I beside J_L at the table depth (bottom): medians,
    with the middle half of the points as a band.
    """
    figure, axes = grid(summaries, rows=3)
    for column, summary in enumerate(summaries.values()):
        depth = summary.run.table_depth
        for one, style in depth_styles(summary).items():
            rows = statistics(summary, quantity, space="latent", depth=one, split="all", label=-1)
            series(axes[0, column], rows, style, f"$J_{{L,{one}}}$")
        by_class(axes[1, column], _class_medians(summary, quantity), classes(summary))
        for space, style in BY_SPACE.items():
            rows = statistics(summary, quantity, space=space, depth=depth, split="all", label=-1)
            series(axes[2, column], rows, style, f"{SPACE_NAMES[space]}, $n={depth}$")
        for axis in axes[:, column]:
            axis.axhline(1, color="#888888", linewidth=0.8, zorder=1)
            axis.set_ylabel(f"{quantity.replace('_', ' ')}")
            legend(axis)
    finish(axes)
    return figure


def _class_medians(summary: Summary, quantity: str, value: str = "median") -> Any:
    depth = summary.run.table_depth

    def rows_of(label: int) -> pd.DataFrame:
        rows = statistics(summary, quantity, space="latent", depth=depth, split="all", label=label)
        return rows.rename(columns={value: "value"})

    return rows_of


def small_eigenvalues(summaries: Summaries) -> Figure:
    """Figure 6: the mean number of eigenvalues of J_L with modulus below 0.1 against d: by depth (top), by class (bottom)."""
    figure, axes = grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for depth, style in depth_styles(summary).items():
            rows = statistics(summary, "small_eigenvalues", space="latent", depth=depth, split="all", label=-1)
            series(axes[0, column], rows, style, f"$J_{{L,{depth}}}$", value="mean", band=())
        by_class(axes[1, column], _class_medians(summary, "small_eigenvalues", value="mean"), classes(summary))
        for axis in axes[:, column]:
            axis.set_ylabel("eigenvalues below 0.1 a point")
            axis.set_ylim(bottom=0)
            legend(axis)
    finish(axes)
    return figure


def orientation(summaries: Summaries) -> Figure:
    """Figure 7: the share of points with omega < 0: of J_L, train and test by depth (top); of J_I and J_L (bottom)."""
    figure, axes = grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for depth, (color, marker, _) in depth_styles(summary).items():
            for split, dashes in (("train", "--"), ("test", "-")):
                rows = statistics(summary, "reversed", space="latent", depth=depth, split=split, label=-1)
                style = (color, marker if split == "test" else "none", dashes)
                series(axes[0, column], rows, style, f"$J_{{L,{depth}}}$, {split}", value="mean", band=())
        for space, style in BY_SPACE.items():
            rows = statistics(summary, "reversed", space=space, depth=summary.run.table_depth, split="all", label=-1)
            series(
                axes[1, column],
                rows,
                style,
                f"{SPACE_NAMES[space]}, $n={summary.run.table_depth}$",
                value="mean",
                band=(),
            )
        for axis in axes[:, column]:
            axis.set_ylabel("share of points with $\\omega<0$")
            axis.set_ylim(bottom=0)
            legend(axis, ncols=2)
    finish(axes)
    return figure


def error_slopes(summaries: Summaries, predictor: str) -> Figure:
    """Figures 8 and 9: the slope b1 + b3 of the test MSE on the predictor, both in standard deviations, against d.

    J_L by depth with 95 % intervals (top), and by class at the table depth (bottom). Where the run is on the paper's data
    set, the published values stand beside it.
    """
    figure, axes = grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for depth, style in depth_styles(summary).items():
            rows = slopes(summary, predictor, space="latent", depth=depth, label=-1)
            _interval(axes[0, column], rows, style, f"$J_{{L,{depth}}}$")
        if summary.run.dataset == "mnist":
            published_slopes(axes[0, column], predictor, "latent")
        by_class(axes[1, column], _class_slopes(summary, predictor), classes(summary))
        for axis in axes[:, column]:
            axis.axhline(0, color="#888888", linewidth=0.8, zorder=1)
            axis.set_ylabel(f"test slope on {PREDICTOR_NAMES[predictor]}")
            legend(axis)
    finish(axes)
    return figure


def _interval(axis: Axes, rows: pd.DataFrame, style: tuple[str, str, str], label: str) -> None:
    half = 1.96 * rows["test_slope_se"]
    banded = rows.assign(low=rows["test_slope"] - half, high=rows["test_slope"] + half)
    series(axis, banded, style, label, value="test_slope", band=("low", "high"))


def published_slopes(axis: Axes, predictor: str, space: str) -> None:
    table = published.table(1 if predictor == "log_volume" else 2)
    rows = table[table["space"] == space]
    axis.plot(
        rows["latent_dim"], rows["test_slope"], color=BLACK, marker="x", linestyle="none", label="published, $n=4$"
    )


def _class_slopes(summary: Summary, predictor: str) -> Any:
    def rows_of(label: int) -> pd.DataFrame:
        rows = slopes(summary, predictor, space="latent", depth=summary.run.table_depth, label=label)
        return rows.rename(columns={"test_slope": "value"})

    return rows_of


def published_beside_reproduced(summaries: Summaries) -> Figure:
    """The published test slopes and those of the runs at the depth of the tables, against d: a panel a predictor and space.

    Bands hold 95 % of the slopes of resampled points; with several seeds, the mean of the seeds' bands.
    """
    figure = Figure(figsize=(7.4, 5.2))
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for row, predictor in enumerate(PREDICTOR_NAMES):
        for column, space in enumerate(SPACE_NAMES):
            axis = axes[row, column]
            for (name, summary), style in zip(summaries.items(), BY_RUN, strict=False):
                rows = slopes(summary, predictor, space=space, depth=summary.run.table_depth, label=-1)
                series(axis, rows, style, f"run {name}", value="test_slope", band=("test_slope_low", "test_slope_high"))
            published_slopes(axis, predictor, space)
            axis.axhline(0, color="#888888", linewidth=0.8, zorder=1)
            axis.set_title(f"{PREDICTOR_NAMES[predictor]}, {SPACE_NAMES[space]}")
        axes[row, 0].set_ylabel("test slope")
    legend(axes[0, 0], fontsize=8)
    finish(axes)
    return figure
