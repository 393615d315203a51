r"""What eigenvalues can and cannot say about errors: statements as functions that return a bound and what it bounds.

For chains of affine layers and ReLU. Notation of the page `geometry`: r(x) = f(x) - x, f = D o E. Between two points x and
a, every ReLU acts as multiplication by a number m in [0, 1], m (h - h') = relu(h) - relu(h'); with these slopes in place
of the ReLUs, encoder and decoder become matrices A~ (d, N) and B~ (N, d), the *secant* Jacobians. They are products of
the network's weights as the Jacobians are, and equal them where x and a share all activation patterns.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lib.errors import InputError


@dataclass(frozen=True)
class Secant:
    """The secant form between points x and anchors a, all (points, ...): v = x - a, `difference` = r(x) - r(a) as the
    network computes it, `predicted` = (B~ A~ - I) v, and `basis` (points, N, d), orthonormal columns that span the image
    of B~."""

    displacement: Tensor
    difference: Tensor
    predicted: Tensor
    basis: Tensor


@dataclass(frozen=True)
class Check:
    """A statement at every point: `bound` <= `actual`, `slack` = actual - bound, `rounding` the error allowed for."""

    bound: Tensor
    actual: Tensor
    rounding: float

    @property
    def slack(self) -> Tensor:
        """actual - bound, (points,)."""
        return self.actual - self.bound

    @property
    def violations(self) -> int:
        """At how many points the bound is broken beyond rounding."""
        return int((self.slack < -self.rounding).sum())

    @property
    def tightness(self) -> Tensor:
        """bound / actual, (points,); 1 where both are 0."""
        return torch.where(self.actual > 0, self.bound / self.actual, 1.0)


def secant(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, anchors: Tensor) -> Secant:
    """The secant form of `x` (points, N) and `anchors` (points, N). Use float64: the checks are of identities.

    Raises `InputError` for modules other than `nn.Linear` and `nn.ReLU`, and where the shapes of the two differ.
    """
    if x.shape != anchors.shape:
        raise InputError(
            f"Points and anchors should have one shape, {tuple(x.shape)} and {tuple(anchors.shape)} were given."
        )
    with torch.no_grad():
        displacement = x - anchors
        z, z_anchor, moved = _secant_walk(encoder, x, anchors, displacement[:, :, None])
        directions = torch.eye(z.shape[1], dtype=x.dtype).expand(len(x), -1, -1)
        output, output_anchor, columns = _secant_walk(decoder, z, z_anchor, directions)
        predicted = (columns @ moved)[:, :, 0] - displacement
        difference = (output - x) - (output_anchor - anchors)
        return Secant(displacement, difference, predicted, torch.linalg.qr(columns).Q)


def _secant_walk(chain: nn.Sequential, h: Tensor, h_anchor: Tensor, columns: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The chain at both points, and its secant matrix times the `columns` (points, in, k)."""
    for module in chain:
        if isinstance(module, nn.Linear):
            columns = module.weight @ columns
        elif isinstance(module, nn.ReLU):
            columns = _secant_slope(h, h_anchor)[:, :, None] * columns
        else:
            raise InputError(f"The secant form is written for Linear and ReLU, {type(module).__name__} was given.")
        h, h_anchor = module(h), module(h_anchor)
    return h, h_anchor, columns


def _secant_slope(h: Tensor, h_anchor: Tensor) -> Tensor:
    """m in [0, 1] with relu(h) - relu(h') = m (h - h'): the common slope, or the positive one's share of |h| + |h'|."""
    same = (h > 0) == (h_anchor > 0)
    share = torch.maximum(h, h_anchor) / (h.abs() + h_anchor.abs()).clamp(min=torch.finfo(h.dtype).tiny)
    return torch.where(same, (h > 0).to(h.dtype), share.clamp(0, 1))


def secant_identity(form: Secant) -> Check:
    """r(x) - r(a) = (B~ A~ - I)(x - a), exactly: the distance of the two sides, which must be 0 up to rounding."""
    scale = 1 + float(form.difference.norm(dim=1).max())
    distance = (form.difference - form.predicted).norm(dim=1)
    return Check(distance, torch.zeros_like(distance), rounding=1e-11 * scale)


def normal_bound(form: Secant) -> Check:
    """|r(x) - r(a)| >= |(I - Q Q^T)(x - a)|: what of a step leaves the image of the decoder cannot be reproduced."""
    inside = (form.displacement[:, None, :] @ form.basis).transpose(1, 2)
    normal = form.displacement - (form.basis @ inside)[:, :, 0]
    actual = form.difference.norm(dim=1)
    return Check(normal.norm(dim=1), actual, rounding=1e-11 * (1 + float(actual.max())))


def nearest(x: Tensor, candidates: Tensor) -> Tensor:
    """The candidate (points, N) nearest to each row of x."""
    return candidates[torch.cdist(x, candidates).argmin(dim=1)]
