"""What a network makes of images given as arrays. All in float64; the network keeps its precision."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch

from lib.training.autoencoders import Pair


def encoded(pair: Pair, images: np.ndarray) -> np.ndarray:
    """The codes (points, d) of images (points, N)."""
    with torch.no_grad():
        return deepcopy(pair[0]).double()(torch.from_numpy(np.ascontiguousarray(images)).double()).numpy()


def reconstructed(pair: Pair, images: np.ndarray) -> np.ndarray:
    """The reconstructions f(x) (points, N) of images (points, N)."""
    with torch.no_grad():
        return deepcopy(pair[1]).double()(torch.from_numpy(encoded(pair, images))).numpy()


def image_errors(pair: Pair, images: np.ndarray) -> np.ndarray:
    """The mean squared errors (points,) over the pixels of images (points, N)."""
    return ((reconstructed(pair, images) - images) ** 2).mean(axis=1)


def iterated(pair: Pair, images: np.ndarray, times: Sequence[int]) -> list[np.ndarray]:
    """f applied repeatedly to images (points, N): a list of (points, N), one for each of the rising `times`."""
    results, done = [], 0
    for wanted in times:
        for _ in range(wanted - done):
            images = reconstructed(pair, images)
        results.append(images)
        done = wanted
    return results
