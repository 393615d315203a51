r"""Trace and volume of K = J_E(x) J_D(E(x)) in large latent spaces, from products of K with random vectors.

Exact cores (`lib.geometry.jacobians`) take 4 d passes a point. Here a pass is one product of a vector with J_E, J_D or a
transpose, at all points of a chunk at once; their number is chosen, whatever d is. A product with J is the derivative by u
of J^T u, which is linear in u: reverse mode twice, for all modules that the exact path takes (forward mode has no
formula for some, recurrent layers among them).

- Trace: Hutch++ (Meyer, Musco, Musco and Woodruff 2021). Q is an orthonormal basis of K S, S of k random signs; then
  tr K = tr Q^T K Q + E g^T (I - Q Q^T) K (I - Q Q^T) g, the mean over k more vectors g of random signs.
- log volume = 1/2 log det K^T K = 1/2 tr log K^T K by stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017): d/2 times the
  mean over p random signs of sum_i w_i log theta_i, theta_i and w_i Gauss nodes and weights after s Lanczos steps.
  The quadrature lies above, the more so the worse K is conditioned: s steps resolve sigma_min / sigma_max down to about
  1 / s.
- Distance to the tangent plane: conjugate gradients for min_v |f(x) - x - J_D v|, an upper bound.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lib.base.errors import InputError
from lib.geometry.jacobians.checks import check_modules, check_points
from lib.geometry.jacobians.general import differentiable

LEAST_PASSES = 80  # for two steps of each of four Lanczos processes
AT_A_TIME = 16  # points: the random vectors of one chunk do not depend on the next
Product = Callable[[Tensor], Tensor]  # (points, n) -> (points, m), float64


def check_passes(passes: int) -> None:
    """Raise `InputError` for fewer passes than estimates need."""
    if passes < LEAST_PASSES:
        raise InputError(
            f"`passes` should be at least {LEAST_PASSES}, {passes} was given; leave it out for exact cores."
        )


@dataclass(frozen=True)
class Estimates:
    """The result of `estimates` at P points, all (P,) float64 on the CPU.

    `trace` and `log_volume` with their `trace_error` and `log_volume_error`: standard errors, the latter with the change of
    the second half of the Lanczos steps (root of the sum of squares). `resolved` (bool): that change is within two standard
    errors; elsewhere K is too ill conditioned, and `log_volume` is an upper bound without worth. `conditioning`: an upper bound of
    sigma_min / sigma_max. `distance`: an upper bound of that from x to the tangent plane. `mse`: |f(x) - x|^2 / N.
    """

    trace: Tensor
    trace_error: Tensor
    log_volume: Tensor
    log_volume_error: Tensor
    resolved: Tensor
    conditioning: Tensor
    distance: Tensor
    mse: Tensor


def estimates(encoder: nn.Module, decoder: nn.Module, x: Tensor, passes: int, seed: int = 0) -> Estimates:
    """Estimates at points x (points, ...) from about `passes` products a point: two fifths for the trace, two for the volume.

    The random vectors depend on `seed` and the position in x. Memory: what autograd keeps of 16 points, and s vectors (d,) of each.
    Raises `InputError` for fewer than 80 passes, and as `lib.geometry.jacobians.cores` does.
    """
    check_passes(passes)
    check_points(x, encoder)
    latent_dim = check_modules(encoder, decoder, x)
    signs = torch.Generator().manual_seed(seed)

    rank = max(1, min(latent_dim, passes // 15))
    steps = min(latent_dim, max(2, passes // 40))
    probes = max(4, passes // (10 * steps))

    def of_chunk(x: Tensor) -> tuple[Tensor, ...]:
        def draw() -> Tensor:
            return torch.randint(0, 2, (len(x), latent_dim), generator=signs).double() * 2 - 1

        with differentiable(encoder, decoder):
            forward, back, decoded, pulled, residual = _products(encoder, decoder, x)
            trace = hutchpp(lambda v: forward(decoded(v)), draw, rank)
            volume = log_determinant(lambda v: pulled(back(forward(decoded(v)))), draw, steps, probes)
            distance = _distance(decoded, pulled, residual, max(2, passes // 10))
        return *trace, *volume, distance, residual.square().mean(dim=1)

    parts = [of_chunk(chunk) for chunk in x.split(AT_A_TIME)]
    trace, trace_error, log, error, drop, smallest, distance, mse = (
        torch.cat(part) for part in zip(*parts, strict=True)
    )
    whole = steps == latent_dim
    return Estimates(
        trace=trace,
        trace_error=trace_error,
        log_volume=log / 2,
        log_volume_error=torch.hypot(error, drop * (not whole)) / 2,
        resolved=(drop <= 2 * error + 1e-6 * latent_dim) | whole,
        conditioning=smallest.sqrt(),
        distance=distance,
        mse=mse,
    )


def _products(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> tuple[Product, Product, Product, Product, Tensor]:
    """The products with J_E, J_E^T, J_D and J_D^T at x, and the residual f(x) - x (points, N), float64 on the CPU."""

    def both(module: nn.Module, x: Tensor) -> tuple[Product, Product, Tensor]:
        leaf = x.detach().clone().requires_grad_()
        output = module(leaf * 1)
        across = torch.zeros_like(output, requires_grad=True)
        (pulled,) = torch.autograd.grad(output, leaf, across, create_graph=True, materialize_grads=True)

        def product(of: Tensor, by: Tensor, v: Tensor) -> Tensor:
            v = v.to(of).view_as(of)
            (found,) = torch.autograd.grad(of, by, v, retain_graph=True, materialize_grads=True)
            return found.flatten(1).cpu().double()

        return lambda v: product(pulled, across, v), lambda u: product(output, leaf, u), output.detach()

    forward, back, z = both(encoder, x)
    decoded, pulled, output = both(decoder, z)
    return forward, back, decoded, pulled, (output - x).flatten(1).cpu().double()


def hutchpp(product: Product, draw: Callable[[], Tensor], rank: int) -> tuple[Tensor, Tensor]:
    """The trace of matrices (points, d, d) given by `product`, and its standard error (points,), from 3 `rank` products.

    `draw` gives random signs (points, d).

    >>> ones = torch.ones(1, 4, 4).double()
    >>> hutchpp(lambda v: (ones @ v[:, :, None])[:, :, 0], lambda: torch.tensor([[1.0, 1, 1, -1]]).double(), 1)[0]
    tensor([4.], dtype=torch.float64)
    """
    basis = torch.linalg.qr(torch.stack([product(draw()) for _ in range(rank)], dim=2))[0]  # Q (points, d, rank)
    inside = sum((column * product(column)).sum(dim=1) for column in basis.unbind(dim=2))
    samples = []
    for _ in range(rank):
        g = draw()
        g = g - (basis @ (basis.mT @ g[:, :, None]))[:, :, 0]
        samples.append((g * product(g)).sum(dim=1))
    outside = torch.stack(samples)
    spread = outside.std(dim=0) if rank > 1 else outside[0].abs()
    return inside + outside.mean(dim=0), spread / rank**0.5


def log_determinant(
    product: Product, draw: Callable[[], Tensor], steps: int, probes: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """log det of symmetric positive matrices (points, d, d) given by `product`, from steps * probes products.

    Its standard error over the probes, the change by the second half of the steps, and the smallest Gauss node relative to
    the largest follow, all (points,).
    """
    whole, half, smallest = [], [], []
    for _ in range(probes):
        start = draw()
        diagonal = _lanczos(product, start / start.norm(dim=1, keepdim=True), steps)
        for size, kept in ((steps, whole), (steps // 2, half)):
            nodes, vectors = torch.linalg.eigh(diagonal[:, :size, :size])
            floor = nodes[:, -1:].clamp(min=1e-300) * torch.finfo(nodes.dtype).eps ** 2
            weights = start.shape[1] * vectors[:, 0].square()
            kept.append((weights * nodes.maximum(floor).log()).sum(dim=1))
            if size == steps:
                smallest.append((nodes[:, 0] / nodes[:, -1].clamp(min=1e-300)).clamp(min=0))
    values, before = torch.stack(whole), torch.stack(half)
    error = values.std(dim=0) / probes**0.5
    return values.mean(dim=0), error, (before - values).mean(dim=0).abs(), torch.stack(smallest).amin(dim=0)


def _lanczos(product: Product, vector: Tensor, steps: int) -> Tensor:
    """The tridiagonal matrices (points, steps, steps) of the Lanczos process, with full reorthogonalisation."""
    tridiagonal = vector.new_zeros(len(vector), steps, steps)
    basis = [vector]
    for step in range(steps):
        following = product(basis[-1])
        tridiagonal[:, step, step] = (basis[-1] * following).sum(dim=1)
        for _ in range(2):  # once is not enough in floating point
            spanned = torch.stack(basis, dim=2)
            following = following - (spanned @ (spanned.mT @ following[:, :, None]))[:, :, 0]
        length = following.norm(dim=1, keepdim=True)
        if step + 1 < steps:
            tridiagonal[:, step, step + 1] = tridiagonal[:, step + 1, step] = length[:, 0]
            basis.append(following / length.clamp(min=1e-300))
    return tridiagonal


def _distance(decoded: Product, pulled: Product, residual: Tensor, iterations: int) -> Tensor:
    """min_v |residual - J_D v| (points,) by conjugate gradients on the normal equations, from above."""
    left, direction = residual, pulled(residual)
    slope = direction
    for _ in range(iterations):
        image = decoded(direction)
        size = slope.square().sum(dim=1, keepdim=True)
        left = left - size / image.square().sum(dim=1, keepdim=True).clamp(min=1e-300) * image
        slope = pulled(left)
        direction = slope + slope.square().sum(dim=1, keepdim=True) / size.clamp(min=1e-300) * direction
    return left.norm(dim=1)
