"""Figures and tables of the page `out_of_distribution`."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.measures.judging import DETECTORS, SCORES
from lib.report.layout import markdown
from lib.report.predictors import bold_if_significant, panels
from lib.report.style import BLACK, BLUE, ORANGE
from lib.training.corruptions import DISTRIBUTIONS


def detection_figure(by_dim: Mapping[int, pd.DataFrame]) -> Figure:
    """How well each detector tells sets of images from test points: a dot a set at its AUROC, a panel a latent dimension.

    `by_dim`: `lib.analysis.tournament.detection`. The short bar is the median over the sets; the dotted line, no knowledge.
    """
    figure, axes = panels([str(d) for d in by_dim], 9.0, 0.33 * len(DETECTORS) + 1.0, sharey=True)
    for axis, (latent_dim, rows) in zip(axes, by_dim.items(), strict=True):
        for place, name in enumerate(DETECTORS):
            values = rows.loc[rows["detector"] == name, "auroc"].to_numpy()
            if not len(values):
                continue
            spread = np.linspace(-0.25, 0.25, len(values))
            color, marker = (BLUE, "o") if name.startswith(("trace", "log")) else (ORANGE, "D")
            axis.plot(values, place + spread, color=color, marker=marker, linestyle="none", markersize=3, alpha=0.7)
            axis.plot(2 * [np.median(values)], [place - 0.38, place + 0.38], color=BLACK, linewidth=2)
        axis.axvline(0.5, color="#888888", linestyle=":", zorder=1)
        axis.set(title=f"$d={latent_dim}$", xlabel="AUROC", xlim=(-0.03, 1.03))
        axis.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    axes[0].set_yticks(range(len(DETECTORS)), [detector.short_label for detector in DETECTORS.values()])
    axes[0].invert_yaxis()
    return figure


def generalised_characters(
    rows: Mapping[str, Sequence[np.ndarray]], names: Sequence[str], shape: Sequence[int]
) -> Figure:
    """Images in a grid, a column a set of `names`, a row a stage of `rows`, each one image (N,) a column."""
    height, width = shape
    tiles = np.full((len(rows), height + 1, len(names), width + 1), np.nan)
    for row, images in enumerate(rows.values()):
        for column, pixels in enumerate(images):
            tiles[row, :height, column, :width] = np.reshape(pixels, shape)
    mosaic = tiles.reshape(len(rows) * (height + 1), -1)[:-1, :-1]
    figure = Figure(figsize=(9.0, 9.0 / mosaic.shape[1] * mosaic.shape[0] + 0.6))
    axis = figure.subplots()
    axis.imshow(mosaic, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axis.set_facecolor("#bbbbbb")
    axis.grid(False)
    axis.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    centres = np.arange(len(names)) * (width + 1) + (width - 1) / 2
    axis.set_xticks(centres, names, rotation=50, ha="left", rotation_mode="anchor", fontsize=9)
    axis.set_yticks(np.arange(len(rows)) * (height + 1) + (height - 1) / 2, list(rows))
    axis.spines[:].set_visible(False)
    return figure


CORRUPTION_NAMES = {
    "permuted": "test images, their pixels in one random order",
    "inverted": "test images, $1-x$",
    "rotated": "test images, turned by a quarter",
    "moved": "test images, moved by a quarter of their width",
    "blurred": "test images, smoothed by a Gaussian of an eighth of their width",
    "noisy": "test images with normal noise of standard deviation 0.3",
    "photographs": "pieces of two photographs",
    "test": "test images as they are",
}


def shifted_table(table: pd.DataFrame) -> str:
    """Spearman's rho of every score within each set of changed test points, and over all of them (`shifted_tournament`)."""
    wide = table.pivot_table(index="score", columns="set", values="spearman", sort=False)
    sure = table.pivot_table(index="score", columns="set", values="spearman_holm", sort=False)
    rows = [
        [
            SCORES[str(name)].label,
            *(bold_if_significant(f"{row[key]:.2f}", sure.loc[name, key]) for key in wide.columns),
        ]
        for name, row in wide.iterrows()
    ]
    return markdown(["score", *wide.columns], rows)


def detectors(by_dim: Mapping[int, pd.DataFrame]) -> str:
    """By detector and d: over the sets, the median size of the effect, and the median and the least AUROC."""
    rows = []
    for name, detector in DETECTORS.items():
        cells = []
        for table in by_dim.values():
            own = table.loc[table["detector"] == name]
            if own.empty:
                cells += 3 * [""]
                continue
            cells += [
                f"{own['effect'].abs().median():.1f}",
                f"{own['auroc'].median():.2f}",
                f"{own['auroc'].min():.2f}",
            ]
        rows.append([detector.short_label, *cells])
    header = ["detector", *(f"$d={d}$: {what}" for d in by_dim for what in ("effect", "AUROC", "least"))]
    return markdown(header, rows)


def sets(found: pd.DataFrame, alike: pd.DataFrame, shown: Sequence[str] = ("trace_input", "mse", "neighbours")) -> str:
    """By set of images: what it is, the AUROC of some detectors, and how far members agree on it (means over their pairs)."""
    auroc = found.set_index(["set", "detector"])["auroc"].to_dict()
    agree = alike.groupby("set", sort=False).mean(numeric_only=True)
    rows = []
    for name in agree.index:
        text = DISTRIBUTIONS[name][0] if name in DISTRIBUTIONS else CORRUPTION_NAMES.get(name, "another data set")
        cells = [f"{auroc[name, one]:.2f}" if (name, one) in auroc else "" for one in shown]
        row = agree.loc[name]
        rows.append([name, text, *cells, *(f"{row[one]:.2f}" for one in ("spearman", "apart", "error"))])
    header = ["set", "what it is", *(f"AUROC {DETECTORS[one].short_label}" for one in shown)]
    return markdown([*header, "rank agreement", "apart", "error"], rows, left=2)
