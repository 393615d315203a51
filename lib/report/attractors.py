"""Figures and tables of the page `attractors`."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.dynamics import TARGETS, Starts, orbit_correlations
from lib.report.layout import markdown, table
from lib.report.numbers import record
from lib.report.style import BLUE, NAVY, SKY, draw_image


def gallery(
    title: str,
    points: Sequence[np.ndarray],
    shares: Sequence[float],
    nearest: Sequence[np.ndarray],
    shape: Sequence[int],
) -> Figure:
    """Fixed points of a network, with the share of the orbits above each, and below it the nearest training image."""
    figure = Figure(figsize=(3.7, 1.7))
    axes = figure.subplots(2, max(6, len(points)), squeeze=False)
    figure.suptitle(title, fontsize=10)
    for place, column in enumerate(axes.T):
        for axis, images in zip(column, (points, nearest), strict=True):
            there = place < len(images)
            draw_image(axis, images[place] if there else np.zeros(shape), shape)  # blank ones keep the scale
            axis.spines[:].set_visible(there)
    for axis, share in zip(axes[0], shares, strict=False):
        axis.set_title(f"{100 * share:.0f} %", fontsize=8, loc="center", pad=2)
    return figure


def fates(shares: pd.DataFrame) -> list[Figure]:
    """The fates of orbits: a part per network, a bar per kind of starting point, its parts the shares of the fates.

    `shares`: columns `network` and `start`, then one per fate.
    """
    parts, names = [], list(shares.columns[2:])
    looks = ((BLUE, ""), (NAVY, "///"), ("#dddddd", ""), (SKY, "..."))
    for title, bars in shares.groupby("network", sort=False):
        parts.append(Figure(figsize=(3.7, 2.5)))
        axis, bottom = parts[-1].subplots(), np.zeros(len(bars))
        record(axis, bars)
        for name, (color, hatch) in zip(names, looks, strict=True):
            look = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
            axis.bar(bars["start"], bars[name], bottom=bottom, label=name, **look)
            bottom += bars[name].to_numpy()
        axis.set(title=title, ylabel="share of the orbits", ylim=(0, 1))
        axis.grid(axis="x", visible=False)
        parts[-1].legend(loc="outside lower center", ncols=4, handlelength=1.2, columnspacing=1, fontsize=9)
    return parts


def fate_correlations(starts: Starts, quantities: Mapping[str, str], fixed: int) -> str:
    """`orbit_correlations` as a table, a row per network and quantity; `quantities`: column -> name.

    Rows in which nothing can be correlated are left out.
    """
    parts, rows = orbit_correlations(starts, list(quantities), fixed), []
    for network in starts:
        for quantity, name in quantities.items():
            of_pair = [parts.get((network, quantity, target)) for target in TARGETS]
            cells = [f"{part.estimate:+.2f} [{part.low:+.2f}, {part.high:+.2f}]" if part else "" for part in of_pair]
            rows += [[network, name, *cells]] if any(of_pair) else []
    return markdown(["network", "at the start", *TARGETS], rows, left=2)


def attractors_table(numbers: Mapping[str, Mapping[str, float]]) -> str:
    """The fixed points in which orbits end (`lib.geometry.orbits.Portrait.numbers`), a row per network."""
    columns = [
        ("network", "{index}"),
        ("attractors", "{attractors:.0f}"),
        ("like a training image", "{like_training:.0f}"),
        ("largest spectral radius", "{radius_high:.2f}"),
    ]
    return table(pd.DataFrame.from_dict(numbers, orient="index").reset_index(), columns)


def basins_table(numbers: Mapping[str, Mapping[str, float]]) -> str:
    """The basins, the fixed points that Newton's method finds, and the exponents of unsettled orbits: two tables."""
    basins = [
        ("network", "{index}"),
        ("largest basin", "{largest:.0%}"),
        ("images of their basin's commonest class", "{purity:.0%}"),
        ("in a single basin", "{single:.0%}"),
        ("exponent of unsettled orbits", "{exponent:+.2f}"),
    ]
    newton = [
        ("network", "{index}"),
        ("starts from which Newton's method finds a fixed point", "{solved:.1%}"),
        ("fixed points", "{fixed_points:.0f}"),
        ("of them repelling", "{repelling:.0f}"),
    ]
    rows = pd.DataFrame.from_dict(numbers, orient="index").reset_index()
    return f"{table(rows, basins)}\n\n{table(rows, newton)}"
