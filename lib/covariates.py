"""Simpler things than eigenvalues that a point's error may go with: its ink, and how near its neighbours are."""

import numpy as np
from torch import Tensor

from lib.datasets import Dataset

NEIGHBOUR = 5


def ink(images: Tensor) -> Tensor:
    """|x|^2 (points,), the sum of the squared grey levels of images (points, N)."""
    return images.double().square().sum(dim=1)


def neighbours(dataset: Dataset) -> dict[str, np.ndarray]:
    """Of every point, train before test: `nearest`, the row of its nearest training point, and `neighbour_distance`, the
    Euclidean distance to its fifth nearest.

    A training point is not its own neighbour. Where there are fewer than five training points, the farthest counts.
    Brute force (scikit-learn), quadratic in the number of training points.
    """
    from sklearn.neighbors import NearestNeighbors

    train, test = (split.images.numpy() for split in (dataset.train, dataset.test))
    search = NearestNeighbors(n_neighbors=min(NEIGHBOUR, len(train) - 1), algorithm="brute").fit(train)
    distances, rows = zip(search.kneighbors(), search.kneighbors(test), strict=True)
    return {
        "nearest": np.concatenate(rows)[:, 0],
        "neighbour_distance": np.concatenate(distances)[:, -1].astype(np.float64),
    }
