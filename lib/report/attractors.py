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
    rows: Mapping[str, Sequence[np.ndarray]], captions: Mapping[str, Sequence[str]], image_shape: Sequence[int]
) -> Figure:
    """Rows of images, each row named; `captions` go above the images of the rows that have some."""
    columns = max(1, *(len(images) for images in rows.values()))
    figure = Figure(figsize=(0.8 * columns + 1.5, 0.92 * len(rows)))
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for row, (name, images) in zip(axes, rows.items(), strict=True):
        for place, axis in enumerate(row):
            if place < len(images):
                draw_image(axis, images[place], image_shape)
                if name in captions:
                    axis.set_title(captions[name][place], fontsize=7.5, loc="center", pad=2)
            elif place:
                axis.set_visible(False)
        if not len(images):
            row[0].set(xticks=[], yticks=[])
            row[0].grid(False)
            row[0].spines[:].set_visible(False)
            row[0].text(0, 0.5, "none", va="center")
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def fates(shares: pd.DataFrame) -> Figure:
    """The fates of orbits: a panel per network, a bar per kind of starting point, its parts the shares of the fates.

    `shares`: columns `network` and `start`, then one per fate.
    """
    figure, names = Figure(figsize=(7.4, 2.9)), list(shares.columns[2:])
    axes = figure.subplots(1, shares["network"].nunique(), sharey=True, squeeze=False)[0]
    record(figure, shares)
    looks = ((BLUE, ""), (NAVY, "///"), ("#dddddd", ""), (SKY, "..."))
    for axis, (title, bars) in zip(axes, shares.groupby("network", sort=False), strict=True):
        bottom = np.zeros(len(bars))
        for name, (color, hatch) in zip(names, looks, strict=True):
            look = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
            axis.bar(bars["start"], bars[name], bottom=bottom, label=name, **look)
            bottom += bars[name].to_numpy()
        axis.set_title(title)
        axis.grid(axis="x", visible=False)
    axes[0].set(ylabel="share of the orbits", ylim=(0, 1))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(names))
    return figure


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
        ("largest basin", "{largest:.0%}"),
        ("class of the basin (one basin)", "{purity:.0%} ({single:.0%})"),
    ]
    return table(pd.DataFrame.from_dict(numbers, orient="index").reset_index(), columns)


def newton_table(numbers: Mapping[str, Mapping[str, float]]) -> str:
    """The fixed points that Newton's method finds, and the exponents of unsettled orbits, a row per network."""
    columns = [
        ("network", "{index}"),
        ("starts that lead to one", "{solved:.1%}"),
        ("fixed points", "{fixed_points:.0f}"),
        ("of them repelling", "{repelling:.0f}"),
        ("exponent of unsettled orbits", "{exponent:+.2f}"),
    ]
    return table(pd.DataFrame.from_dict(numbers, orient="index").reset_index(), columns)
