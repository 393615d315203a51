"""Figures of a diagnosis: how sets of points spread beside the reference, what is flagged, what goes with the errors."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.figures.style import BLACK, BLUE, ORANGE

WIDE = 30  # times the central range: what spreads farther is drawn on a scale that is logarithmic outside of it
LONGEST = 18  # letters of a name
Picture = tuple[str, np.ndarray, np.ndarray]


def _short(name: str, longest: int = LONGEST) -> str:
    half = (longest - 1) // 2
    return name if len(name) <= longest else f"{name[:half]}…{name[-half:]}"


def quantile_bars(
    sets: Mapping[str, pd.DataFrame], quantities: Mapping[str, str], limits: Mapping[str, tuple[float, float]]
) -> Figure:
    """A panel a quantity, a row a set of points: median (mark), middle half (thick), middle 99 % (thin).

    `quantities`: columns and their labels. A grey band: the `limits` of the reference, where they are known and finite.
    Infinite values (log volume where omega is 0) are left out.
    """
    figure = Figure(figsize=(8.4, 1.1 + 0.36 * len(sets)))
    axes = figure.subplots(1, len(quantities), sharey=True, squeeze=False)[0]
    for axis, (quantity, label) in zip(axes, quantities.items(), strict=True):
        low, high = limits.get(quantity, (-np.inf, np.inf))
        if np.isfinite([low, high]).all():
            axis.axvspan(low, high, color="#dddddd", zorder=0, linewidth=0)
        for place, frame in enumerate(sets.values()):
            values = frame[quantity][np.isfinite(frame[quantity])]
            if len(values):
                ends = np.quantile(values, [0.005, 0.25, 0.5, 0.75, 0.995])
                axis.plot(ends[[0, 4]], [place, place], color=BLUE, linewidth=1)
                axis.plot(ends[[1, 3]], [place, place], color=BLUE, linewidth=4, solid_capstyle="butt")
                axis.plot(ends[2], place, color=BLACK, marker="o", markersize=5)
        left, right = axis.get_xlim()
        if high > low and right - left > WIDE * (high - low) and np.isfinite([low, high]).all():
            axis.set_xscale("symlog", linthresh=max(abs(low), abs(high)))
        axis.set(
            xlabel=label,
            yticks=range(len(sets)),
            yticklabels=[_short(name) for name in sets],
            ylim=(len(sets) - 0.5, -0.5),
        )
        axis.grid(axis="y", visible=False)
    return figure


def flagged_pictures(pictures: Mapping[str, Sequence[Picture]]) -> Figure:
    """Two rows a set: points as images, titled by what they are called, and below each what the network makes of it."""
    columns = max([1, *map(len, pictures.values())])
    heights = [2.15 if shown else 0.4 for shown in pictures.values()]
    figure = Figure(figsize=(0.95 * max(columns, 4), sum(heights)))
    parts = figure.subfigures(len(pictures), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, (name, shown) in zip(parts, pictures.items(), strict=True):
        part.suptitle(name if shown else f"{name}: none flagged", x=0.01, ha="left", fontsize=10)
        if not shown:
            continue
        axes = part.subplots(2, columns, squeeze=False)
        for axis in axes.ravel():
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(True)
        for axis in axes[:, len(shown) :].ravel():
            axis.set_axis_off()
        originals = np.array([image for _, image, _ in shown])
        grey = originals.min() >= 0 and originals.max() <= 1
        low, high = (0.0, 1.0) if grey else (float(originals.min()), float(originals.max()))
        width = high - low or 1.0
        for column, (title, image, reconstruction) in enumerate(shown):
            axes[0, column].set_title(_short(title, 11), fontsize=8, loc="center")
            for axis, picture in zip(axes[:, column], (image, reconstruction), strict=True):
                axis.imshow(
                    np.clip((picture - low) / width, 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest"
                )
    return figure


def error_correlations(tables: Mapping[str, pd.DataFrame], labels: Mapping[str, str], strong: Sequence[str]) -> Figure:
    """A panel a set of points: Spearman's rho with the error, its 95 % interval, a row a predictor; filled marks: `strong`."""
    rows = [name for name in labels if any(name in table.index for table in tables.values())]
    figure = Figure(figsize=(max(5.0, 1.2 + 1.9 * len(tables)), 1.2 + 0.3 * len(rows)))
    axes = figure.subplots(1, len(tables), sharey=True, sharex=True, squeeze=False)[0]
    for axis, (name, table) in zip(axes, tables.items(), strict=True):
        axis.axvline(0, color="#888888", linewidth=0.8)
        for place, predictor in enumerate(rows):
            if predictor in table.index:
                rho, low, high = table.loc[predictor, ["rho", "low", "high"]]
                color = ORANGE if predictor in strong else BLUE
                axis.plot([low, high], [place, place], color=color)
                fill = color if predictor in strong else "white"
                axis.plot(rho, place, color=color, marker="o", markerfacecolor=fill, markersize=6)
        axis.set(
            title=name, yticks=range(len(rows)), yticklabels=[labels[row] for row in rows], ylim=(len(rows) - 0.5, -0.5)
        )
        axis.set(xlim=(-1.1, 1.1), xlabel=r"Spearman's $\rho$")
        axis.grid(axis="y", visible=False)
    return figure
