"""Figures 2 to 7 of the paper: the pages `spectra`, `means`, `small_eigenvalues` and `orientation`."""

from typing import Any

import matplotlib
import matplotlib.ticker
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.evidence import argument_shares, classes, rotation_shares, statistics
from lib.report.layout import Summaries
from lib.report.style import (
    BY_SPACE,
    ORANGE,
    SPACE_SYMBOLS,
    by_class,
    depth_styles,
    finish,
    grid,
    legend,
    series,
)
from lib.runs.results import Summary


def spectral_distance(summaries: Summaries) -> Figure:
    """Figure 2: the distance of the spectra of J_I and J_L, divided by d, against d: L1 norm above, L2 norm below."""
    figure, axes = grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for row, norm in enumerate(("l1", "l2")):
            for depth, style in depth_styles(summary).items():
                rows = statistics(summary, f"distance_{norm}", depth=depth)
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
            shares = argument_shares(summary, "latent", depth)
            axes[0, column].plot(shares.index, shares, color=color, linestyle=dashes, label=f"$J_{{L,{depth}}}$")
        shares = rotation_shares(summary, "input", summary.run.table_depth)
        axes[1, column].bar(shares.index, shares, width=4, color=ORANGE, label=f"$J_{{I,{summary.run.table_depth}}}$")
        axes[0, column].set_ylabel("share of eigenvalues")
        axes[1, column].set_ylabel("share of eigenvalues")
        axes[0, column].set_xlabel("argument, degrees")
        axes[1, column].set_xlabel("angle of rotation |argument|, degrees")
        for axis in axes[:, column]:
            axis.set_yscale("log")
            axis.xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(45))
            legend(axis)
    return figure


def mean_eigenvalue(summaries: Summaries, quantity: str) -> Figure:
    """Figures 4 and 5: the arithmetic or geometric mean of a point's eigenvalues against d.

    J_L by depth (top), by class at the table depth (centre), and J_I beside J_L at the table depth (bottom): medians,
    with the middle half of the points as a band.
    """
    figure, axes = grid(summaries, rows=3)
    for column, summary in enumerate(summaries.values()):
        depth = summary.run.table_depth
        for n, style in depth_styles(summary).items():
            rows = statistics(summary, quantity, space="latent", depth=n)
            series(axes[0, column], rows, style, f"$J_{{L,{n}}}$")
        by_class(axes[1, column], _class_medians(summary, quantity), classes(summary))
        for space, style in BY_SPACE.items():
            rows = statistics(summary, quantity, space=space, depth=depth)
            series(axes[2, column], rows, style, f"{SPACE_SYMBOLS[space]}, $n={depth}$")
        for axis in axes[:, column]:
            axis.axhline(1, color="#888888", linewidth=0.8, zorder=1)
            axis.set_ylabel(f"{quantity.replace('_', ' ')}")
            legend(axis)
    finish(axes)
    return figure


def _class_medians(summary: Summary, quantity: str, value: str = "median") -> Any:
    def rows_of(label: int) -> pd.DataFrame:
        rows = statistics(summary, quantity, space="latent", label=label)
        return rows.rename(columns={value: "value"})

    return rows_of


def small_eigenvalues(summaries: Summaries) -> Figure:
    """Figure 6: the mean number of eigenvalues of J_L with modulus below 0.1 against d: by depth (top), by class (bottom)."""
    figure, axes = grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for depth, style in depth_styles(summary).items():
            rows = statistics(summary, "small_eigenvalues", space="latent", depth=depth)
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
                rows = statistics(summary, "reversed", space="latent", depth=depth, split=split)
                style = (color, marker if split == "test" else "none", dashes)
                series(axes[0, column], rows, style, f"$J_{{L,{depth}}}$, {split}", value="mean", band=())
        for space, style in BY_SPACE.items():
            rows = statistics(summary, "reversed", space=space, depth=summary.run.table_depth)
            series(
                axes[1, column],
                rows,
                style,
                f"{SPACE_SYMBOLS[space]}, $n={summary.run.table_depth}$",
                value="mean",
                band=(),
            )
        for axis in axes[:, column]:
            axis.set_ylabel("share of points with $\\omega<0$")
            axis.set_ylim(bottom=0)
            legend(axis, ncols=2)
    finish(axes)
    return figure
