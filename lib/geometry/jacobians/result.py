"""The results of the Jacobian engine."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Cores:
    """The result of `lib.geometry.jacobians.cores` at P points.

    `input` (P, d, d): K = J_E(x) J_D(E(x)), the core of J_I; `latent` (P, d, d): J_L = J_E(f(x)) J_D(E(x));
    `mse` (P,): |f(x) - x|^2 / N, None with `errors=False`. `rank_bound_input` and `rank_bound_latent` (P,) int: the minimum
    of d and the numbers of active units in the hidden layers, an upper bound of the rank of the core; d on the general
    path, where the layers are unknown.
    With `grams`, A = J_E(x) and B = J_D(E(x)): `encoder_gram` A A^T and `decoder_gram` B^T B, both (P, d, d), and
    `pulled_residual` B^T (f(x) - x), (P, d); else None. The last two are float64: squared in float32, singular values of B
    below 10^-3 of the largest would be lost.
    """

    input: Tensor
    latent: Tensor
    mse: Tensor | None
    rank_bound_input: Tensor
    rank_bound_latent: Tensor
    encoder_gram: Tensor | None = None
    decoder_gram: Tensor | None = None
    pulled_residual: Tensor | None = None


Compute = Callable[[Tensor], Cores]  # points (P, ...) -> their cores
