r"""What eigenvalues can and cannot say about errors: statements as functions that return a bound and what it bounds.

For chains of affine layers and ReLU. Notation of the page `geometry`: r(x) = f(x) - x, f = D o E. Between two points x
and a, every ReLU acts as multiplication by a number m in [0, 1], m (h - h') = relu(h) - relu(h'); with these slopes in
place of the ReLUs, encoder and decoder become matrices A~ (d, N) and B~ (N, d), the *secant* Jacobians. They are
products of the network's weights as the Jacobians are, and equal them where x and a share all activation patterns.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lib.errors import InputError

ROUNDING = 1e-11  # relative to the largest length compared: what float64 may be off by


@dataclass(frozen=True)
class Secant:
    """The secant form between points x and anchors a.

    `displacement` v = x - a, `residual` r(x) and `anchor_residual` r(a) as the network computes them, and `predicted`
    (B~ A~ - I) v, all (points, N); `basis` Q (points, N, d), orthonormal columns whose span holds the image of B~.
    """

    displacement: Tensor
    residual: Tensor
    anchor_residual: Tensor
    predicted: Tensor
    basis: Tensor

    @property
    def difference(self) -> Tensor:
        """r(x) - r(a), (points, N)."""
        return self.residual - self.anchor_residual

    def normal_part(self, vectors: Tensor) -> Tensor:
        """(I - Q Q^T) u (points, N) of vectors u (points, N): what of them lies outside the image of B~."""
        along = self.basis.mT @ vectors[:, :, None]
        return vectors - (self.basis @ along)[:, :, 0]


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
        return Secant(displacement, output - x, output_anchor - anchors, predicted, torch.linalg.qr(columns).Q)


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
    distance = (form.difference - form.predicted).norm(dim=1)
    return Check(distance, torch.zeros_like(distance), _rounding(form.difference))


def normal_bound(form: Secant) -> Check:
    """|r(x) - r(a)| >= |(I - Q Q^T)(x - a)|: what of a step leaves the image of the decoder cannot be reproduced."""
    return Check(
        form.normal_part(form.displacement).norm(dim=1), form.difference.norm(dim=1), _rounding(form.difference)
    )


def residual_bound(form: Secant) -> Check:
    """|r(x)| >= |(I - Q Q^T)(x - f(a))|, the distance of x from the flat through f(a) that B~ spans.

    With a = x the flat is tangent to the decoded manifold at f(x), and no second point is needed.
    """
    from_image = form.displacement - form.anchor_residual
    return Check(form.normal_part(from_image).norm(dim=1), form.residual.norm(dim=1), _rounding(form.residual))


def _rounding(vectors: Tensor) -> float:
    return ROUNDING * (1 + float(vectors.norm(dim=1).max()))


def nearest(x: Tensor, candidates: Tensor) -> Tensor:
    """The candidate (points, N) nearest to each row of x."""
    return candidates[torch.cdist(x, candidates).argmin(dim=1)]


def flipped_units(chain: nn.Sequential, first: Tensor, second: Tensor) -> Tensor:
    """How many ReLU units of a chain are active at one of two points and not at the other, (points,) int."""
    flipped = torch.zeros(len(first), dtype=torch.int64, device=first.device)
    with torch.no_grad():
        for module in chain:
            if isinstance(module, nn.ReLU):
                flipped += ((first > 0) != (second > 0)).sum(dim=1)
            first, second = module(first), module(second)
    return flipped


def departure_from_normality(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor) -> Tensor:
    """sqrt(|J|_F^2 - sum_i |lambda_i|^2) / |J|_F (points,), in [0, 1], of the input Jacobian J = J_I at x (points, N).

    It is 0 exactly where J is normal, that is where it has an orthonormal basis of eigenvectors (Henrici 1962). |J|_F^2
    is the trace of (B^T B)(A A^T): no N x N matrix is formed. `InputError` for other
    modules than `nn.Linear` and `nn.ReLU` in the decoder, and for a core that is not finite.
    """
    points = x.detach().clone().requires_grad_()
    z = encoder(points)
    rows = [torch.autograd.grad(column.sum(), points, retain_graph=True)[0] for column in z.unbind(dim=1)]
    first = torch.stack(rows, dim=1)  # A (points, d, N)
    with torch.no_grad():
        directions = torch.eye(z.shape[1], dtype=x.dtype).expand(len(x), -1, -1)
        second = _secant_walk(decoder, z, z, directions)[2]  # B (points, N, d)
    core = first @ second
    bad = (~torch.isfinite(core)).flatten(1).any(dim=1).nonzero().flatten().tolist()
    if bad:
        raise InputError(
            f"The core holds NaN or infinity at the points in rows {bad[:5]}; mend the network or the points."
        )
    size = (second.mT @ second * (first @ first.mT)).sum(dim=(1, 2))
    normal = torch.linalg.eigvals(core).abs().square().sum(dim=1)
    return ((size - normal).clamp(min=0) / size.clamp(min=torch.finfo(size.dtype).tiny)).sqrt()
