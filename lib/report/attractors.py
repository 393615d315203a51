"""Figures and tables of the page `attractors`."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.dynamics import TARGETS, Starts, orbit_correlations
from lib.report.layout import markdown, table
from lib.report.style import BLUE, GREEN, ORANGE, SKY, draw_image


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


def fates(shares: Mapping[str, Mapping[str, Sequence[float]]], names: Sequence[str]) -> Figure:
    """The fates of orbits: a panel a network, a bar a kind of starting point, its parts the shares of the fates `names`."""
    figure = Figure(figsize=(7.4, 2.9))
    axes = figure.subplots(1, len(shares), sharey=True, squeeze=False)[0]
    looks = ((BLUE, ""), (ORANGE, "///"), (SKY, "..."), ("#dddddd", ""), (GREEN, "xx"))
    for axis, (title, bars) in zip(axes, shares.items(), strict=True):
        bottom = np.zeros(len(bars))
        for place, (name, (color, hatch)) in enumerate(zip(names, looks, strict=False)):
            heights = np.array([parts[place] for parts in bars.values()])
            look = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
            axis.bar(list(bars), heights, bottom=bottom, label=name, **look)
            bottom += heights
        axis.set_title(title)
        axis.grid(axis="x", visible=False)
    axes[0].set(ylabel="share of the orbits", ylim=(0, 1))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(names), frameon=False)
    return figure


def fate_correlations(starts: Starts, quantities: Mapping[str, str], fixed: int) -> str:
    """`orbit_correlations` as a table, a row a network; `quantities`: column -> name. Blank where nothing can be correlated."""
    parts, rows = orbit_correlations(starts, list(quantities), fixed), []
    pairs = [(quantity, target) for quantity in quantities for target in TARGETS]
    for name, columns in starts.items():
        of_network = [parts.get((name, *pair)) for pair in pairs]
        cells = [f"{part.estimate:+.2f} [{part.low:+.2f}, {part.high:+.2f}]" if part else "" for part in of_network]
        rows.append([name, f"{int((columns['fate'] == fixed).sum())} of {len(columns['fate'])}", *cells])
    named = [f"{quantities[quantity]}: {target}" for quantity, target in pairs]
    return markdown(["network", "end in a fixed point", *named], rows)


def attractors_table(numbers: Mapping[str, Mapping[str, float]]) -> str:
    """The fixed points of each network (`lib.geometry.orbits.Portrait.numbers`), a row a network."""
    columns = [
        ("network", "{index}"),
        ("attractors", "{attractors:.0f}"),
        ("spectral radius", "{radius_low:.2f} to {radius_high:.2f}"),
        ("like a training image", "{like_training:.0f}"),
        ("largest basin", "{largest:.0%}"),
        ("commonest class", "{purity:.0%} ({single:.0%})"),
        ("Newton's method", "{solved:.0%}: {fixed_points:.0f}, {repelling:.0f} repel"),
        ("exponent of unsettled", "{exponent:+.2f}"),
    ]
    return table(pd.DataFrame.from_dict(numbers, orient="index").reset_index(), columns)
