r"""The input Jacobian relative to the tangent plane of the decoded manifold, from d x d matrices only.

With A = J_E(x), B = J_D(E(x)) and B = Q R, the columns of Q orthonormal, J_I = B A acts on the image of B as the tangential
core K_Q = R A Q, and maps the normal directions into that image by the obliqueness C = R A (I - Q Q^T). Everything
follows from A A^T, B^T B and K = A B (`lib.geometry.jacobians.cores` with `grams`): for the
symmetric root S of B^T B, with Q = B S^+, K_Q = S K S^+ and |J_I|_F^2 = |K_Q|_F^2 + |C|_F^2 = tr(S A A^T S). The singular
values of J_I are the roots of the eigenvalues of S A A^T S.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lib.base.errors import InputError
from lib.geometry.jacobians import Cores
from lib.geometry.spectra import check_finite

RANK = 1e-12  # relative to the largest eigenvalue of B^T B, columns of length 1: smaller ones count as 0


@dataclass(frozen=True)
class Tangents:
    """The result of `tangents` at P points.

    `core` (P, d, d): the tangential core, K_Q up to a rotation of Q; `frobenius` and `spectral` (P,): |J_I|_F and |J_I|;
    `obliqueness` (P,): |C|_F; `distance` (P,): from x to the plane tangent to the decoded manifold at f(x), in units of x;
    `decoder_log_volume` (P,): log of the factor by which the decoder scales d-volume, -inf if B does not have full rank.
    """

    core: Tensor
    frobenius: Tensor
    spectral: Tensor
    obliqueness: Tensor
    distance: Tensor
    decoder_log_volume: Tensor


def tangents(cores: Cores, input_dim: int) -> Tangents:
    """The tangential core and related quantities, on the CPU, from cores with Gram matrices; `input_dim` is N.

    Computed in float64, returned in the precision of the cores. The columns of B are first scaled to length 1, and the rows
    of A against them: J_I and the tangent plane stay, and no result depends on the units of the latent axes. Singular
    values of the scaled B below 1e-6 of the largest, in float32 below 10 d^(1/2) eps, count as 0.
    Raises `InputError` if the cores have no Gram matrices, or anything is not finite.
    """
    encoder_gram, decoder_gram, core = _with_grams(cores)
    assert cores.pulled_residual is not None and cores.mse is not None
    lengths = decoder_gram.diagonal(dim1=1, dim2=2).sqrt()
    lengths = torch.where(lengths > 0, lengths, 1)
    rows, columns = lengths[:, :, None], lengths[:, None, :]
    encoder_gram, decoder_gram, core = (
        encoder_gram * rows * columns,
        decoder_gram / rows / columns,
        core * rows / columns,
    )
    values, vectors = torch.linalg.eigh(decoder_gram)
    # Rounding in B gives a singular value that should be 0 about d^(1/2) eps of the largest.
    share = max(RANK, 100 * values.shape[1] * torch.finfo(cores.input.dtype).eps ** 2)
    kept = values > share * values[:, -1:]
    root = torch.where(kept, values, 0).sqrt()
    inverse = torch.where(kept, 1 / root, 0)
    tangential = root[:, :, None] * (vectors.mT @ core @ vectors) * inverse[:, None, :]
    squared = torch.linalg.eigvalsh(root[:, :, None] * (vectors.mT @ encoder_gram @ vectors) * root[:, None, :]).clamp(
        min=0
    )
    size = squared.sum(dim=1)
    along = inverse * (vectors.mT @ (cores.pulled_residual.cpu().double() / lengths)[:, :, None])[:, :, 0]
    residual = cores.mse.cpu().double() * input_dim
    found = {
        "core": tangential,
        "frobenius": size.sqrt(),
        "spectral": squared[:, -1].sqrt(),
        "obliqueness": (size - tangential.square().sum(dim=(1, 2))).clamp(min=0).sqrt(),
        "distance": (residual - along.square().sum(dim=1)).clamp(min=0).sqrt(),
        "decoder_log_volume": torch.where(kept.all(dim=1), (root * lengths).log().sum(dim=1), -torch.inf),
    }
    return Tangents(**{name: values.to(cores.input.dtype) for name, values in found.items()})


def _with_grams(cores: Cores) -> tuple[Tensor, Tensor, Tensor]:
    """A A^T, B^T B and K, float64 on the CPU; `InputError` unless they are finite."""
    if cores.encoder_gram is None or cores.decoder_gram is None:
        raise InputError("The cores have no Gram matrices; compute them with cores(..., grams=True).")
    matrices = [matrix.cpu().double() for matrix in (cores.encoder_gram, cores.decoder_gram, cores.input)]
    for matrix in matrices:
        check_finite(matrix)
    return matrices[0], matrices[1], matrices[2]
