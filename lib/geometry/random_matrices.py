r"""Cores of untrained networks, and the random-matrix model in which each ReLU keeps half of its units.

The core at a point is K = W_n M_{n-1} W_{n-1} ... M_1 W_1 V_n M'_{n-1} ... M'_1 V_1. In a product of random matrices each
weight matrix has independent normal entries (a rectangular Ginibre matrix) with the variance of the initialisation,
and each mask keeps half of its units, independently of the weights. The eigenvalues of a square Ginibre matrix are uniform
on a disc (Ginibre 1965); those of a product concentrate near zero.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from lib.base.errors import InputError

GAINS = {"pytorch": 1 / 3, "he": 2.0}  # variance of a weight times the fan-in of its layer


def products(widths: Sequence[int], initialisation: str, draws: int, seed: int = 0) -> Tensor:
    """Cores (draws, d, d), float64, of random encoders of `widths` (N, w_1, ..., d) and mirrored decoders; `seed` fixes the draws.

    >>> products((64, 32, 2), "he", draws=5).shape
    torch.Size([5, 2, 2])
    """
    if draws < 1:
        raise InputError(f"`draws` should be positive, {draws} was given; a few hundred show the distribution.")
    input_dim, *hidden, latent_dim = widths
    halves = [size // 2 for size in hidden]
    sizes = [latent_dim, *reversed(hidden), input_dim, *hidden, latent_dim]
    return chain(sizes, [*reversed(halves), input_dim, *halves, latent_dim], GAINS[initialisation], draws, seed)


def chain(sizes: Sequence[int], active: Sequence[int], gain: float, draws: int, seed: int = 0) -> Tensor:
    """G_1 M_1 ... G_k M_k (draws, d, d'): G_i (sizes[i-1], sizes[i]) normal of variance gain / sizes[i]; M_i keeps active[i-1]
    of its sizes[i] columns.

    Exact in distribution, with d rows only: X G, where X = R^T Q^T with orthonormal columns of Q, has the distribution of R^T
    times a smaller G. Cost per draw: about d^2 times the sum of the sizes.
    """
    generator = torch.Generator().manual_seed(seed)
    left = torch.eye(sizes[0], dtype=torch.float64).expand(draws, -1, -1)
    for index, (size, kept) in enumerate(zip(sizes[1:], active, strict=True)):
        if index:  # replace X by R^T: a normal matrix times the orthonormal Q^T is again normal
            left = torch.linalg.qr(left.mT, mode="r")[1].mT
        normal = torch.randn((draws, left.shape[2], kept), generator=generator, dtype=torch.float64)
        left = left @ normal * (gain / size) ** 0.5
    return left
