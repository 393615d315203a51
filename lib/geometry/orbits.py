r"""What comes of applying an autoencoder again and again: fixed points, cycles, and orbits that end nowhere.

An orbit is x, f(x), f(f(x)), ... A fixed point f(x) = x attracts what starts near it where the spectral radius of J_I there,
that of its core K, is below 1; then it is an attractor, and its basin are the points whose orbits end in it. For ReLU
networks f is affine on pieces, so the fixed point x* of the piece at x is known at once (`lib.geometry.bounds.fixed_points`); going
there again and again is Newton's method for f(x) = x, and it finds fixed points that repel as well.
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
TOLERANCE = 1e-10  # of a step, relative to 1 + |x|, below which an orbit stands still
SAME = 1e-6  # distance, relative to 1 + |x|, below which two fixed points are one
LOST = 1e6  # length beyond which an orbit is given up: images have at most sqrt(N)
LONGEST = 60  # period of the cycles that are looked for
ROUNDS = 15  # of Newton's method
SETTLING = 10  # steps in which a separation turns into the direction of fastest growth


@dataclass(frozen=True)
class Orbits:
    """Where the orbits of P points go: `end` (P, N), the last point; `fate` (P,), a place in `FATES`; `steps` (P,), after
    which an orbit stands still, all that were allowed where it does not; `period` (P,), 1 of a fixed point, 0 where none."""

    end: Tensor
    fate: Tensor
    steps: Tensor
    period: Tensor

    def shares(self, chosen: Tensor | slice = slice(None)) -> list[float]:
        """The share of the points (of those `chosen`) of each fate, in the order of `FATES`."""
        return [float((self.fate[chosen] == place).double().mean()) for place in range(len(FATES))]


def iterate(
    encoder: nn.Module, decoder: nn.Module, x: Tensor, steps: int = 2_000, tolerance: float = TOLERANCE
) -> Orbits:
    """Apply f = D o E to points x (P, N), float64, until they stand still, are lost, or `steps` are done.

    An orbit stands still at its first step of at most `tolerance` (1 + |x|), is lost when longer than `LOST`, and is on a
    cycle when it then comes back, within the same tolerance, after at most `LONGEST` steps. Cost: a forward pass a step.
    """
    if steps < 1:
        raise InputError(f"`steps` should be positive, {steps} was given; fixed points take hundreds.")
    check_rows(encoder, decoder, x)
    at = {"device": x.device}
    end, fate = x.clone(), torch.full((len(x),), FATES.index("unsettled"), **at)
    taken, period = torch.full((len(x),), steps, **at), torch.zeros(len(x), dtype=torch.long, **at)
    moving, here = torch.arange(len(x), **at), x
    with torch.no_grad():
        for step in range(1, steps + 1):
            there = decoder(encoder(here))
            still = (there - here).norm(dim=1) <= tolerance * (1 + here.norm(dim=1))
            lost = ~(there.norm(dim=1) <= LOST)
            for done, place in ((still, FATES.index("fixed point")), (lost, FATES.index("lost"))):
                end[moving[done]], fate[moving[done]], taken[moving[done]] = there[done], place, step
            moving, here = moving[~(still | lost)], there[~(still | lost)]
            if not len(moving):
                break
        end[moving] = here
        there, returns = here, torch.zeros(len(moving), dtype=torch.long, **at)
        for after in range(1, LONGEST + 1):
            there = decoder(encoder(there))
            back = (there - here).norm(dim=1) <= tolerance * (1 + here.norm(dim=1))
            returns[back & (returns == 0)] = after
    period[fate == 0] = 1
    period[moving] = returns
    fate[moving[returns > 0]] = FATES.index("cycle")
    return Orbits(end, fate, taken, period)


def newton(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, rounds: int = ROUNDS) -> tuple[Tensor, Tensor]:
    """Go to the fixed point of the affine piece, again and again, from points x (P, N): where that leads (P, N), and
    whether it is a fixed point of f (P,), by the test f(x) = x. Chains of Linear and ReLU, float64.
    """
    found, solved = x.clone(), torch.zeros(len(x), dtype=torch.bool, device=x.device)
    for _ in range(rounds):
        waiting = (~solved & found.isfinite().all(dim=1) & (found.norm(dim=1) <= LOST)).nonzero()[:, 0]
        if not len(waiting):
            break
        with torch.no_grad():
            there = bounds.fixed_points(bounds.local(encoder, decoder, found[waiting]))[0]
            gap = (decoder(encoder(there)) - there).norm(dim=1)
        found[waiting], solved[waiting] = there, gap <= SAME**1.5 * (1 + there.norm(dim=1))
    return found, solved


def distinct(points: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the points (P, N) are one and the same: the places (C,) of a first of each, and of each point its number (P,).

    Two are the same within `SAME` (1 + |x|) of the first one.

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
    """The largest Lyapunov exponent (P,) of the orbits from x (P, N), float64: the mean logarithm of the factor by which a
    small separation grows in a step, over `steps` or until the orbit is lost. Negative where neighbours draw together, -inf where
    they become one, on a piece where f is constant.

    Two orbits are followed, the second put back to distance `gap` (1 + |x|) after every step.
    """
    check_rows(encoder, decoder, x)
    apart = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype).to(x.device)
    total, counted = torch.zeros_like(x[:, 0]), torch.zeros_like(x[:, 0])
    with torch.no_grad():
        for step in range(steps + SETTLING):
            apart = gap * (1 + x.norm(dim=1, keepdim=True)) * torch.nn.functional.normalize(apart)
            here = decoder(encoder(x))
            grown = decoder(encoder(x + apart)) - here
            factor = grown.norm(dim=1) / apart.norm(dim=1)
            stays = here.norm(dim=1) <= LOST
            x, apart = torch.where(stays[:, None], here, x), torch.where((stays & (factor > 0))[:, None], grown, apart)
            counts = stays & ((step >= SETTLING) | (factor == 0))
            total, counted = total + torch.where(counts, factor.log(), 0), counted + counts
    return total / counted.clamp(min=1)


def spectral_radius(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Tensor:
    """max |lambda| of J_I (P,) at points x (P, N): below 1 at a fixed point, it attracts."""
    if not len(x):
        return torch.zeros(0, dtype=x.dtype, device=x.device)
    return spectra.eigenvalues(cores(encoder, decoder, x).input).abs()[:, 0]


@dataclass(frozen=True)
class Attractors:
    """The fixed points that orbits end in, the one with most of them first: `points` (C, N), their spectral `radius` (C,),
    and `basin` (P,), of each orbit the number of its fixed point, -1 where it ends in none."""

    points: Tensor
    radius: Tensor
    basin: Tensor

    @property
    def sizes(self) -> Tensor:
        """How many orbits end in each, (C,)."""
        return torch.bincount(self.basin[self.basin >= 0], minlength=len(self.points))


def attractors(encoder: nn.Sequential, decoder: nn.Sequential, orbits: Orbits) -> Attractors:
    """The distinct fixed points among the ends of orbits; each end is first taken to the fixed point of its affine piece."""
    ended = (orbits.fate == FATES.index("fixed point")).nonzero()[:, 0]
    basin = torch.full((len(orbits.end),), -1, device=orbits.end.device)
    if not len(ended):
        none = orbits.end[:0]
        return Attractors(none, spectral_radius(encoder, decoder, none), basin)
    exact, solved = newton(encoder, decoder, orbits.end[ended], rounds=1)
    ends = torch.where(solved[:, None], exact, orbits.end[ended])
    firsts, number = distinct(ends)
    order = torch.bincount(number).argsort(descending=True, stable=True)
    points = ends[firsts[order]]
    basin[ended] = order.argsort()[number]
    return Attractors(points, spectral_radius(encoder, decoder, points), basin)


def purity(basin: Tensor, labels: Tensor) -> tuple[float, float]:
    """The share of the points in basins that have the commonest class of their basin; and that of the commonest class of
    all of them, which is what a single basin would give.

    `basin` (P,), -1 for none; `labels` (P,). Both are 0 where no orbit ends in one.
    """
    from sklearn.metrics.cluster import contingency_matrix

    inside = basin >= 0
    if not inside.any():
        return 0.0, 0.0
    counts = contingency_matrix(labels[inside].cpu(), basin[inside].cpu())  # classes by basins
    return float(counts.max(axis=0).sum() / counts.sum()), float(counts.sum(axis=1).max() / counts.sum())


def starting_points(encoder: nn.Module, decoder: nn.Module, x: Tensor, orbits: Orbits) -> dict[str, np.ndarray]:
    """Of every orbit what can be said at its start x (P, N): `trace`, `log_volume` (log|omega|) and `error` (MSE); and of
    what came of it: `steps`, and `fate`."""
    start = cores(encoder, decoder, x)
    columns = {
        "trace": spectra.trace(start.input),
        "log_volume": spectra.log_volume(start.input)[1],
        "error": start.mse,
    }
    columns |= {"steps": orbits.steps, "fate": orbits.fate}
    return {name: column.cpu().numpy() for name, column in columns.items()}


def nearest(points: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """The distance (C,) of each point (C, N) to the nearest of images (M, N), and that image's row (C,)."""
    if not len(points):
        return points.new_zeros(0), torch.zeros(0, dtype=torch.long, device=points.device)
    distance, row = torch.cdist(points, images).min(dim=1)
    return distance, row


@dataclass(frozen=True)
class Portrait:
    """All that the page `attractors` shows of one pair: the orbits of points `x` (P, N), the fixed points they end in, how far
    each is from the nearest training image (`distance`, `row`), and numbers about all this by name."""

    x: Tensor
    orbits: Orbits
    attractors: Attractors
    distance: Tensor
    row: Tensor
    numbers: dict[str, float]


def portrait(
    encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, labels: Tensor, images: Tensor, usual: float, steps: int
) -> Portrait:
    """Iterate from points x (P, N), of which the first have `labels` (at most P,), and describe what comes of it.

    `images` (M, N): the training images; an attractor looks like one when it is no farther from it than `usual`.
    Numbers: `attractors`, `like_training`, `largest` (share of all orbits in the largest basin), `radius_low` and
    `radius_high`, `purity` and `single` of the labelled points; of Newton's method from x `solved` (share of the points),
    `fixed_points` and `repelling` among the distinct ones found, and `true_at_once`, the share of the points whose own
    piece holds its fixed point; `exponent`, the median Lyapunov exponent of unsettled orbits. NaN where there is nothing.
    """
    orbits = iterate(encoder, decoder, x, steps)
    found = attractors(encoder, decoder, orbits)
    distance, row = nearest(found.points, images)
    solutions, solved = newton(encoder, decoder, x)
    solutions = solutions[solved][distinct(solutions[solved])[0]]
    pure, single = purity(found.basin[: len(labels)], labels)
    unsettled = orbits.end[orbits.fate == FATES.index("unsettled")]
    some = len(found.points) > 0
    numbers = {
        "attractors": len(found.points),
        "like_training": int((distance <= usual).sum()),
        "largest": float(found.sizes[0]) / len(x) if some else math.nan,
        "radius_low": float(found.radius.min()) if some else math.nan,
        "radius_high": float(found.radius.max()) if some else math.nan,
        "purity": pure if some else math.nan,
        "single": single if some else math.nan,
        "solved": float(solved.double().mean()),
        "fixed_points": len(solutions),
        "repelling": int((spectral_radius(encoder, decoder, solutions) >= 1).sum()),
        "true_at_once": float(newton(encoder, decoder, x, rounds=1)[1].double().mean()),
        "exponent": float(growth(encoder, decoder, unsettled).median()) if len(unsettled) else math.nan,
    }
    return Portrait(x, orbits, found, distance, row, numbers)
