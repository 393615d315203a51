"""The points that a diagnosis finds most unusual, drawn as images or curves above their reconstructions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from lib.analysis.diagnosis import Diagnosis, most_unusual, reconstructed_points
from lib.training.user_models import Model

LONGEST_NAME = 18  # letters of a name
LONGEST_TITLE = 60


@dataclass(frozen=True)
class Curves:
    """A sequence to be drawn as curves: `channels` (channels, length)."""

    channels: np.ndarray


Picture = tuple[str, np.ndarray | Curves, np.ndarray | Curves]


def short_name(name: str, longest: int = LONGEST_NAME) -> str:
    """A name for a figure, cut in its middle; dollar signs stand for themselves."""
    half = (longest - 1) // 2
    return (name if len(name) <= longest else f"{name[:half]}…{name[-half:]}").replace("$", r"\$")


def pictures(found: Diagnosis, most: int = 8) -> dict[str, list[Picture]]:
    """`most_unusual` of every set as images or curves: title, original, reconstruction. Empty with nothing to draw."""
    shown = {}
    for name, one in found.data.items():
        chosen = most_unusual(one, most)
        values = one.values[torch.from_numpy(chosen.index.to_numpy())]
        redrawn = reconstructed_points(found.model, values) if len(chosen) else values
        originals, redrawn = (_drawable(points, found) for points in (values, redrawn))
        if originals is not None and redrawn is not None:
            shown[name] = list(zip(chosen["point"], originals, redrawn, strict=True))
    return shown if any(shown.values()) else {}


def _drawable(points: torch.Tensor, found: Diagnosis) -> np.ndarray | Sequence[Curves] | None:
    sequences = curves(points, found.model)
    return images(points) if sequences is None else [Curves(channels) for channels in sequences]


def curves(values: Tensor, model: Model) -> np.ndarray | None:
    """Points as sequences (points, channels, length), where one of their two dimensions is 1 or the model has layers for
    sequences: channels first for convolutions, last for recurrent layers and attention; else None."""
    if values.ndim != 3:
        return None
    array = values.detach().cpu().numpy()
    layers = [layer for part in (model.encoder, model.decoder) for layer in part.modules()]
    by_steps = any(isinstance(layer, (nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention)) for layer in layers)
    by_channels = any(isinstance(layer, (nn.Conv1d, nn.ConvTranspose1d)) for layer in layers)
    if array.shape[2] == 1 or (by_steps and array.shape[1] != 1):
        return array.transpose(0, 2, 1)
    return array if by_channels or array.shape[1] == 1 else None


def images(values: Tensor) -> np.ndarray | None:
    """Points as images (points, height, width[, 3]), where their shape is that of images, channels first; else None."""
    array = values.detach().cpu().numpy()
    if array.ndim == 4 and array.shape[1] in (1, 3):
        return array[:, 0] if array.shape[1] == 1 else array.transpose(0, 2, 3, 1)
    return array if array.ndim == 3 else None


def flagged_pictures(pictures: Mapping[str, Sequence[Picture]]) -> Figure:
    """Two rows a set: points as images or curves, under their names, and below each its reconstruction."""
    columns = max([1, *map(len, pictures.values())])
    heights = [2.15 if shown else 0.4 for shown in pictures.values()]
    figure = Figure(figsize=(0.95 * max(columns, 4), sum(heights)))
    parts = figure.subfigures(len(pictures), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, (name, shown) in zip(parts, pictures.items(), strict=True):
        title = short_name(name, LONGEST_TITLE)
        part.suptitle(title if shown else f"{title}: none flagged", x=0.01, ha="left", fontsize=10)
        if not shown:
            continue
        axes = part.subplots(2, columns, squeeze=False)
        for axis in axes.ravel():
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(True)
        for axis in axes[:, len(shown) :].ravel():
            axis.set_axis_off()
        values = np.array([getattr(original, "channels", original) for _, original, _ in shown])
        grey = values.min() >= 0 and values.max() <= 1
        low, high = (0.0, 1.0) if grey else (float(values.min()), float(values.max()))
        for column, (point, *pair) in enumerate(shown):
            axes[0, column].set_title(short_name(point, 11), fontsize=8, loc="center")
            for axis, picture in zip(axes[:, column], pair, strict=True):
                _draw(axis, picture, low, high)
    return figure


def _draw(axis: Axes, picture: np.ndarray | Curves, low: float, high: float) -> None:
    width = high - low or 1.0
    if isinstance(picture, Curves):
        axis.plot(picture.channels.T, linewidth=0.8)
        axis.set(ylim=(low - 0.1 * width, high + 0.1 * width))
        axis.grid(visible=False)
    else:
        shades = np.clip((picture - low) / width, 0, 1)
        axis.imshow(shades, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
