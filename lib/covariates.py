"""Simpler things than eigenvalues that a point's error may go with: its ink, and how near its neighbours are."""

import numpy as np
from torch import Tensor

from lib.datasets import Dataset

NEIGHBOUR = 5


def ink(images: Tensor) -> Tensor:
    """|x|^2 (points,), the sum of the squared grey levels of images (points, N)."""
    return images.double().square().sum(dim=1)


def neighbour_distance(dataset: Dataset) -> np.ndarray:
    """The Euclidean distance (train points + test points,) of each point to its fifth nearest training point.

    A training point is not its own neighbour. Brute force (scikit-learn), quadratic in the number of training points.
    Where there are fewer than five training points, the farthest counts.
    """
    from sklearn.neighbors import NearestNeighbors

    train, test = (split.images.numpy() for split in (dataset.train, dataset.test))
    search = NearestNeighbors(n_neighbors=min(NEIGHBOUR, len(train) - 1), algorithm="brute").fit(train)
    of_train = search.kneighbors()[0][:, -1]
    of_test = search.kneighbors(test)[0][:, -1]
    return np.concatenate([of_train, of_test]).astype(np.float64)
