"""Figures of the page `spectra`: Figures 2 to 7 of the paper, and the networks that lost a direction."""

from collections.abc import Sequence

import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from lib.analysis.evidence import classes, lost_directions, reversal_gap, rotation_shares, statistics
from lib.report.numbers import record
from lib.report.style import (
    ABOVE,
    BLUE,
    BY_DEPTH,
    GREY,
    LATENT_DIMENSION,
    against_dimension,
    by_class,
    depth_styles,
    grid,
    legend,
    series,
)
from lib.runs.results import Summary

PERCENT = matplotlib.ticker.FuncFormatter(lambda share, _: f"{100 * share:g} %")
LABELLED = 12  # cells of a strip that all have room for a label


def spectral_distance(summary: Summary) -> Figure:
    """Figure 2: the L1 distance of the spectra of J_I and J_L, divided by d, against d, by depth."""
    figure, (axis,) = grid(summary, rows=1)
    for depth, (color, marker, _) in depth_styles(summary).items():
        rows = statistics(summary, "distance_l1", depth=depth)
        series(axis, rows, (color, marker, "-"), f"$n={depth}$", measure="distance_l1")
    axis.set(ylabel="$L^1$ distance$\\,/\\,d$", ylim=(0, None))
    legend(axis, **ABOVE)
    against_dimension(axis)
    return figure


def argument_distribution(summary: Summary) -> Figure:
    """Figure 3: the shares of the eigenvalues by their angle of rotation |arg lambda|: J_L by depth, J_I at the tables' depth."""
    figure, (axis,) = grid(summary, rows=1)
    table_depth = summary.run.table_depth
    lines = [("latent", depth, color, "-") for depth, (color, _, _) in depth_styles(summary).items()]
    for space, depth, color, dashes in [*lines, ("input", table_depth, _colour(table_depth), "--")]:
        shares = rotation_shares(summary, space, depth)
        axis.plot(shares.index, shares.where(shares > 0), color=color, linestyle=dashes, label=_symbol(space, depth))
        record(axis, shares.rename_axis("angle_degrees").rename("share").reset_index(), space=space, depth=depth)
    axis.set(xlabel="angle of rotation, degrees", ylabel="share of eigenvalues", yscale="log")
    axis.xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(45))
    legend(axis, **ABOVE)
    return figure


def mean_eigenvalue(summary: Summary, quantity: str) -> Figure:
    """Figures 4 and 5: the arithmetic or geometric mean of a point's eigenvalues against d: both Jacobians (top), by class."""
    figure, (top, bottom) = grid(summary, rows=2)
    _by_depth(top, summary, quantity, "median", ("q25", "q75"))
    _of_input(top, summary, quantity, "median")
    _by_class(bottom, summary, quantity, "median")
    for axis in (top, bottom):
        axis.axhline(1, color=GREY, linewidth=0.8, zorder=1)
        axis.set_ylabel(quantity.replace("_", " "))
    legend(top, **ABOVE)
    legend(bottom)
    against_dimension(bottom)
    return figure


def small_eigenvalues(summary: Summary) -> Figure:
    """Figure 6: the mean number of eigenvalues of J_L with modulus below 0.1 against d: by depth (top), by class."""
    figure, (top, bottom) = grid(summary, rows=2)
    _by_depth(top, summary, "small_eigenvalues", "mean")
    _by_class(bottom, summary, "small_eigenvalues", "mean")
    for axis in (top, bottom):
        axis.set(ylabel="small eigenvalues per point", ylim=(0, None))
    legend(top, **ABOVE)
    legend(bottom)
    against_dimension(bottom)
    return figure


def lost_strip(summary: Summary) -> Figure:
    """The number of lost directions, the most of any seed, in a cell per depth and d; blank where there is no network."""
    figure, (axis,) = grid(summary, rows=1, height=0.9 + 0.26 * len(summary.run.depths))
    networks = lost_directions(summary, intact=True)
    counts = networks.groupby(["depth", "latent_dim"])["lost"].max().unstack()
    cells = np.ma.masked_invalid(counts.to_numpy(dtype=float))
    axis.imshow(cells > 0, cmap=ListedColormap(["#dbe7f1", BLUE]), vmin=0, vmax=1, aspect="auto")
    for (row, column), lost in np.ndenumerate(cells.filled(0)):
        if lost:
            axis.text(column, row, f"{lost:.0f}", color="white", fontsize=8, ha="center", va="center")
    places = range(0, counts.shape[1], 1 + counts.shape[1] // LABELLED)
    axis.set_xticks(places, [str(counts.columns[place]) for place in places])
    axis.set_yticks(range(len(counts)), [f"$n={depth}$" for depth in counts.index])
    axis.set_xlabel(LATENT_DIMENSION)
    axis.grid(False)
    record(axis, networks)
    return figure


def orientation(summary: Summary) -> Figure:
    """Figure 7: the share of points with omega < 0 (top), and how far that of test points exceeds that of train points."""
    figure, (top, bottom) = grid(summary, rows=2)
    _by_depth(top, summary, "reversed", "mean")
    _of_input(top, summary, "reversed", "mean")
    top.set(ylabel="share of reversed points", ylim=(0, 1))
    top.set_yscale("symlog", linthresh=0.001)
    top.yaxis.set_major_formatter(PERCENT)
    legend(top, **ABOVE)
    rows, depth = reversal_gap(summary), summary.run.table_depth
    ends = (rows["value"] - rows["low"], rows["high"] - rows["value"])
    bottom.errorbar(rows.index, rows["value"], ends, color=_colour(depth), fmt="o", elinewidth=1)
    record(bottom, rows.reset_index(), space="latent", depth=depth, measure="reversed, test less train")
    bottom.axhline(0, color=GREY, linewidth=0.8, zorder=1)
    bottom.set_ylabel("test less train")
    bottom.yaxis.set_major_formatter(PERCENT)
    against_dimension(bottom)
    return figure


def _by_depth(axis: Axes, summary: Summary, quantity: str, value: str, band: Sequence[str] = ()) -> None:
    """J_L, a line per depth, from light to dark."""
    for depth, (color, marker, _) in depth_styles(summary).items():
        rows = statistics(summary, quantity, space="latent", depth=depth)
        label = _symbol("latent", depth)
        series(axis, rows, (color, marker, "-"), label, value, band, space="latent", measure=quantity)


def _of_input(axis: Axes, summary: Summary, quantity: str, value: str) -> None:
    """J_I at the tables' depth, dashed."""
    depth = summary.run.table_depth
    style, rows = (_colour(depth), "none", "--"), statistics(summary, quantity, space="input")
    series(axis, rows, style, _symbol("input", depth), value, (), space="input", measure=quantity)


def _by_class(axis: Axes, summary: Summary, quantity: str, value: str) -> None:
    """J_L at the tables' depth: class 1, and the range of the others."""
    rows = {label: statistics(summary, quantity, space="latent", label=label) for label in classes(summary)}
    by_class(axis, rows, value, space="latent", depth=summary.run.table_depth, measure=quantity)


def _colour(depth: int) -> str:
    return BY_DEPTH[depth % len(BY_DEPTH)][0]


def _symbol(space: str, depth: int) -> str:
    return f"$J_{{{'L' if space == 'latent' else 'I'},{depth}}}$"
