r"""Iterating an autoencoder: fixed points, cycles and unsettled orbits.

An orbit is x, f(x), f(f(x)), ... A fixed point f(x) = x is an attractor if the spectral radius of J_I, or of its core K, is
below 1 there; its basin is the set of points whose orbits end in it. For ReLU networks f is piecewise affine, and the
fixed point x* of the piece at x has a closed form (`lib.geometry.bounds.fixed_points`). Moving to x* repeatedly is Newton's
method for f(x) = x, which also finds repelling fixed points.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lib.base.errors import InputError
from lib.geometry import bounds, spectra
from lib.geometry.bounds.secants import check_rows
from lib.geometry.jacobians import cores

FATES = ("fixed point", "cycle", "lost", "unsettled")
TOLERANCE = 1e-10  # length of a step, relative to 1 + |x|, below which an orbit has converged
SAME = 1e-6  # distance, relative to 1 + |x|, below which two fixed points are the same
LOST = 1e6  # length beyond which an orbit counts as lost: images have at most sqrt(N)
LONGEST_CYCLE = 60  # longest period of a cycle that is detected
ROUNDS = 15  # of Newton's method
SETTLING = 10  # steps until a separation points in the direction of fastest growth


@dataclass(frozen=True)
class Orbits:
    """The orbits of P points.

    `end` (P, N), the last point; `fate` (P,), an index into `FATES`; `steps` (P,), the number of steps until an orbit converges
    or is lost, else the number allowed; `period` (P,), 1 for a fixed point, 0 without a period.
    """

    end: Tensor
    fate: Tensor
    steps: Tensor
    period: Tensor

    def shares(self, chosen: Tensor | slice = slice(None)) -> list[float]:
        """The share of the points (of the `chosen` points) with each fate, in the order of `FATES`."""
        return [float((self.fate[chosen] == fate).double().mean()) for fate in range(len(FATES))]


def iterate(
    encoder: nn.Module, decoder: nn.Module, x: Tensor, steps: int = 2_000, tolerance: float = TOLERANCE
) -> Orbits:
    """Apply f = D o E to points x (P, N), float64, until they converge, are lost, or `steps` are done.

    An orbit converges at its first step of length at most `tolerance` (1 + |x|), and is lost when |x| exceeds `LOST`. Any
    other orbit is a cycle if after 2 to `LONGEST_CYCLE` steps it returns within the same tolerance, and within `SAME` times
    the length of its step: an orbit that still converges does not. Cost: a forward pass per step.
    """
    if steps < 1:
        raise InputError(f"`steps` should be positive, {steps} was given; fixed points take hundreds.")
    check_rows(encoder, decoder, x)
    at = {"device": x.device}
    end, fate = x.clone(), torch.full((len(x),), FATES.index("unsettled"), **at)
    taken, period = torch.full((len(x),), steps, **at), torch.zeros(len(x), dtype=torch.long, **at)
    moving, current = torch.arange(len(x), **at), x  # the rows that still move, and their points
    with torch.no_grad():
        for step in range(1, steps + 1):
            image = decoder(encoder(current))
            still = (image - current).norm(dim=1) <= tolerance * (1 + current.norm(dim=1))
            lost = ~(image.norm(dim=1) <= LOST)  # the negation counts NaN as lost
            current = image
            if not (still | lost).any():
                continue
            for done, outcome in ((still, FATES.index("fixed point")), (lost, FATES.index("lost"))):
                end[moving[done]], fate[moving[done]], taken[moving[done]] = image[done], outcome, step
            moving, current = moving[~(still | lost)], image[~(still | lost)]
            if not len(moving):
                break
        end[moving] = current
        image, returns = decoder(encoder(current)), torch.zeros(len(moving), dtype=torch.long, **at)
        within = torch.minimum(tolerance * (1 + current.norm(dim=1)), SAME * (image - current).norm(dim=1))
        for after in range(2, LONGEST_CYCLE + 1):
            image = decoder(encoder(image))
            returns[((image - current).norm(dim=1) <= within) & (returns == 0)] = after
    period[fate == 0] = 1
    period[moving] = returns
    fate[moving[returns > 0]] = FATES.index("cycle")
    return Orbits(end, fate, taken, period)


def newton(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, rounds: int = ROUNDS) -> tuple[Tensor, Tensor]:
    """Newton's method from points x (P, N): the last points (P, N), and whether each is a fixed point f(x) = x, (P,).

    A round moves to the fixed point of the affine piece. Chains of Linear and ReLU, float64.
    """
    points, solved = x.clone(), torch.zeros(len(x), dtype=torch.bool, device=x.device)
    for _ in range(rounds):
        unsolved = (~solved & points.isfinite().all(dim=1) & (points.norm(dim=1) <= LOST)).nonzero()[:, 0]
        if not len(unsolved):
            break
        with torch.no_grad():
            of_piece = bounds.fixed_points(bounds.local(encoder, decoder, points[unsolved]))[0]
            gap = (decoder(encoder(of_piece)) - of_piece).norm(dim=1)
        points[unsolved], solved[unsolved] = of_piece, gap <= SAME**1.5 * (1 + of_piece.norm(dim=1))
    return points, solved


def distinct(points: Tensor) -> tuple[Tensor, Tensor]:
    """Group equal points (P, N): the rows (C,) of the first point of each group, and the group (P,) of each point.

    A point belongs to a group if it lies within `SAME` (1 + |x|) of the group's first point x.

    >>> distinct(torch.tensor([[0.0], [1.0], [0.0]]))
    (tensor([0, 1]), tensor([0, 1, 0]))
    """
    number, firsts = torch.full((len(points),), -1, device=points.device), []
    for place in range(len(points)):
        if number[place] < 0:
            near = (points - points[place]).norm(dim=1) <= SAME * (1 + points[place].norm())
            number[near & (number < 0)] = len(firsts)
            firsts.append(place)
    return torch.tensor(firsts, dtype=torch.long, device=points.device), number


def growth(encoder: nn.Module, decoder: nn.Module, x: Tensor, steps: int = 300, gap: float = 1e-7) -> Tensor:
    """The largest Lyapunov exponent (P,) of the orbits from x (P, N), float64.

    The mean logarithm of the factor by which a small separation grows per step, over `steps` after the first `SETTLING`, or
    until the orbit is lost; of an orbit that is lost before, over all its steps, and NaN where the first loses it. Negative
    if neighbours approach each other, -inf if they meet, on a piece where f is constant. Two orbits are computed; the
    second is put back to distance `gap` (1 + |x|) after every step.
    """
    check_rows(encoder, decoder, x)
    apart = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype).to(x.device)
    early, early_steps, total, counted = x.new_zeros(4, len(x))
    with torch.no_grad():
        for step in range(steps + SETTLING):
            apart = gap * (1 + x.norm(dim=1, keepdim=True)) * torch.nn.functional.normalize(apart)
            image = decoder(encoder(x))
            grown = decoder(encoder(x + apart)) - image
            factor = grown.norm(dim=1) / apart.norm(dim=1)
            stays = image.norm(dim=1) <= LOST
            x, apart = torch.where(stays[:, None], image, x), torch.where((stays & (factor > 0))[:, None], grown, apart)
            # The first steps turn the separation; a factor of 0 (log = -inf) is final at any step.
            late = (factor == 0) | (step >= SETTLING)
            early, early_steps = early + torch.where(stays & ~late, factor.log(), 0), early_steps + (stays & ~late)
            total, counted = total + torch.where(stays & late, factor.log(), 0), counted + (stays & late)
    return torch.where(counted > 0, total / counted, early / early_steps)


def spectral_radius(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Tensor:
    """max |lambda| of J_I (P,) at points x (P, N); a fixed point attracts if it is below 1."""
    if not len(x):
        return torch.zeros(0, dtype=x.dtype, device=x.device)
    return spectra.eigenvalues(cores(encoder, decoder, x).input).abs()[:, 0]


@dataclass(frozen=True)
class Attractors:
    """The fixed points in which orbits end, largest basin first.

    `points` (C, N); their spectral `radius` (C,); `basin` (P,), the index of each orbit's fixed point, -1 without one.
    """

    points: Tensor
    radius: Tensor
    basin: Tensor

    @property
    def sizes(self) -> Tensor:
        """The number of orbits that end in each fixed point, (C,)."""
        return torch.bincount(self.basin[self.basin >= 0], minlength=len(self.points))


def attractors(encoder: nn.Sequential, decoder: nn.Sequential, orbits: Orbits) -> Attractors:
    """The distinct fixed points among the ends of orbits, each end first moved to the fixed point of its affine piece."""
    ended = (orbits.fate == FATES.index("fixed point")).nonzero()[:, 0]
    basin = torch.full((len(orbits.end),), -1, device=orbits.end.device)
    exact, solved = newton(encoder, decoder, orbits.end[ended], rounds=1)
    ends = torch.where(solved[:, None], exact, orbits.end[ended])
    firsts, number = distinct(ends)
    order = torch.bincount(number).argsort(descending=True, stable=True)
    points = ends[firsts[order]]
    basin[ended] = order.argsort()[number]
    return Attractors(points, spectral_radius(encoder, decoder, points), basin)


def purity(basin: Tensor, labels: Tensor) -> tuple[float, float]:
    """The purity of basins, and the purity that a single basin would have.

    Purity: the share of the points in basins whose class is the most frequent class of their basin. A single basin has
    the share of the most frequent class. `basin` (P,), -1 for none; `labels` (P,). Both are 0 without points in basins.
    """
    from sklearn.metrics.cluster import contingency_matrix

    inside = basin >= 0
    if not inside.any():
        return 0.0, 0.0
    counts = contingency_matrix(labels[inside].cpu(), basin[inside].cpu())  # classes by basins
    return float(counts.max(axis=0).sum() / counts.sum()), float(counts.sum(axis=1).max() / counts.sum())


def starting_points(encoder: nn.Module, decoder: nn.Module, x: Tensor, orbits: Orbits) -> dict[str, np.ndarray]:
    """Columns (P,) by name: `trace`, `log_volume` (log|omega|) and `error` (MSE) at the starts x (P, N) of orbits, and
    their `steps` and `fate`."""
    start = cores(encoder, decoder, x)
    columns = {
        "trace": spectra.trace(start.input),
        "log_volume": spectra.log_volume(start.input)[1],
        "error": start.mse,
    }
    columns |= {"steps": orbits.steps, "fate": orbits.fate}
    return {name: column.cpu().numpy() for name, column in columns.items()}


def nearest_attractor(points: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """The distance (C,) of each point (C, N) to the nearest of images (M, N), and that image's row (C,)."""
    distance, row = torch.cdist(points, images).min(dim=1)
    return distance, row


@dataclass(frozen=True)
class Portrait:
    """The data of the page `attractors` for a pair.

    The orbits of points `x` (P, N); their attractors, with the distance to the nearest training image (`distance`, `row`);
    and `numbers` by name (`portrait`).
    """

    x: Tensor
    orbits: Orbits
    attractors: Attractors
    distance: Tensor
    row: Tensor
    numbers: dict[str, float]


def portrait(
    encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, labels: Tensor, images: Tensor, usual: float, steps: int
) -> Portrait:
    """Iterate from points x (P, N), the first of which have `labels` (at most P,), and summarise the orbits.

    `images` (M, N): the training images; an attractor looks like an image if their distance is at most `usual`.
    Numbers: `attractors`, `like_training`, `largest` (share of all orbits in the largest basin), `radius_low` and
    `radius_high`, `purity` and `single` of the labelled points; from Newton's method at x: `solved` (share of the points),
    `fixed_points` and `repelling` (distinct solutions), and `true_at_once`, the share of the points whose piece contains
    its fixed point; `exponent`, the median Lyapunov exponent of unsettled orbits. NaN for statistics of an empty set.
    """
    orbits = iterate(encoder, decoder, x, steps)
    ends = attractors(encoder, decoder, orbits)
    distance, row = nearest_attractor(ends.points, images)
    solutions, solved = newton(encoder, decoder, x)
    solutions = solutions[solved][distinct(solutions[solved])[0]]
    pure, single = purity(ends.basin[: len(labels)], labels)
    unsettled = orbits.end[orbits.fate == FATES.index("unsettled")]
    any_end = len(ends.points) > 0
    numbers = {
        "attractors": len(ends.points),
        "like_training": int((distance <= usual).sum()),
        "largest": float(ends.sizes[0]) / len(x) if any_end else math.nan,
        "radius_low": float(ends.radius.min()) if any_end else math.nan,
        "radius_high": float(ends.radius.max()) if any_end else math.nan,
        "purity": pure if any_end else math.nan,
        "single": single if any_end else math.nan,
        "solved": float(solved.double().mean()),
        "fixed_points": len(solutions),
        "repelling": int((spectral_radius(encoder, decoder, solutions) >= 1).sum()),
        "true_at_once": float(newton(encoder, decoder, x, rounds=1)[1].double().mean()),
        "exponent": float(growth(encoder, decoder, unsettled).nanmedian()) if len(unsettled) else math.nan,
    }
    return Portrait(x, orbits, ends, distance, row, numbers)
