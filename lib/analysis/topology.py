"""Closed curves of images and autoencoders with one latent dimension: which measures tell where failure is forced?

`rings`: the circle in the plane, and three quarters of it as a control; `orbits`: all rotations of a digit. Each network is
fitted to equally spaced points of its curve; measures are looked at between them, and at the forced point.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import percentileofscore
from torch import Tensor

from lib.analysis import kept
from lib.geometry import topology
from lib.geometry.topology import Curve
from lib.measures.protocol import Subject, every, values_at
from lib.training import autoencoders, datasets, loop
from lib.training.autoencoders import Pair

RING_WIDTHS, RING_POINTS, RING_STEPS, RING_SEEDS = (2, 32, 32, 1), 256, 4000, tuple(range(10))
ORBIT_WIDTHS, ORBIT_POINTS, ORBIT_STEPS = (256, 256, 128, 32, 1), 720, 4500
ORBIT_DIGITS, ORBIT_SEEDS = (2, 4, 7), (0, 1, 2)
LEARNING_RATE = 1e-3
CONSTANT_WITHIN = 1e-6  # relative; what varies less is constant
FREE_DIMS = (2, 3, 5)  # latent dimensions in which a circle has room
OPEN_SHARE = 0.75  # of the circle, for the control


def fitted(points: Tensor, widths: Sequence[int], seeds: Sequence[int], steps: int) -> list[Pair]:
    """Networks of these encoder widths, float64, one for each seed, fitted to points (points, N) by full-batch Adam."""
    stack = autoencoders.stack([autoencoders.build(widths, seed, "he") for seed in seeds])
    settings = loop.Settings(epochs=steps, batch_size=len(points), learning_rate=LEARNING_RATE)
    loop.train(stack, seeds, points, points, settings)
    pairs = (autoencoders.unstacked(stack, place) for place in range(len(seeds)))
    return [(encoder.double(), decoder.double()) for encoder, decoder in pairs]


def open_arc(t: Tensor) -> Tensor:
    """Three quarters of the circle, from t = 0 to 1: a curve with ends, on which no failure is forced."""
    return topology.circle(OPEN_SHARE * t)


@torch.no_grad()
def reconstruction_errors(pair: Pair, points: Tensor) -> np.ndarray:
    """|f(x) - x| (points,) at points (points, N), in units of x."""
    encoder, decoder = pair
    return (decoder(encoder(points)) - points).norm(dim=1).numpy()


def percentiles(pair: Pair, curve: Curve, training: Tensor, at: float) -> dict[str, float]:
    """For each point measure its percentile at the place `at` among random points of the curve, as many as trained on.

    100: larger than everywhere else. NaN for a measure that has no value there, or is constant on the curve, as ink is.
    """
    draw = torch.Generator().manual_seed(0)
    t = torch.rand(len(training), generator=draw, dtype=torch.float64)
    t = torch.cat([torch.tensor([at], dtype=torch.float64), t])
    labels = torch.zeros(len(training), dtype=torch.int64)
    sides = {"points": curve(t).numpy(), "training": datasets.Split(training.float(), labels)}
    subject = Subject(pair=pair, **sides, seed=int(1e9 * at))  # each network has random numbers of its own
    values = values_at(subject, [measure for measure in every("point") if not measure.sees_error])
    shares = {}
    for name, column in values.items():
        others = column[1:][np.isfinite(column[1:])]
        varies = len(others) > 0 and np.ptp(others) > CONSTANT_WITHIN * np.abs(others).max()
        known = varies and np.isfinite(column[0])
        shares[name] = float(percentileofscore(others, column[0], kind="mean")) if known else float("nan")
    return shares


def report(pair: Pair, curve: Curve, training: Tensor) -> dict[str, float]:
    """The fit of a network on a closed curve, its forced point, and the `percentiles` there."""
    forced = topology.forced_point(*pair, curve)
    along = reconstruction_errors(pair, curve(topology.evenly(len(training), 0.5)))
    fit = {"median_error": float(np.median(along)), "largest_error": float(max(along.max(), forced.error))}
    point = {"t": forced.t, "codes_apart": forced.codes_apart, "bound": forced.bound, "error": forced.error}
    return fit | point | percentiles(pair, curve, training, forced.t)


def circle_network(seed: int, steps: int = RING_STEPS) -> Pair:
    """A network fitted to the circle."""
    return fitted(topology.circle(topology.evenly(RING_POINTS)), RING_WIDTHS, [seed], steps)[0]


def rings(seeds: Sequence[int], steps: int = RING_STEPS) -> pd.DataFrame:
    """The `report`s of networks fitted to the circle: a row for each seed."""
    training = topology.circle(topology.evenly(RING_POINTS))
    pairs = fitted(training, RING_WIDTHS, seeds, steps)
    rows = [{"seed": seed} | report(pair, topology.circle, training) for seed, pair in zip(seeds, pairs, strict=True)]
    return pd.DataFrame(rows)


def unforced(
    curve: Curve, latent_dim: int, seeds: Sequence[int], steps: int = RING_STEPS, closed: bool = True
) -> pd.DataFrame:
    """Networks fitted to a curve where no failure is forced: `latent_dim`, `seed`, `median_error` and `largest_error` along it."""
    pairs = fitted(curve(topology.evenly(RING_POINTS)), (*RING_WIDTHS[:-1], latent_dim), seeds, steps)
    pieces = RING_POINTS if closed else RING_POINTS - 1
    between = curve(topology.evenly(pieces, 0.5) * pieces / RING_POINTS)
    rows = []
    for seed, pair in zip(seeds, pairs, strict=True):
        along = reconstruction_errors(pair, between)
        fit = {"median_error": float(np.median(along)), "largest_error": float(along.max())}
        rows.append({"latent_dim": latent_dim, "seed": seed} | fit)
    return pd.DataFrame(rows)


def orbit(digit: int) -> Curve:
    """The rotations of the first training image of this class of scikit-learn's digits, in a frame of 16 x 16 pixels."""
    digits = datasets.load("digits")
    row = int((digits.train.labels == digit).nonzero()[0, 0])
    return topology.rotations(digits.train.images[row].reshape(digits.image_shape))


def _orbits() -> Iterator[dict[str, float]]:
    for digit in ORBIT_DIGITS:
        curve = orbit(digit)
        training = curve(topology.evenly(ORBIT_POINTS))
        for steps in (ORBIT_STEPS // 9, ORBIT_STEPS):
            pairs = fitted(training, ORBIT_WIDTHS, ORBIT_SEEDS, steps)
            for seed, pair in zip(ORBIT_SEEDS, pairs, strict=True):
                yield {"digit": digit, "seed": seed, "steps": steps} | report(pair, curve, training)


ORBITS = kept.Table("orbits", lambda: pd.DataFrame(_orbits()))
RINGS = kept.Table("rings", lambda: rings(RING_SEEDS))
OPEN_ARCS = kept.Table("open_arcs", lambda: unforced(open_arc, 1, RING_SEEDS, closed=False))
FREE_CIRCLES = kept.Table(
    "free_circles", lambda: pd.concat(unforced(topology.circle, latent_dim, RING_SEEDS) for latent_dim in FREE_DIMS)
)
