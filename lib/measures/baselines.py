"""Simpler things than eigenvalues that a point's error may go with: its ink, and how near its neighbours are."""

import numpy as np
from torch import Tensor

from lib.training.datasets import Dataset

NEIGHBOUR = 5


def ink(images: Tensor) -> Tensor:
    """|x|^2 (points,), the sum of the squared grey levels of images (points, N)."""
    return images.double().square().sum(dim=1)


def neighbours(dataset: Dataset) -> dict[str, np.ndarray]:
    """Of every point, train before test: `nearest`, the row of its nearest training point, and `neighbour_distance`, the
    Euclidean distance to its fifth nearest.

    A training point is not its own neighbour, unless it is the only one.
    """
    train, test = (split.images.numpy() for split in (dataset.train, dataset.test))
    own, others = nearest_rows(train), nearest_rows(train, test)
    return {
        "nearest": np.concatenate([own[1][:, 0], others[1][:, 0]]),
        "neighbour_distance": np.concatenate([own[0][:, -1], others[0][:, -1]]),
    }


def neighbour_distance(reference: np.ndarray, x: np.ndarray | None = None) -> np.ndarray:
    """The distance (points,) of every row of x to its fifth nearest row of the reference; x None: among the reference itself."""
    return nearest_rows(reference, x)[0][:, -1]


def nearest_rows(reference: np.ndarray, x: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The distances (points, 5), float64, of the five nearest rows of the reference, and which they are (points, 5).

    x None: of every row of the reference among the others. Fewer columns where there are fewer rows; a single row is its own
    neighbour. Brute force (scikit-learn), which would lose the digits of distances that are small beside the points' size: the
    reference's mean is subtracted first.
    """
    from sklearn.neighbors import NearestNeighbors

    mean = reference.mean(axis=0, dtype=np.float64).astype(reference.dtype)
    most = min(NEIGHBOUR, len(reference) - (x is None))
    if not most:
        return np.zeros((1, 1)), np.zeros((1, 1), dtype=np.int64)
    search = NearestNeighbors(n_neighbors=most, algorithm="brute").fit(reference - mean)
    distances, rows = search.kneighbors(None if x is None else x - mean)
    return distances.astype(np.float64), rows
