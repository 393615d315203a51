"""Figures of the networks themselves: how they train, what they make of images, and how tight their bounds are."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import matplotlib
import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.figures.style import (
    BLACK,
    BLUE,
    BY_DEPTH,
    ORANGE,
    Summaries,
    depth_styles,
    finish,
    grid,
    legend,
    matching,
    series,
)
from lib.runs.results import Summary, spread


def loss_curves(summaries: Summaries) -> Figure:
    """The test error during training at the table depth, for the smallest, a middle and the largest d; training error dashed."""
    figure, axes = grid(summaries, rows=1, height=3.2)
    for column, summary in enumerate(summaries.values()):
        dims = sorted(summary.run.latent_dims)
        shown = dict.fromkeys([dims[0], dims[len(dims) // 4], dims[len(dims) // 2], dims[-1]])
        for latent_dim, (color, _, _) in zip(shown, BY_DEPTH, strict=False):
            rows = matching(
                summary.history, depth=summary.run.table_depth, latent_dim=latent_dim, seed=summary.run.seeds[0]
            )
            axes[0, column].plot(rows["epoch"], rows["train_mse"], color=color, linestyle="--", linewidth=1)
            measured = rows.dropna(subset="test_mse")
            axes[0, column].plot(measured["epoch"], measured["test_mse"], color=color, marker="o")
            last = measured.iloc[-1]
            axes[0, column].annotate(
                f"$d={latent_dim}$",
                (last["epoch"], last["test_mse"]),
                (5, 0),
                textcoords="offset points",
                color=color,
                va="center",
            )
        axes[0, column].plot([], [], color="#555555", marker="o", label="test")
        axes[0, column].plot([], [], color="#555555", linestyle="--", label="train, epoch average")
        axes[0, column].set(xlabel="epoch", ylabel="mean squared error", yscale="log")
        axes[0, column].set_xscale("symlog", linthresh=1)
        axes[0, column].set_xlim(left=-0.1)
        axes[0, column].xaxis.set_major_formatter(matplotlib.ticker.ScalarFormatter())
        legend(axes[0, column])
    return figure


def final_errors(summaries: Summaries) -> Figure:
    """Mean squared error of train and test points after training, against d, by depth."""
    figure, axes = grid(summaries, rows=1, height=3.0)
    for column, summary in enumerate(summaries.values()):
        for depth, (color, marker, _) in depth_styles(summary).items():
            rows = matching(summary.members, depth=depth).groupby("latent_dim", as_index=False).mean(numeric_only=True)
            series(axes[0, column], rows, (color, marker, "-"), f"$n={depth}$, test", value="test_mse", band=())
            series(axes[0, column], rows, (color, "none", "--"), f"$n={depth}$, train", value="train_mse", band=())
        axes[0, column].set(ylabel="mean squared error", yscale="log")
        legend(axes[0, column], ncols=2)
    finish(axes)
    return figure


def reconstructions(summary: Summary) -> Figure:
    """One test image of every class (top row) and what the members of the table depth make of it, by d."""
    own = matching(summary.examples, depth=summary.run.table_depth, seed=summary.run.seeds[0])
    shown = spread(own["latent_dim"].unique().tolist(), 5)
    labels = sorted(own["label"].unique())
    figure = Figure(figsize=(0.68 * len(labels) + 0.6, 0.68 * (len(shown) + 1)))
    axes = figure.subplots(len(shown) + 1, len(labels), squeeze=False)
    for column, label in enumerate(labels):
        images = own[own["label"] == label].set_index("latent_dim")
        pictures = [images["original"].iloc[0], *(images["reconstruction"][latent_dim] for latent_dim in shown)]
        for row, picture in enumerate(pictures):
            draw_image(axes[row, column], picture, summary.image_shape)
    for row, name in enumerate(["test image", *(f"$d={latent_dim}$" for latent_dim in shown)]):
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def samples(images: np.ndarray, labels: np.ndarray, image_shape: Sequence[int], rows: int = 2) -> Figure:
    """The first images of every class, a column a class."""
    names = np.unique(labels)
    figure = Figure(figsize=(0.68 * len(names) + 0.6, 0.78 * rows))
    axes = figure.subplots(rows, len(names), squeeze=False)
    for column, name in enumerate(names):
        for axis, image in zip_longest(axes[:, column], images[labels == name][:rows]):
            if image is None:
                axis.set_axis_off()
            else:
                draw_image(axis, image, image_shape)
        axes[0, column].set_title(str(name), loc="center")
    return figure


def draw_image(axis: Axes, pixels: Any, image_shape: Sequence[int]) -> None:
    """Draw an image, 0 white and 1 black."""
    axis.imshow(np.reshape(pixels, image_shape), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set(visible=True, color="#bbbbbb", linewidth=0.5)


def bound_against_actual(checks: Mapping[str, Any]) -> Figure:
    """Bounds (`lib.bounds.Check`, by caption) against what they bound, a panel each, a dot a point; on the line both are equal."""
    columns = 3
    rows = -(-len(checks) // columns)
    figure = Figure(figsize=(7.4, 2.5 * rows))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, (name, check) in zip(axes, checks.items(), strict=False):
        bound, actual = check.bound.cpu().numpy(), check.actual.cpu().numpy()
        color, marker = (BLUE, "o") if check.kind == "lower" else (ORANGE, "s")
        axis.plot(actual, bound, color=color, marker=marker, markersize=2, linestyle="none", alpha=0.5, rasterized=True)
        high = float(actual.max())
        axis.plot([0, high], [0, high], color=BLACK, linewidth=0.9)
        axis.set(title=name, xlim=(0, 1.05 * high), ylim=(0, 2.1 * high if check.kind == "upper" else 1.05 * high))
        axis.set(xlabel="actual", ylabel=f"{check.kind} bound")
    for axis in axes[len(checks) :]:
        axis.set_visible(False)
    return figure
