"""Named options of a run, and the layer widths they imply. Needs no torch, so that reading a run stays quick."""

from collections.abc import Sequence

import numpy as np

TORCHVISION = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}
DATASETS = ("digits", *TORCHVISION)
HIDDEN_WIDTHS = {"linear": np.linspace, "geometric": np.geomspace}
INITIALISATIONS = ("pytorch", "he")
OUTPUTS = ("affine", "sigmoid")
LOSSES = ("squared", "cross-entropy")
PRECISIONS = ("float32", "float64", "bfloat16")


def widths(input_dim: int, latent_dim: int, depth: int, hidden: str | Sequence[int]) -> tuple[int, ...]:
    """The encoder's widths (N, w_1, ..., w_{n-1}, d).

    `hidden`: `"linear"` (w_k falls from N to d in equal steps), `"geometric"` (in equal ratios), or the n - 1 hidden widths.
    >>> widths(784, 20, 4, "linear")
    (784, 593, 402, 211, 20)
    >>> widths(784, 20, 4, "geometric")
    (784, 313, 125, 50, 20)
    """
    if isinstance(hidden, str):
        return tuple(round(float(width)) for width in HIDDEN_WIDTHS[hidden](input_dim, latent_dim, depth + 1))
    return (input_dim, *hidden, latent_dim)
