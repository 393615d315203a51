r"""Spectra of cores: eigenvalues, trace, orientation and log-volume, conditioning, and the distance of two spectra.

A core is a real (d, d) matrix; its eigenvalues lambda_1 ... lambda_d are those of J_L, or the d leading eigenvalues of
J_I. The trace is their sum, the volume form omega their product: |omega| is the factor by which f scales volume, and its
sign is negative if f reverses orientation. Trace and volume are computed without eigenvalues.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from lib.base.errors import InputError, nonfinite_rows


def eigenvalues(cores: Tensor) -> Tensor:
    """Eigenvalues (points, d), complex128, of cores (points, d, d), largest modulus first; computed in float64.

    Computed on the CPU with LAPACK, for any device of the cores, on all threads of torch; about 25 d^3 operations per point.
    Raises `InputError` naming the rows that hold NaN or infinity, with which LAPACK would end the process.
    """
    check_finite(cores)
    parts = cores.detach().cpu().double().tensor_split(torch.get_num_threads())
    with ThreadPoolExecutor(len(parts)) as threads:
        values = torch.cat(list(threads.map(torch.linalg.eigvals, parts)))
    order = values.abs().argsort(dim=1, descending=True, stable=True)
    return values.gather(1, order).to(cores.device)


def check_finite(cores: Tensor) -> None:
    """Raise `InputError` naming the rows of cores that hold NaN or infinity."""
    if bad := nonfinite_rows(cores):
        raise InputError(f"{len(bad)} cores hold NaN or infinity, the first in rows {bad[:5]}; fix the network first.")


def trace(cores: Tensor) -> Tensor:
    """The trace (points,), the sum of the eigenvalues."""
    return cores.diagonal(dim1=1, dim2=2).sum(dim=1)


def log_volume(cores: Tensor) -> tuple[Tensor, Tensor]:
    """Sign (points,) in {-1, 0, 1} and log|omega| (points,) of the determinant; -inf if it is exactly 0.

    From an LU decomposition: a product of eigenvalues underflows, and `logdet` is NaN for a negative determinant.
    """
    check_finite(cores)
    sign, log = torch.linalg.slogdet(cores)
    return sign, log


def conditioning(cores: Tensor) -> Tensor:
    """sigma_min / sigma_max (points,), the ratio of the extreme singular values; 0 for a zero matrix."""
    check_finite(cores)
    singular = torch.linalg.svdvals(cores.detach().cpu().double())
    largest = singular[:, 0].clamp(min=torch.finfo(singular.dtype).tiny)
    return torch.where(singular[:, 0] > 0, singular[:, -1] / largest, 0.0).to(cores.device)


def singular(rank_bound: Tensor, latent_dim: int) -> Tensor:
    """Whether a core is structurally singular (points,): a hidden layer has fewer than d active units.

    The rank of K is at most the number of active units of any hidden layer, so omega is exactly 0; a computed value
    (such as log|omega| = -200) is rounding noise.
    """
    return rank_bound < latent_dim


def paired_distance(first: Tensor, second: Tensor, p: int) -> Tensor:
    """The smallest L^p distance (points,) of two spectra (points, d) over all pairings of their eigenvalues.

    min over permutations s of (sum_i |lambda_i - mu_s(i)|^p)^(1/p), by optimal assignment. Pairing sorted eigenvalues is not
    optimal for a few percent of the points.
    """
    cost = (first[:, :, None] - second[:, None, :]).abs().cpu().numpy() ** p
    return torch.tensor([_assigned(matrix) for matrix in cost], dtype=torch.float64) ** (1 / p)


def _assigned(cost: np.ndarray) -> float:
    rows, columns = linear_sum_assignment(cost)
    return float(cost[rows, columns].sum())
