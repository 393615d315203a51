r"""The secant Jacobian between two points, and the quantities derived from it.

Between two points every ReLU acts as multiplication by a number m in [0, 1], m (h - h') = relu(h) - relu(h'). With these
slopes in place of the ReLUs, encoder and decoder become matrices A~ (d, N) and B~ (N, d). Like the
Jacobians they are products of the network's weights; they equal the Jacobians if all units agree at the two points, and

    r(x) - r(a) = (B~ A~ - I)(x - a)        exactly, at any distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
import torch
from torch import Tensor, nn

from lib.base.errors import InputError
from lib.geometry import spectra
from lib.geometry.jacobians.checks import check_modules, check_points
from lib.geometry.jacobians.fast import Layer, layers


@dataclass(frozen=True)
class LinearMap:
    """A matrix for each of P points: the product of a chain's weights with slopes (P, width) between them; never formed."""

    weights: Sequence[Tensor]
    slopes: Sequence[Tensor | None]  # after each weight; None without an activation

    def __call__(self, columns: Tensor) -> Tensor:
        """The matrix times columns (P, in, k): (P, out, k)."""
        for weight, slope in zip(self.weights, self.slopes, strict=True):
            columns = weight @ columns
            if slope is not None:
                columns = slope[:, :, None] * columns
        return columns

    def transposed(self, columns: Tensor) -> Tensor:
        """The transpose times columns (P, out, k): (P, in, k)."""
        for weight, slope in zip(reversed(self.weights), reversed(self.slopes), strict=True):
            if slope is not None:
                columns = slope[:, :, None] * columns
            columns = weight.T @ columns
        return columns


@dataclass(frozen=True)
class Secant:
    """The secant form between P points x and anchors a.

    `displacement` v = x - a, `residual` r(x) and `anchor_residual` r(a) as the network computes them, (P, N); the maps
    `first` A~ and `second` B~. Derived: B~ = Q R (`basis` (P, N, d), orthonormal columns whose span contains the image of B~,
    `triangle` (P, d, d)), `core` K_Q = R A~ Q (P, d, d), `oblique` C = R A~ (I - Q Q^T) (P, d, N), and the parts of v,
    `along` alpha = Q^T v (P, d) and `across` beta = (I - Q Q^T) v (P, N).
    """

    displacement: Tensor
    residual: Tensor
    anchor_residual: Tensor
    first: LinearMap
    second: LinearMap

    @cached_property
    def _factors(self) -> tuple[Tensor, Tensor]:
        columns = self.second(identities(self.second.weights[0].shape[1], self.displacement))
        return tuple(torch.linalg.qr(columns))

    @property
    def basis(self) -> Tensor:
        """Q (P, N, d)."""
        return self._factors[0]

    @property
    def triangle(self) -> Tensor:
        """R (P, d, d)."""
        return self._factors[1]

    @cached_property
    def _rows(self) -> Tensor:
        """R A~ (P, d, N)."""
        return self.first.transposed(self.triangle.mT).mT

    @cached_property
    def core(self) -> Tensor:
        """K_Q (P, d, d)."""
        return self._rows @ self.basis

    @cached_property
    def oblique(self) -> Tensor:
        """C (P, d, N)."""
        return self._rows - self.core @ self.basis.mT

    @cached_property
    def frobenius(self) -> Tensor:
        """|B~ A~|_F (P,)."""
        return self._rows.square().sum(dim=(1, 2)).sqrt()

    @cached_property
    def eigenvalues(self) -> Tensor:
        """The eigenvalues of K_Q (P, d), complex; B~ A~ has the same non-zero eigenvalues."""
        return spectra.eigenvalues(self.core)

    @cached_property
    def departure(self) -> Tensor:
        """Henrici's departure from normality of J = B~ A~, (P,): sqrt(|T|_F^2 + |C|_F^2); 0 if and only if J is normal."""
        strict = self.schur[0].triu(1).abs().square().sum(dim=(1, 2))
        return (strict + self.oblique.square().sum(dim=(1, 2))).sqrt()

    @cached_property
    def schur(self) -> tuple[Tensor, Tensor]:
        """The complex Schur form K_Q = U (Lambda + T) U*: Lambda + T and U, both (P, d, d) complex."""
        spectra.check_finite(self.core)
        forms = [scipy.linalg.schur(core, output="complex") for core in self.core.cpu().numpy()]
        triangular, unitary = (
            torch.from_numpy(np.stack(part)).to(self.core.device) for part in zip(*forms, strict=True)
        )
        return triangular, unitary

    @property
    def difference(self) -> Tensor:
        """r(x) - r(a), (P, N)."""
        return self.residual - self.anchor_residual

    @cached_property
    def along(self) -> Tensor:
        """alpha (P, d)."""
        return matvec(self.basis.mT, self.displacement)

    @cached_property
    def across(self) -> Tensor:
        """beta (P, N)."""
        return self.normal_part(self.displacement)

    @cached_property
    def mixed(self) -> Tensor:
        """C beta (P, d): the tangential effect of the normal part of v."""
        return matvec(self.oblique, self.across)

    def normal_part(self, vectors: Tensor) -> Tensor:
        """(I - Q Q^T) u (P, N), the part of vectors u (P, N) normal to the span of Q."""
        return vectors - matvec(self.basis, matvec(self.basis.mT, vectors))

    @cached_property
    def scale(self) -> Tensor:
        """The size (P,) of the compared lengths, to which rounding is relative."""
        reach = (1 + self.frobenius) * (self.displacement.norm(dim=1) + self.anchor_residual.norm(dim=1))
        return reach + self.residual.norm(dim=1)


def secant(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, anchors: Tensor) -> Secant:
    """The secant form of `x` (P, N) and `anchors` (P, N); for x = a it holds the Jacobians at x. Use float64.

    Raises `InputError` for modules other than chains of `nn.Linear` and `nn.ReLU`, for different shapes, and for points
    that are not finite.
    """
    if x.shape != anchors.shape:
        raise InputError(
            f"Points and anchors should have the same shape, {tuple(x.shape)} and {tuple(anchors.shape)} were given."
        )
    check_rows(encoder, decoder, x)
    check_points(anchors, encoder)
    with torch.no_grad():
        z, z_anchor, first = _walk(encoder, x, anchors)
        output, output_anchor, second = _walk(decoder, z, z_anchor)
        return Secant(x - anchors, output - x, output_anchor - anchors, first, second)


def check_rows(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> None:
    """Raise `InputError` unless x is finite, float64 (P, N), and the modules are an autoencoder of such points."""
    if x.dtype != torch.float64 or x.ndim != 2:
        raise InputError(
            f"Points should be float64 of the shape (points, N), {x.dtype} {tuple(x.shape)} was given; convert them, and images to "
            "rows, with an nn.Unflatten before the encoder and an nn.Flatten after the decoder."
        )
    check_points(x, encoder)
    check_modules(encoder, decoder, x, compresses=False)


def relu_layers(chain: nn.Module) -> list[Layer]:
    """The layers of a chain (`lib.geometry.jacobians.fast`); `InputError` unless all are Linear, with ReLU or nothing after."""
    chain_layers = layers(chain)
    if not chain_layers or any(type(module) is not nn.ReLU for layer in chain_layers for module in layer.after):
        names = [type(module).__name__ for module in chain.modules() if not list(module.children())]
        raise InputError(
            f"The statements are about chains of Linear layers with ReLU between them, {', '.join(names)} was given; give such a "
            "chain, without hooks."
        )
    return chain_layers


def _walk(chain: nn.Module, h: Tensor, h_anchor: Tensor) -> tuple[Tensor, Tensor, LinearMap]:
    """The outputs of a chain at both points, and its secant map."""
    weights: list[Tensor] = []
    slopes: list[Tensor | None] = []
    for layer in relu_layers(chain):
        h, h_anchor = (nn.functional.linear(values, layer.weight, layer.bias) for values in (h, h_anchor))
        weights.append(layer.weight.detach())
        slopes.append(secant_slope(h, h_anchor) if layer.after else None)
        if layer.after:
            h, h_anchor = h.relu(), h_anchor.relu()
    return h, h_anchor, LinearMap(weights, slopes)


def secant_slope(h: Tensor, h_anchor: Tensor) -> Tensor:
    """m in [0, 1] with relu(h) - relu(h') = m (h - h'): the common slope if both signs agree, else the positive
    value divided by |h| + |h'|."""
    same = (h > 0) == (h_anchor > 0)
    share = torch.maximum(h, h_anchor) / (h.abs() + h_anchor.abs()).clamp(min=torch.finfo(h.dtype).tiny)
    return torch.where(same, (h > 0).to(h.dtype), share.clamp(0, 1))


def flipped_units(chain: nn.Module, first: Tensor, second: Tensor) -> Tensor:
    """The number of ReLU units of a chain that are active at exactly one of two points, (P,) int."""
    flipped = torch.zeros(len(first), dtype=torch.int64, device=first.device)
    with torch.no_grad():
        for layer in relu_layers(chain):
            first, second = (nn.functional.linear(values, layer.weight, layer.bias) for values in (first, second))
            if layer.after:
                flipped += ((first > 0) != (second > 0)).sum(dim=1)
                first, second = first.relu(), second.relu()
    return flipped


def identities(size: int, like: Tensor) -> Tensor:
    """The identity matrix for each of P points, (P, size, size), in the precision and on the device of `like` (P, ...)."""
    return torch.eye(size, dtype=like.dtype, device=like.device).expand(len(like), -1, -1)


def matvec(matrices: Tensor, vectors: Tensor) -> Tensor:
    """The products (P, m) of matrices (P, m, n) and vectors (P, n)."""
    return (matrices @ vectors[:, :, None])[:, :, 0]
