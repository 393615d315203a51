r"""The errors of the training images, smoothed over their neighbour graph and carried on to a point; log squared grey levels.

A ridge regression of log MSE on the positional encodings of the training images (`lib.geometry.graphs`), its penalty chosen by
leaving out one image at a time, evaluated at the point's encodings. These come from the graph of the training images alone.
Of more than 5,000 training images the first are taken; with fewer than 20 it is undefined (NaN). Source of the encodings:
Huang et al. (2024).
"""

from functools import lru_cache
from typing import Any

import numpy as np

from lib.geometry import graphs
from lib.measures.protocol import POINTS, TRAINING, WEIGHTS, Subject, as_measure

PENALTIES = np.logspace(-4, 4, 17)
CARRIED_ON = 5_000  # points at a time: all training images of MNIST at once take 23 GB


def ridge(features: np.ndarray, target: np.ndarray) -> Any:
    """A ridge regression of the target (points,) on standardised features (points, columns), fitted; scikit-learn's."""
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(features, target)


@lru_cache(maxsize=2)
def _graph(content: bytes, points: int) -> tuple[graphs.Graph, np.ndarray]:
    """The graph of images, given as the bytes of float64 numbers, and their encodings: the same for all networks of a run."""
    graph = graphs.neighbour_graph(np.frombuffer(content).reshape(points, -1))
    return graph, graphs.positional(graph.values, graph.vectors)


@as_measure(
    "training errors, smoothed",
    needs=(POINTS, WEIGHTS, TRAINING),
    cost=lambda sizes: sizes.training_points * (sizes.inputs + 8 * sizes.training_points / 9),
    source="huang2024",
)
def smooth(subject: Subject) -> np.ndarray:
    """The log MSE (points,) that the training errors make one expect, smoothed over the graph."""
    images = subject.training.images.numpy()[: graphs.MOST_GRAPHED].astype(np.float64)
    if len(images) < graphs.LEAST_GRAPHED:
        return np.full(len(subject), np.nan)
    graph, encodings = _graph(images.tobytes(), len(images))
    error = np.log(np.maximum(subject.training_errors[: len(images)], np.finfo(float).tiny))
    parts = np.split(subject.points, range(CARRIED_ON, len(subject.points), CARRIED_ON))
    features = [graphs.positional(graph.values, graph.vectors, graphs.extended(graph, part)) for part in parts]
    return ridge(encodings, error).predict(np.concatenate(features))
