r"""Statements at a point, a function each: on its two cores, its region and its neighbourhood.

A = J_E(x), B = J_D(E(x)), J = B A, core K = A B with eigenvalues lambda_i, omega = det K; B = Q R, K_Q = R A Q.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from lib.base.errors import InputError
from lib.geometry import spectra
from lib.geometry.bounds.check import Check, check
from lib.geometry.bounds.secants import Secant, flipped_units, identities, relu_layers, secant
from lib.geometry.jacobians import Cores, cores

NO_FIXED_POINT = 1e-8  # sigma_min(I - K) below this: 1 counts as an eigenvalue of K
INSIDE, OUTSIDE = 0.999, 1.001  # relative to the certified radius


@dataclass(frozen=True)
class Local:
    """The data of the statements at P points `x` (P, N) of a pair.

    `cores`: K, J_L and the Gram matrices; `at_x`: the secant form of x with itself, which holds A, B and their split;
    `at_image`: the secant form of f(x) with itself, whose first map is J_E(f(x)).
    """

    encoder: nn.Sequential
    decoder: nn.Sequential
    x: Tensor
    cores: Cores
    at_x: Secant
    at_image: Secant

    @property
    def latent_dim(self) -> int:
        """d."""
        return self.cores.input.shape[-1]

    @cached_property
    def eigenvalues(self) -> Tensor:
        """lambda (P, d), complex."""
        return spectra.eigenvalues(self.cores.input)

    @cached_property
    def trace(self) -> Tensor:
        """tr K (P,)."""
        return spectra.trace(self.cores.input)

    @cached_property
    def log_volume(self) -> Tensor:
        """log|omega| (P,), -inf where omega = 0."""
        return spectra.log_volume(self.cores.input)[1]

    @cached_property
    def loss(self) -> Tensor:
        """sum |1 - lambda_i|^2 (P,)."""
        return (1 - self.eigenvalues).abs().square().sum(dim=1)

    @cached_property
    def tangential_loss(self) -> Tensor:
        """|K_Q - I|_F^2 (P,)."""
        return _less_identity(self.at_x.core).square().sum(dim=(1, 2))

    @cached_property
    def radius(self) -> Tensor:
        """The certified radius (P,)."""
        return self.boundary[0]

    @cached_property
    def boundary(self) -> tuple[Tensor, Tensor]:
        """The certified radius (P,) and the direction (P, N) to the nearest boundary (`nearest_boundary`)."""
        return nearest_boundary(self.encoder, self.decoder, self.x)

    @property
    def core_scale(self) -> Tensor:
        """d + |K|_F^2 + |J|_F^2 (P,), to which rounding in sums over the spectrum is relative."""
        return self.latent_dim + self.cores.input.square().sum(dim=(1, 2)) + self.at_x.frobenius.square()


def local(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor) -> Local:
    """Prepare the statements at points x (P, N), float64, of chains of Linear and ReLU. Raises `InputError` as `secant` does."""
    at_x = secant(encoder, decoder, x, x)
    with torch.no_grad():
        image = decoder(encoder(x))
    if not torch.isfinite(image).all():
        raise InputError("The network's output holds NaN or infinity; fix its weights.")
    return Local(
        encoder, decoder, x, cores(encoder, decoder, x, grams=True), at_x, secant(encoder, decoder, image, image)
    )


# --- the spectrum ------------------------------------------------------------------------------------------------


def core_identity(point: Local) -> Check:
    """det(t I_N - B A) = t^(N-d) det(t I_d - A B), as log moduli; forms the (N, N) matrix.

    At t = 2 + |K|_F + |J|_F (P,), beyond all eigenvalues: at one of them both sides are log 0.
    """
    size = point.x.shape[1]
    t = 2 + point.cores.input.norm(dim=(1, 2)) + point.at_x.frobenius
    large_identity, small_identity = identities(size, point.x), identities(point.latent_dim, point.x)
    both = point.at_x.second(point.at_x.first(large_identity))
    large = spectra.log_volume(t[:, None, None] * large_identity - both)[1]
    small = spectra.log_volume(t[:, None, None] * small_identity - point.cores.input)[1]
    power = (size - point.latent_dim) * t.log()
    return check("core identity", "identity", power + small, large, torch.full_like(large, size))


def flip_rank(point: Local) -> Check:
    """rank(J_L - K) <= min(d, number of encoder units that flip between x and f(x)); J_L = K if none flips."""
    image = point.x + point.at_x.residual
    flipped = flipped_units(point.encoder, point.x, image).clamp(max=point.latent_dim)
    difference = point.cores.latent - point.cores.input
    size = point.cores.latent.abs().amax(dim=(1, 2)) + point.cores.input.abs().amax(dim=(1, 2))
    rank = (torch.linalg.svdvals(difference) > 1e-11 * (1 + size)[:, None]).sum(dim=1)
    return check("flipped units", "upper", flipped.double(), rank.double(), torch.zeros_like(point.trace))


def traces_apart(point: Local) -> Check:
    """|tr J_L - tr J_I| <= the nuclear norm of R (J_E(f(x)) - J_E(x)) Q."""
    form = point.at_x
    difference = form.triangle @ (point.at_image.first(form.basis) - form.first(form.basis))
    nuclear = torch.linalg.svdvals(difference).sum(dim=1)
    actual = (spectra.trace(point.cores.latent) - point.trace).abs()
    return check("traces apart", "upper", nuclear, actual, point.core_scale)


def volume_split(point: Local) -> Check:
    """log|omega| = log vol(J_D) + log vol(J_E) + sum log cos theta_i, theta_i the angles between row space of J_E and image of J_D.

    Applies where both Jacobians have full rank and omega is not 0.
    """
    rows, encoder_triangle = torch.linalg.qr(point.at_x.first.transposed(identities(point.latent_dim, point.x)))
    parts = [
        spectra.log_volume(matrix)[1] for matrix in (point.at_x.triangle, encoder_triangle, rows.mT @ point.at_x.basis)
    ]
    conditions = [spectra.conditioning(matrix) for matrix in (point.at_x.triangle, encoder_triangle, point.cores.input)]
    worst = torch.stack(conditions).amin(dim=0)
    applies = worst > 1e-9
    total, actual = (torch.where(applies, values, 0.0) for values in (torch.stack(parts).sum(dim=0), point.log_volume))
    return check("volume split", "identity", total, actual, point.latent_dim / worst.clamp(min=1e-9), applies)


# --- the region --------------------------------------------------------------------------------------------------


def nearest_boundary(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor) -> tuple[Tensor, Tensor]:
    """The certified radius (P,), within which no unit of E or D changes sides, and the direction (P, N) to where it ends.

    rho(x) = min over hidden units of |h_j| / |grad h_j|; infinite where no unit can be reached by a step. The direction
    has length 1 and leads to the boundary of the nearest unit; it is 0 where the radius is infinite. Forms the Jacobian
    of every layer, (P, width, N).
    """
    radius, direction = torch.full((len(x),), torch.inf, dtype=x.dtype, device=x.device), torch.zeros_like(x)
    rows, tiny = torch.arange(len(x), device=x.device), torch.finfo(x.dtype).tiny
    with torch.no_grad():
        h, jacobian = x, identities(x.shape[1], x)
        for layer in (*relu_layers(encoder), *relu_layers(decoder)):
            h, jacobian = nn.functional.linear(h, layer.weight, layer.bias), layer.weight @ jacobian
            if layer.after:
                steepness = jacobian.norm(dim=2)
                nearest, unit = torch.where(steepness > 0, h.abs() / steepness, torch.inf).min(dim=1)
                towards = -h[rows, unit].sign()[:, None] * jacobian[rows, unit]
                towards = towards / steepness[rows, unit].clamp(min=tiny)[:, None]
                direction = torch.where((nearest < radius)[:, None], towards, direction)
                radius = torch.minimum(radius, nearest)
                jacobian = (h > 0)[:, :, None] * jacobian
                h = h.relu()
    return radius, direction


def region_flips(point: Local) -> Check:
    """The certified radius is neither too large nor too small: the number of exceptions is 0.

    Along the gradient of the nearest unit, a step of `INSIDE` times the radius in either direction flips no unit of E or D,
    and a step of `OUTSIDE` times the radius towards that unit's boundary flips a unit.
    """
    radius, direction = point.boundary
    applies = (radius > 0) & torch.isfinite(radius)
    step = torch.where(applies, radius, 0.0)[:, None] * direction
    chain = nn.Sequential(point.encoder, point.decoder)
    forth, back, beyond = (flipped_units(chain, point.x, point.x + size * step) for size in (INSIDE, -INSIDE, OUTSIDE))
    wrong = (forth + back + (beyond == 0)).double()
    return check("certified radius", "identity", torch.zeros_like(wrong), wrong, torch.zeros_like(wrong), applies)


# --- fixed points ------------------------------------------------------------------------------------------------


def virtual_fixed_point(point: Local) -> Check:
    """r(x) = (J - I)(x - x*) with x* = f(x) + B (I - K)^-1 A r(x), the fixed point of the affine piece at x.

    The length of the difference of the two sides must be 0. Applies where 1 is not an eigenvalue of K.
    """
    fixed, applies, gain = fixed_points(point)
    step = torch.where(applies[:, None], point.x - fixed, 0.0)
    moved = point.at_x.second(point.at_x.first(step[:, :, None]))[:, :, 0] - step
    distance = torch.where(applies, (point.at_x.residual - moved).norm(dim=1), 0.0)
    scale = (1 + point.at_x.frobenius) * (1 + step.norm(dim=1)) / gain.clamp(min=NO_FIXED_POINT)
    return check("virtual fixed point", "identity", torch.zeros_like(distance), distance, scale, applies)


def fixed_points(point: Local) -> tuple[Tensor, Tensor, Tensor]:
    """x* (P, N), or x if 1 is an eigenvalue of K; whether it is not, (P,) bool; and sigma_min(I - K) (P,)."""
    less = -_less_identity(point.cores.input)
    gain = torch.linalg.svdvals(less)[:, -1]
    applies = gain > NO_FIXED_POINT
    # A singular matrix would fail the solve of the whole batch: the identity stands in, and its result is not used.
    safe = torch.where(applies[:, None, None], less, identities(point.latent_dim, point.x))
    residual = point.at_x.residual
    moved = point.at_x.second(torch.linalg.solve(safe, point.at_x.first(residual[:, :, None])))[:, :, 0]
    return torch.where(applies[:, None], point.x + residual + moved, point.x), applies, gain


# --- errors at the point and around it ---------------------------------------------------------------------------


def tangent_bound(point: Local) -> Check:
    """|r(x)| >= the distance of x from the plane tangent to the decoded manifold at f(x); no anchor is needed."""
    residual = point.at_x.residual
    return check(
        "tangent plane", "lower", point.at_x.normal_part(residual).norm(dim=1), residual.norm(dim=1), point.at_x.scale
    )


def neighbourhood_identity(point: Local) -> Check:
    """E|r(x + v)|^2 = |r(x)|^2 + s^2 (N - d + |K_Q - I|_F^2 + |C|_F^2), v of mean 0 and covariance s^2 I within the region.

    Computed exactly: v is s sqrt(N) times a unit vector or its negative, all equally likely, with s sqrt(N) below the
    certified radius. Applies where that radius is finite and not 0.
    """
    dim = point.x.shape[1]
    oblique = point.at_x.oblique.square().sum(dim=(1, 2))
    factor = dim - point.latent_dim + point.tangential_loss + oblique
    return _average(point, "neighbourhood", identities(dim, point.x), factor)


def tangential_identity(point: Local) -> Check:
    """E|r(x + Q eta)|^2 = |r(x)|^2 + s^2 |K_Q - I|_F^2, eta of mean 0 and covariance s^2 I: steps along the tangent plane."""
    return _average(point, "neighbourhood, tangential", point.at_x.basis, point.tangential_loss)


def _average(point: Local, name: str, directions: Tensor, factor: Tensor) -> Check:
    """|r|^2 averaged over steps of `INSIDE` times the certified radius along plus and minus the columns of `directions`
    (P, N, k), against |r(x)|^2 + s^2 `factor`, s^2 the squared step divided by k."""
    applies = (point.radius > 0) & torch.isfinite(point.radius)
    radius = torch.where(applies, INSIDE * point.radius, 0.0)
    total = torch.zeros_like(radius)
    with torch.no_grad():
        for column in torch.cat([directions, -directions], dim=2).unbind(dim=2):
            moved = point.x + radius[:, None] * column
            total += (point.decoder(point.encoder(moved)) - moved).square().sum(dim=1)
    count = directions.shape[2]
    residual = point.at_x.residual.square().sum(dim=1)
    scale = residual + radius.square() * point.core_scale + 1
    return check(name, "identity", residual + radius.square() / count * factor, total / (2 * count), scale, applies)


def schur_inequality(point: Local) -> Check:
    """sum |1 - lambda_i|^2 <= |K_Q - I|_F^2 (Schur)."""
    return check("eigenvalues", "lower", point.loss, point.tangential_loss, point.core_scale)


def trace_lower(point: Local) -> Check:
    """(d - tr K)^2 / d <= |K_Q - I|_F^2."""
    bound = (point.latent_dim - point.trace).square() / point.latent_dim
    return check("trace", "lower", bound, point.tangential_loss, point.core_scale)


def square_lower(point: Local) -> Check:
    """d - 2 tr K + |tr K^2| <= |K_Q - I|_F^2."""
    square = spectra.trace(point.cores.input @ point.cores.input).abs()
    bound = (point.latent_dim - 2 * point.trace + square).clamp(min=0)
    return check("trace of the square", "lower", bound, point.tangential_loss, point.core_scale)


def volume_lower(point: Local) -> Check:
    """d - 2 tr K + d |omega|^(2/d) <= |K_Q - I|_F^2."""
    d = point.latent_dim
    bound = (d - 2 * point.trace + d * (2 * point.log_volume / d).exp()).clamp(min=0)
    return check("volume", "lower", bound, point.tangential_loss, point.core_scale)


def determinant_lower(point: Local) -> Check:
    """d |det(I - K)|^(2/d) <= |K_Q - I|_F^2."""
    d = point.latent_dim
    bound = d * (2 * spectra.log_volume(_less_identity(point.cores.input))[1] / d).exp()
    return check("determinant of I - K", "lower", bound, point.tangential_loss, point.core_scale)


def reversed_lower(point: Local) -> Check:
    """Where omega <= 0: |K_Q - I| >= 1 (spectral norm), for a real eigenvalue is not positive."""
    norm = torch.linalg.svdvals(_less_identity(point.at_x.core))[:, 0]
    applies = spectra.log_volume(point.cores.input)[0] <= 0
    return check("reversed orientation", "lower", torch.ones_like(norm), norm, point.core_scale, applies)


def shrinking_upper(point: Local) -> Check:
    """Where all eigenvalues are real and in (0, 1]: sum (1 - lambda_i)^2 <= d - tr K <= -log omega; the outer inequality."""
    values = point.eigenvalues
    applies = ((values.imag == 0) & (values.real > 0) & (values.real <= 1)).all(dim=1)
    bound = torch.where(torch.isfinite(point.log_volume), -point.log_volume, torch.inf)
    return check("shrinking", "upper", bound, point.loss, point.core_scale, applies)


LOCAL = (
    *(core_identity, flip_rank, traces_apart, volume_split, virtual_fixed_point, tangent_bound, neighbourhood_identity),
    tangential_identity,
    *(schur_inequality, trace_lower, square_lower, volume_lower, determinant_lower, reversed_lower, shrinking_upper),
)


def _less_identity(matrices: Tensor) -> Tensor:
    return matrices - identities(matrices.shape[-1], matrices)
