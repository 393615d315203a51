"""A random choice of points that does not depend on their order."""

import numpy as np


def drawn(images: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """The rows of at most `count` random images (points, N)."""
    return np.lexsort(images.T)[draw.permutation(len(images))[:count]]
