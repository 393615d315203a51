r"""Kernel analysis: how badly the leading axes of a kernel on the codes separate the classes; between 0 and 1.

K = exp(-D^2 / s), D the distances of the codes, centred; e(k) is the squared error of regressing the classes (+-1, centred,
divided by one standard deviation) on the k leading eigenvectors, the least over s = the quantiles .1, .5, .9 of D^2. The value
is the mean of e over k = 0 ... n; the score of the source is 1 minus it. At most 50 codes a class: it depends on n. Source:
Cadieu et al. (2013).
"""

import numpy as np
from scipy.spatial.distance import cdist

from lib.measures.protocol import LABELS, TRAINING, WEIGHTS, Subject, as_measure, drawn

QUANTILES, CLASS_POINTS = (0.1, 0.5, 0.9), 50


def kernel_error(features: np.ndarray, labels: np.ndarray) -> float:
    """The mean of e(k), k = 0 ... n, of features (n, d) with labels (n,)."""
    count = len(features)
    targets = np.where(labels[:, None] == np.unique(labels), 1.0, -1.0)
    targets -= targets.mean(axis=0)
    targets /= targets.std()
    squared = cdist(features, features, "sqeuclidean")
    curves = []
    for quantile in QUANTILES:
        kernel = np.exp(-squared / np.sort(squared, axis=None)[int(quantile * count**2)])
        kernel -= kernel.mean(axis=0)
        kernel -= kernel.mean(axis=1, keepdims=True)
        values, vectors = np.linalg.eigh(kernel)
        axes = vectors[:, np.argsort(-np.abs(values))]
        gained = np.square(axes.T @ targets).sum(axis=1)
        curves.append(np.concatenate([[0], np.cumsum(gained)]))
    return float(1 - np.max(curves, axis=0).mean() / np.square(targets).sum())


@as_measure(
    "error of kernel analysis, codes",
    needs=(WEIGHTS, TRAINING, LABELS),
    cost=lambda sizes: 3 * 25 * min(sizes.training_points, 10 * CLASS_POINTS) ** 3,
    level="network",
    source="cadieu2013",
    orthogonal=False,
)
def kernel_analysis(subject: Subject) -> float:
    """The `kernel_error` of the codes of some training images of each class."""
    draw, labels, images = subject.generator(), subject.labels, subject.training.images.numpy()
    members = [np.flatnonzero(labels == one) for one in np.unique(labels)]
    rows = np.concatenate([each[drawn(images[each], CLASS_POINTS, draw)] for each in members])
    return kernel_error(subject.training_codes[rows], labels[rows])
