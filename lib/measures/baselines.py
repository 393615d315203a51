"""Baselines: ink and nearest-neighbour distance of each point."""

import numpy as np
from torch import Tensor

from lib.training.datasets import Dataset

NEIGHBOUR = 5


def ink(images: Tensor) -> Tensor:
    """|x|^2 (points,), the sum of the squared grey levels of images (points, N)."""
    return images.double().square().sum(dim=1)


def neighbours(dataset: Dataset) -> dict[str, np.ndarray]:
    """`nearest`, the row of the nearest training point, and `neighbour_distance`, the Euclidean distance to the fifth
    nearest; each (points,), train before test.

    A training point is not its own neighbour, unless it is alone.
    """
    train, test = (split.images.numpy() for split in (dataset.train, dataset.test))
    of_train, of_test = nearest_rows(train), nearest_rows(train, test)
    return {
        "nearest": np.concatenate([of_train[1][:, 0], of_test[1][:, 0]]),
        "neighbour_distance": np.concatenate([of_train[0][:, -1], of_test[0][:, -1]]),
    }


def neighbour_distance(reference: np.ndarray, x: np.ndarray | None = None) -> np.ndarray:
    """The distance (points,) of every row of x to its fifth nearest row of the reference; x None: among the reference itself."""
    return nearest_rows(reference, x)[0][:, -1]


def nearest_rows(reference: np.ndarray, x: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Distances to the five nearest rows of the reference, float64, and the numbers of these rows; both (points, 5).

    x None: for every row of the reference, among the others. Fewer columns where there are fewer rows; a single row is its own
    neighbour. Brute force (scikit-learn).
    """
    from sklearn.neighbors import NearestNeighbors

    # |a|^2 - 2 a.b + |b|^2 loses the digits of small distances between large points: subtract the mean first
    mean = reference.mean(axis=0, dtype=np.float64).astype(reference.dtype)
    most = min(NEIGHBOUR, len(reference) - (x is None))
    if not most:
        return np.zeros((1, 1)), np.zeros((1, 1), dtype=np.int64)
    search = NearestNeighbors(n_neighbors=most, algorithm="brute").fit(reference - mean)
    distances, rows = search.kneighbors(None if x is None else x - mean)
    return distances.astype(np.float64), rows
