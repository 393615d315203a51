r"""Statements between a point x and an anchor a, from the secant form, a function each.

v = x - a = Q alpha + beta; Q, K_Q and C as in `lib.geometry.bounds.secants`; lambda_i the eigenvalues of K_Q.
"""

import torch
from torch import Tensor

from lib.geometry.bounds.check import Check, check
from lib.geometry.bounds.secants import Secant, identities, matvec

NORMAL = 1e-11  # departures from normality below this share of |J|_F are rounding


def secant_identity(form: Secant) -> Check:
    """r(x) - r(a) = (B~ A~ - I) v, exactly: the length of the difference of the two sides must be 0."""
    moved = form.second(form.first(form.displacement[:, :, None]))[:, :, 0]
    distance = (form.difference - moved + form.displacement).norm(dim=1)
    return check("secant identity", "identity", torch.zeros_like(distance), distance, form.scale)


def split_identity(form: Secant) -> Check:
    """|r(x) - r(a)|^2 = |beta|^2 + |(K_Q - I) alpha + C beta|^2, as lengths."""
    tangential = matvec(form.core, form.along) - form.along + form.mixed
    return _compared(form, "tangent-normal split", "identity", _length(form, tangential.norm(dim=1)))


def normal_bound(form: Secant) -> Check:
    """|r(x) - r(a)| >= |beta|: the part of a step normal to the image of the decoder cannot be reproduced."""
    return _compared(form, "normal part", "lower", form.across.norm(dim=1))


def residual_bound(form: Secant) -> Check:
    """|r(x)| >= |(I - Q Q^T)(x - f(a))|, the distance of x from the flat through f(a) that Q spans."""
    distance = form.normal_part(form.displacement - form.anchor_residual).norm(dim=1)
    return check("distance from the flat", "lower", distance, form.residual.norm(dim=1), form.scale)


def two_sided_lower(form: Secant) -> Check:
    """|beta|^2 + (sigma_min(K_Q - I) |alpha| - |C beta|)_+^2 <= |r(x) - r(a)|^2, as lengths."""
    inner = (_gains(form)[:, -1] * form.along.norm(dim=1) - form.mixed.norm(dim=1)).clamp(min=0)
    return _compared(form, "two-sided, lower", "lower", _length(form, inner))


def two_sided_upper(form: Secant) -> Check:
    """|r(x) - r(a)|^2 <= |beta|^2 + (sigma_max(K_Q - I) |alpha| + |C beta|)^2, as lengths."""
    inner = _gains(form)[:, 0] * form.along.norm(dim=1) + form.mixed.norm(dim=1)
    return _compared(form, "two-sided, upper", "upper", _length(form, inner))


def orthogonal_lower(form: Secant) -> Check:
    """Where B~ A~ is normal: |beta|^2 + min |1 - lambda|^2 |alpha|^2 <= |r(x) - r(a)|^2, as lengths."""
    inner = (1 - form.eigenvalues).abs().amin(dim=1) * form.along.norm(dim=1)
    return _compared(form, "orthogonal eigenvectors, lower", "lower", _length(form, inner), _normal(form))


def orthogonal_upper(form: Secant) -> Check:
    """Where B~ A~ is normal: |r(x) - r(a)|^2 <= |beta|^2 + max |1 - lambda|^2 |alpha|^2, as lengths."""
    inner = (1 - form.eigenvalues).abs().amax(dim=1) * form.along.norm(dim=1)
    return _compared(form, "orthogonal eigenvectors, upper", "upper", _length(form, inner), _normal(form))


def orthogonal_identity(form: Secant) -> Check:
    """Where B~ A~ is normal: |r(x) - r(a)|^2 = |beta|^2 + sum |1 - lambda_i|^2 |<u_i, alpha>|^2, as lengths."""
    length, _ = _schur_parts(form)
    return _compared(form, "orthogonal eigenvectors, identity", "identity", length, _normal(form))


def schur_lower(form: Secant) -> Check:
    """p - |T U* alpha + U* C beta| <= |r(x) - r(a)|, p^2 = |beta|^2 + sum |1 - lambda_i|^2 |(U* alpha)_i|^2."""
    length, correction = _schur_parts(form)
    return _compared(form, "Schur form, lower", "lower", (length - correction).clamp(min=0))


def schur_upper(form: Secant) -> Check:
    """|r(x) - r(a)| <= p + |T U* alpha + U* C beta|."""
    length, correction = _schur_parts(form)
    return _compared(form, "Schur form, upper", "upper", length + correction)


def departure_identity(form: Secant) -> Check:
    """dep^2 = |J|_F^2 - sum |lambda|^2 = |T|_F^2 + |C|_F^2 for J = B~ A~ (Henrici 1962)."""
    eigenvalues = form.eigenvalues.abs().square().sum(dim=1)
    size = form.frobenius.square()
    return check("departure, identity", "identity", size - eigenvalues, form.departure.square(), size)


def departure_upper(form: Secant) -> Check:
    """|T U* alpha + U* C beta| <= dep(B~ A~) |v|: the error of p, bounded by the departure from normality."""
    _, correction = _schur_parts(form)
    return check("departure", "upper", form.departure * form.displacement.norm(dim=1), correction, form.scale)


def departure_lower(form: Secant) -> Check:
    """p - dep(B~ A~) |v| <= |r(x) - r(a)|, the lower bound cut off at 0: Schur form and departure combined."""
    length, _ = _schur_parts(form)
    bound = (length - form.departure * form.displacement.norm(dim=1)).clamp(min=0)
    return _compared(form, "departure, lower", "lower", bound)


def second_application_lower(form: Secant) -> Check:
    """|nu|^2 + (|r(f(x))| - |C nu|)_+^2 / sigma_1(K_Q)^2 <= |r(x)|^2, as lengths; `form` = secant(f(x), x), nu = beta."""
    largest = torch.linalg.svdvals(form.core)[:, 0]
    inner = (form.residual.norm(dim=1) - form.mixed.norm(dim=1)).clamp(min=0)
    inner = torch.where(largest > 0, inner / largest.clamp(min=torch.finfo(largest.dtype).tiny), 0)
    return _stretched(form, "lower", inner, largest)


def second_application_upper(form: Secant) -> Check:
    """|r(x)|^2 <= |nu|^2 + (|r(f(x))| + |C nu|)^2 / sigma_d(K_Q)^2, as lengths; infinite where sigma_d = 0."""
    smallest = torch.linalg.svdvals(form.core)[:, -1]
    inner = form.residual.norm(dim=1) + form.mixed.norm(dim=1)
    inner = torch.where(smallest > 0, inner / smallest.clamp(min=torch.finfo(smallest.dtype).tiny), torch.inf)
    return _stretched(form, "upper", inner, smallest)


BETWEEN = (
    *(secant_identity, split_identity, normal_bound, residual_bound, two_sided_lower, two_sided_upper),
    *(orthogonal_identity, orthogonal_lower, orthogonal_upper, schur_lower, schur_upper),
    *(departure_identity, departure_upper, departure_lower),
)
SECOND_APPLICATION = (second_application_lower, second_application_upper)


def _gains(form: Secant) -> Tensor:
    """The singular values of K_Q - I (P, d), largest first."""
    return torch.linalg.svdvals(form.core - identities(form.core.shape[1], form.core))


def _length(form: Secant, inner: Tensor) -> Tensor:
    """The length (P,) of a vector whose normal part is beta, and whose tangential part has the length `inner` (P,)."""
    return torch.hypot(form.across.norm(dim=1), inner)


def _compared(form: Secant, name: str, kind: str, length: Tensor, applies: Tensor | None = None) -> Check:
    """Compare |r(x) - r(a)| with a length (P,)."""
    return check(name, kind, length, form.difference.norm(dim=1), form.scale, applies)


def _normal(form: Secant) -> Tensor:
    """Where B~ A~ is normal up to rounding, (P,) bool."""
    return form.departure <= NORMAL * form.frobenius


def _schur_parts(form: Secant) -> tuple[Tensor, Tensor]:
    """p (P,), and |T U* alpha + U* C beta| (P,)."""
    triangular, unitary = form.schur
    values = triangular.diagonal(dim1=1, dim2=2)
    along, mixed = (matvec(unitary.mH, vector.to(unitary.dtype)) for vector in (form.along, form.mixed))
    length = _length(form, ((1 - values) * along).abs().norm(dim=1))
    correction = matvec(triangular.triu(1), along) + mixed
    return length, correction.abs().norm(dim=1)


def _stretched(form: Secant, kind: str, inner: Tensor, gain: Tensor) -> Check:
    """Compare |r(x)| with a length whose tangential part `inner` (P,) was divided by a singular value `gain` (P,)."""
    scale = form.scale * (1 + 1 / gain.clamp(min=torch.finfo(gain.dtype).tiny))
    name = f"second application, {kind}"
    return check(name, kind, _length(form, inner), form.displacement.norm(dim=1), scale)
