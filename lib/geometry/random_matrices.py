r"""What an untrained network's cores are, and what they would be did each activation keep a random half of its units.

The core at a point is K = W_n M_{n-1} W_{n-1} ... M_1 W_1 V_n M'_{n-1} ... M'_1 V_1. In a product of random matrices every
weight matrix has independent normal entries (a rectangular Ginibre matrix), of the variance that the initialisation has,
and every mask keeps half of its units whatever the weights are. The eigenvalues of a single square Ginibre matrix fill a
disc evenly (Ginibre 1965); those of a product crowd about zero.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from lib.base.errors import InputError

GAINS = {"pytorch": 1 / 3, "he": 2.0}  # variance of a weight times the number of units it takes its input from


def products(widths: Sequence[int], initialisation: str, draws: int, seed: int = 0) -> Tensor:
    """Cores (draws, d, d), float64, of an encoder of `widths` (N, w_1, ..., d) with coin-toss masks; `seed` fixes them.

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

    Exact in distribution, from d rows alone: X G, where X = R^T Q^T with orthonormal columns in Q, is distributed as R^T
    times a smaller G. Cost a draw: about d^2 times the sum of the sizes.
    """
    generator = torch.Generator().manual_seed(seed)
    left = torch.eye(sizes[0], dtype=torch.float64).expand(draws, -1, -1)
    for place, (size, kept) in enumerate(zip(sizes[1:], active, strict=True)):
        if place:
            left = torch.linalg.qr(left.mT, mode="r")[1].mT
        normal = torch.randn((draws, left.shape[2], kept), generator=generator, dtype=torch.float64)
        left = left @ normal * (gain / size) ** 0.5
    return left
