"""Figures and tables of the page `out_of_distribution`."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.tournament import over_sets
from lib.measures.judging import DETECTORS, SCORES
from lib.report.layout import markdown
from lib.report.numbers import record
from lib.report.predictors import bold_if_significant
from lib.report.style import BLACK, BLUE, GREEN, GREY, PURPLE, row_panel
from lib.training.corruptions import DISTRIBUTIONS

Networks = Mapping[tuple[str, int], pd.DataFrame]  # by run and d, `lib.analysis.tournament.detection`
COMPARED = ("trace_input", "log_volume_input", "mse", "linear_error", "neighbours", "latent_neighbours")
DETECTOR_LOOKS = {name: (BLUE, "o") for name in DETECTORS if name.startswith(("trace", "log"))} | {"mse": (PURPLE, "s")}


def detection_figure(run: str, latent_dim: int, rows: pd.DataFrame) -> Figure:
    """How well each detector tells sets of images from test images: a dot per set at its AUROC.

    `rows`: `lib.analysis.tournament.detection`. The short bar is the median over the sets; the dotted line, chance.
    """
    figure, axis = row_panel([detector.short_label for detector in DETECTORS.values()])
    record(axis, rows[["set", "detector", "auroc", "auroc_low", "auroc_high"]], run=run, latent_dim=latent_dim)
    for place, name in enumerate(DETECTORS):
        values = rows.loc[rows["detector"] == name, "auroc"].to_numpy()
        if not len(values):
            continue
        spread = np.linspace(-0.25, 0.25, len(values))
        color, marker = DETECTOR_LOOKS.get(name, (GREEN, "D"))
        axis.plot(values, place + spread, marker, color=color, markersize=3, alpha=0.7)
        axis.plot(2 * [np.median(values)], [place - 0.38, place + 0.38], color=BLACK, linewidth=2)
    axis.axvline(0.5, color=GREY, linestyle=":", zorder=1)
    axis.set(title=f"run {run}, $d={latent_dim}$", xlabel="AUROC", xlim=(-0.03, 1.03))
    axis.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    return figure


def generalised_characters(
    rows: Mapping[str, Sequence[np.ndarray]], names: Sequence[str], shape: Sequence[int]
) -> Figure:
    """Images in a grid, a column per set of `names`, a row per stage of `rows`, each with an image (N,) per column."""
    height, width = shape
    tiles = np.full((len(rows), height + 1, len(names), width + 1), np.nan)
    for row, images in enumerate(rows.values()):
        for column, pixels in enumerate(images):
            tiles[row, :height, column, :width] = np.reshape(pixels, shape)
    mosaic = tiles.reshape(len(rows) * (height + 1), -1)[:-1, :-1]
    figure = Figure(figsize=(5.6, 5.0 / mosaic.shape[1] * mosaic.shape[0] + 0.7))
    axis = figure.subplots()
    axis.imshow(mosaic, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axis.set_facecolor("#bbbbbb")
    axis.grid(False)
    axis.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    centres = np.arange(len(names)) * (width + 1) + (width - 1) / 2
    axis.set_xticks(centres, names, rotation=30, ha="left", rotation_mode="anchor")
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


def detectors(networks: Networks) -> str:
    """For each detector and network, the median AUROC over the sets and that of the hardest set."""
    tables = [over_sets(rows) for rows in networks.values()]
    rows = [
        [
            detector.short_label,
            *(
                f"{table.loc[name, key]:.2f}" if name in table.index else ""
                for table in tables
                for key in ("median", "least")
            ),
        ]
        for name, detector in DETECTORS.items()
    ]
    header = [f"{run}: {what}" for run, _ in networks for what in ("median", "hardest")]
    return markdown(["detector", *header], rows)


def hardest(networks: Networks) -> str:
    """For each network, the AUROC of some detectors on their hardest sets."""
    rows = [
        [run, d, *(f"{value:.2f}" for value in over_sets(rows)["least"].reindex(COMPARED))]
        for (run, d), rows in networks.items()
    ]
    return markdown(["run", "$d$", *(DETECTORS[name].short_label for name in COMPARED)], rows)


def sets(detection: pd.DataFrame) -> str:
    """For each set of images: what it is, and the AUROC of three detectors."""
    auroc = detection.set_index(["set", "detector"])["auroc"].to_dict()
    shown = ("trace_input", "mse", "neighbours")
    rows = []
    for name in detection["set"].unique():
        text = DISTRIBUTIONS[name][0] if name in DISTRIBUTIONS else CORRUPTION_NAMES.get(name, "another data set")
        rows.append([name, text, *(f"{auroc[name, one]:.2f}" if (name, one) in auroc else "" for one in shown)])
    return markdown(["set", "what it is", *(DETECTORS[one].short_label for one in shown)], rows, left=2)


def agreement_by_set(alike: pd.DataFrame) -> str:
    """For each set of images, how far networks agree on it (`lib.analysis.tournament.reconstruction_agreement`)."""
    means = alike.groupby("set", sort=False)[["spearman", "apart", "error"]].mean()
    rows = [[name, *(f"{value:.2f}" for value in row)] for name, row in zip(means.index, means.to_numpy(), strict=True)]
    return markdown(["set", "rank correlation of errors", "distance of reconstructions", "error"], rows)
