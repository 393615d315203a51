r"""Norms of the weights; without a unit. W_l are the matrices of the affine layers, without biases.

`fro`: sum |W_l|_F^2; `dist_init`: sum |W_l - W_l0|_F^2 from the weights before training; `log_spectral`: sum log |W_l|_2^2;
`fro_over_spectral`: sum |W_l|_F^2 / |W_l|_2^2, the stable ranks; `path`: sum of squared weights along all paths from an input
or a bias to an output, unchanged where a unit is rescaled; `parameters`: their number. Source: Jiang et al. (2020), with
the formulas of the code of Dziugaite et al. (2020): all parameters squared, biases too, and an input of ones.
"""

from copy import deepcopy
from functools import partial

import numpy as np
import torch
from torch import nn

from lib.measures.protocol import INITIAL, WEIGHTS, Measure, Subject
from lib.training.autoencoders import Pair


def matrices(pair: Pair) -> list[np.ndarray]:
    """The weight matrices of all affine layers, float64."""
    layers = nn.Sequential(*pair).modules()
    return [layer.weight.detach().double().numpy() for layer in layers if isinstance(layer, nn.Linear)]


def path_norm(pair: Pair) -> float:
    """The sum of the outputs for an input of ones, with all parameters squared."""
    squared = deepcopy(nn.Sequential(*pair)).double()
    first = next(layer for layer in squared.modules() if isinstance(layer, nn.Linear))
    with torch.no_grad():
        for parameter in squared.parameters():
            parameter.square_()
        return float(squared(torch.ones(1, first.in_features, dtype=torch.float64)).sum())


def squared_norms(pair: Pair, ord: int | None = None) -> np.ndarray:
    """|W_l|^2 (layers,): Frobenius norms, or spectral norms with `ord` 2."""
    return np.array([np.linalg.norm(matrix, ord) ** 2 for matrix in matrices(pair)])


def distance(subject: Subject) -> float:
    """sum |W_l - W_l0|_F^2."""
    both = zip(matrices(subject.pair), matrices(subject.initial), strict=True)
    return sum(float(np.square(now - then).sum()) for now, then in both)


_norm = partial(Measure, cost=lambda sizes: 2 * sizes.encoder, needs=(WEIGHTS,), level="network", source="jiang2020")
fro = _norm("fro", r"$\sum\vert W\vert_F^2$", lambda subject: squared_norms(subject.pair).sum())
dist_init = _norm("dist_init", r"$\sum\vert W-W_0\vert_F^2$", distance, needs=(WEIGHTS, INITIAL), orthogonal=False)
log_spectral = _norm(
    "log_spectral", r"$\sum\log\vert W\vert_2^2$", lambda subject: np.log(squared_norms(subject.pair, 2)).sum()
)
fro_over_spectral = _norm(
    "fro_over_spectral",
    r"$\sum\vert W\vert_F^2/\vert W\vert_2^2$",
    lambda subject: (squared_norms(subject.pair) / squared_norms(subject.pair, 2)).sum(),
)
path = _norm("path", "path norm", lambda subject: path_norm(subject.pair), orthogonal=False)
parameters = _norm(
    "parameters",
    "number of parameters",
    lambda subject: sum(p.numel() for p in nn.Sequential(*subject.pair).parameters()),
)
