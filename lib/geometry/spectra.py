r"""Spectra of cores: eigenvalues, trace, orientation and log-volume, conditioning, and the distance of two spectra.

A core is a real (d, d) matrix; its eigenvalues lambda_1 ... lambda_d are those of J_L, or the d leading ones of J_I.
The trace is their sum, the volume form omega their product; |omega| is how much f scales volume, its sign whether f
keeps orientation. Trace and volume need no eigenvalues, and are computed without.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from lib.base.errors import InputError, nonfinite_rows


def eigenvalues(cores: Tensor) -> Tensor:
    """Eigenvalues (points, d), complex128, of cores (points, d, d), largest modulus first; computed in float64.

    Whatever the device, on the CPU by LAPACK, a matrix after the other on each of torch's threads; about 25 d^3 operations a point.
    Raises `InputError` naming the rows that hold NaN or infinity, on which LAPACK would end the process.
    """
    check_finite(cores)
    parts = cores.detach().cpu().double().tensor_split(torch.get_num_threads())
    with ThreadPoolExecutor(len(parts)) as threads:
        values = torch.cat(list(threads.map(torch.linalg.eigvals, parts)))
    order = values.abs().argsort(dim=1, descending=True, stable=True)
    return values.gather(1, order).to(cores.device)


def check_finite(cores: Tensor) -> None:
    """Raise `InputError` naming the cores that hold NaN or infinity."""
    if bad := nonfinite_rows(cores):
        raise InputError(f"{len(bad)} cores hold NaN or infinity, the first in rows {bad[:5]}; mend the network first.")


def trace(cores: Tensor) -> Tensor:
    """tr, the sum of the eigenvalues, (points,)."""
    return cores.diagonal(dim1=1, dim2=2).sum(dim=1)


def log_volume(cores: Tensor) -> tuple[Tensor, Tensor]:
    """Sign (points,) in {-1, 0, 1} and log|omega| (points,) of the determinant; -inf where it is exactly 0.

    By an LU decomposition: a product of eigenvalues underflows, and a plain log-determinant is NaN below zero.
    """
    check_finite(cores)
    sign, log = torch.linalg.slogdet(cores)
    return sign, log


def conditioning(cores: Tensor) -> Tensor:
    """sigma_min / sigma_max (points,), the ratio of the extreme singular values; 0 for a core that is zero."""
    check_finite(cores)
    singular = torch.linalg.svdvals(cores.detach().cpu().double())
    largest = singular[:, 0].clamp(min=torch.finfo(singular.dtype).tiny)
    return torch.where(singular[:, 0] > 0, singular[:, -1] / largest, 0.0).to(cores.device)


def singular(rank_bound: Tensor, latent_dim: int) -> Tensor:
    """Whether a core is structurally singular (points,): some hidden layer has fewer than d active units.

    rank K <= min(d, active units of any hidden layer), so omega is exactly 0 there, and whatever a determinant routine
    returns for it (a log|omega| of -200, say) is rounding noise.
    """
    return rank_bound < latent_dim


def paired_distance(first: Tensor, second: Tensor, p: int) -> Tensor:
    """The L^p norm (points,) of the difference of two spectra (points, d), paired so as to make it smallest.

    min over permutations s of (sum_i |lambda_i - mu_s(i)|^p)^(1/p), by optimal assignment. Sorting would mispair a few
    percent of the points.
    """
    cost = (first[:, :, None] - second[:, None, :]).abs().cpu().numpy() ** p
    return torch.tensor([_assigned(matrix) for matrix in cost], dtype=torch.float64) ** (1 / p)


def _assigned(cost: np.ndarray) -> float:
    rows, columns = linear_sum_assignment(cost)
    return float(cost[rows, columns].sum())
