r"""The spectra of the Jacobians of an autoencoder f = D o E, from two small matrices.

At a point x with z = E(x), write A = J_E(x) (d, N) and B = J_D(z) (N, d). The input-space Jacobian J_I = B A is
(N, N) but of rank at most d; its non-zero eigenvalues are those of the **core** K = A B (d, d), for
det(t I - B A) = t^(N-d) det(t I - A B). The latent-space Jacobian is J_L = J_E(f(x)) B (d, d). `cores` returns both
for every point and never forms an N x N matrix.

`lib.geometry.jacobians.fast` computes them for chains of affine layers and pointwise activations,
`lib.geometry.jacobians.general` for any other pair of modules that maps each point separately.
`lib.geometry.jacobians.checks` refuses unusable input, `lib.geometry.jacobians.memory` chooses the chunk size.
"""

import torch
from torch import Tensor, nn

from lib.base.errors import InputError
from lib.geometry.jacobians import fast, general
from lib.geometry.jacobians.checks import check_chunk_size, check_modules, check_points
from lib.geometry.jacobians.fast import Layer
from lib.geometry.jacobians.memory import in_chunks, points_that_fit
from lib.geometry.jacobians.result import Cores


def cores(
    encoder: nn.Module,
    decoder: nn.Module,
    x: Tensor,
    chunk_size: int | None = None,
    grams: bool = False,
    errors: bool = True,
) -> Cores:
    """Both cores, the mean squared error, and the rank bounds at each point of x (points, ...).

    `grams`: also the Gram matrices of the two factors, from which `lib.geometry.tangents` computes singular values, norms
    and the tangent plane without an N x N matrix. `errors=False`: no mean squared error; the fast path then never forms
    f(x). Inputs and codes of any shape are flattened.

    `chunk_size`: the number of points computed at a time. Memory is that of the result plus at most `chunk_size` times
    `floats_per_point` of the path; results for different sizes differ by rounding. Default: the number that fits a
    workspace of 64 MiB (1 GiB on a GPU) and a quarter of the free memory.
    Device and precision are those of the modules and of x. At non-smooth points the result is that of autograd: the slope
    of ReLU at 0 is 0. Cost per point: see `lib.geometry.jacobians.fast` and `general`. Raises `InputError` for unusable points or
    modules (`lib.geometry.jacobians.checks`).

    >>> encoder, decoder = nn.Sequential(nn.Linear(3, 2)), nn.Sequential(nn.Linear(2, 3))
    >>> result = cores(encoder, decoder, torch.ones(5, 3))
    >>> torch.allclose(result.input[0], encoder[0].weight @ decoder[0].weight, atol=1e-6)
    True
    """
    check_points(x, encoder)
    check_chunk_size(chunk_size)
    latent_dim = check_modules(encoder, decoder, x)
    if grams and not errors:
        raise InputError("`grams` include the projected residual, which needs f(x); leave out errors=False.")
    with torch.no_grad():
        chains = _chains(encoder, decoder, x, latent_dim)
        if chains[0] and chains[1]:
            compute = fast.cores_of(chains[0], chains[1], grams, errors)
            x = x.flatten(1)
        else:
            compute = general.cores_of(encoder, decoder, grams=grams, errors=errors)
        if chunk_size is None:
            if chains[0] and chains[1]:
                numbers = fast.floats_per_point(chains[0], chains[1], grams and x.dtype == torch.float32)
            else:
                numbers = general.floats_per_point(encoder, decoder, x[:1], grams)
            chunk_size = points_that_fit(numbers * x.element_size(), x)
        return in_chunks(compute, x, chunk_size)


def _chains(encoder: nn.Module, decoder: nn.Module, x: Tensor, latent_dim: int) -> tuple[list[Layer], list[Layer]]:
    """Both modules as layers of the fast path; empty lists unless both are chains that act on whole points."""
    chains = fast.layers(encoder), fast.layers(decoder)
    # A Linear on points (rows, columns) acts on each row, not on the whole point: its width then differs from N.
    widths = [chain[0].weight.shape[1] for chain in chains if chain]
    return chains if widths == [x[0].numel(), latent_dim] else ([], [])
