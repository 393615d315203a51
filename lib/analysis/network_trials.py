"""Two small experiments beside the grid: the Hessian under data shift, and the Lipschitz constant against the width.

`SHIFTED`: three small autoencoders of digits, and the criteria of the Hessian of their error at 13 batches of images. The
targets are the images, so the criteria see the error. `LIPSCHITZ`: two-layer networks of k units that fit 200 random signs on
a sphere.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from lib.analysis import kept
from lib.analysis.network_grid import encoder_widths
from lib.geometry.curvature import criteria, loss_spectrum, output_gradient
from lib.measures.reconstruction import image_errors
from lib.training import autoencoders, corruptions, datasets, loop
from lib.training.autoencoders import Pair
from lib.training.datasets import Dataset

SHIFT_SEEDS, STARTS, STEPS = (0, 1, 2), 3, 60  # networks; random starts and steps of Lanczos' method
POINTS, DIMENSION, UNITS = 200, 20, (20, 40, 80, 160, 320, 1280)  # of the random signs, and the widths k
SLOPE_SEEDS, PROBES, BETWEEN = (0, 1, 2, 3, 4), 20_000, 20


def batches(data: Dataset) -> dict[str, np.ndarray]:
    """The 13 batches of images (257, N), by name."""
    test, shape = data.test.images.numpy(), data.image_shape
    found = {"train": data.train.images[: len(test)].numpy(), "test": test}
    found |= {f"rotated {angle}": corruptions.rotated(test, shape, angle) for angle in (10, 20, 40, 90)}
    found |= {f"noise {spread}": corruptions.noisy(test, spread) for spread in (0.05, 0.1, 0.2, 0.4)}
    uniform = corruptions.noise("uniform", test, len(test))
    return found | {"blank": np.zeros_like(test), "uniform": uniform, "permuted": corruptions.permuted(test)}


def small_networks(data: Dataset, epochs: int = 200) -> list[Pair]:
    """Autoencoders of 32 hidden units and 8 latent dimensions, 4,744 parameters, float64, one for each seed."""
    stack = autoencoders.stack([autoencoders.build(encoder_widths(32, 2, 8), seed) for seed in SHIFT_SEEDS])
    loop.train(stack, SHIFT_SEEDS, data.train.images, data.test.images, loop.Settings(epochs, 128, 2e-3))
    pairs = [autoencoders.unstacked(stack, place) for place in range(len(SHIFT_SEEDS))]
    return [(encoder.double(), decoder.double()) for encoder, decoder in pairs]


def gradient_sizes(pair: Pair, x: torch.Tensor) -> np.ndarray:
    """|df/dtheta|_F^2 (points,) at points x (points, N), float64."""
    return torch.stack([output_gradient(*pair, x, v) for v in torch.eye(x.shape[1], dtype=x.dtype)]).sum(0).numpy()


def hessian_criteria(pair: Pair, x: torch.Tensor, y: torch.Tensor | None = None) -> dict[str, float]:
    """The mean over random starts of the criteria at points x, float64, with targets y (default: x), and the trace."""
    draw = np.random.default_rng(0)
    rows = [criteria(*loss_spectrum(*pair, x, STEPS, draw, y)) for _ in range(STARTS)]
    trace = 2 / x.shape[1] * float(gradient_sizes(pair, x).mean())
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} | {"trace": trace}


def _shifted() -> Iterator[dict[str, object]]:
    data = datasets.load("digits")
    for seed, pair in zip(SHIFT_SEEDS, small_networks(data), strict=True):
        for name, images in batches(data).items():
            x = torch.from_numpy(images).double()
            error, size = image_errors(pair, x.numpy()), gradient_sizes(pair, x)
            row = {"seed": seed, "batch": name, "mse": error.mean()} | hessian_criteria(pair, x)
            if name == "test":  # at single points, the size of the gradient is hardly more than the ink
                ink = x.square().sum(dim=1).numpy()
                row |= {"gradient_error": spearmanr(size, error)[0], "gradient_ink": spearmanr(size, ink)[0]}
            yield row


def fitted_slope(units: int, seed: int, linear: bool = False) -> dict[str, float]:
    """A two-layer ReLU network fitted to 200 points of the unit sphere in 20 dimensions with random signs as labels.

    `linear`: the control, labels w . x with |w| = 1. `lipschitz`: the largest gradient found, at random points of the sphere, at
    the data, and between a point and its nearest one of the other sign: a lower bound of the Lipschitz constant.
    `norms`: the product of the layers' spectral norms, an upper bound; `data`: the steepest slope between two data points.
    """
    from sklearn.neural_network import MLPRegressor

    draw = np.random.default_rng(seed)
    x, probes = (_on_sphere(draw, count) for count in (POINTS, PROBES))
    y = x[:, 0] if linear else draw.choice([-1.0, 1.0], POINTS)
    exact = {"solver": "lbfgs", "alpha": 0, "max_iter": 5000, "max_fun": 10**6, "tol": 1e-12}
    model = MLPRegressor(hidden_layer_sizes=(units,), random_state=seed, **exact)
    first, last = model.fit(x, y).coefs_
    apart = np.linalg.norm(x[:, None] - x, axis=2) + np.where(y[:, None] * y > 0, np.inf, 0)
    share = np.linspace(0, 1, BETWEEN)[:, None, None]
    between = (share * x + (1 - share) * x[apart.argmin(axis=1)]).reshape(-1, DIMENSION)
    active = np.concatenate([probes, x, between]) @ first + model.intercepts_[0] > 0
    steep = np.abs(y[:, None] - y) / np.where(np.eye(POINTS), np.inf, np.linalg.norm(x[:, None] - x, axis=2))
    return {
        "units": units,
        "seed": seed,
        "linear": linear,
        "train_mse": float(np.square(model.predict(x) - y).mean()),
        "lipschitz": float(np.linalg.norm((active * last.T) @ first.T, axis=1).max()),
        "norms": float(np.linalg.norm(first, 2) * np.linalg.norm(last, 2)),
        "data": float(steep.max()),
    }


def _on_sphere(draw: np.random.Generator, count: int) -> np.ndarray:
    normal = draw.standard_normal((count, DIMENSION))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


SHIFTED = kept.Table("networks_shift", lambda: pd.DataFrame(_shifted()))
LIPSCHITZ = kept.Table(
    "networks_lipschitz",
    lambda: pd.DataFrame(
        fitted_slope(units, seed, linear) for linear, units, seed in product((False, True), UNITS, SLOPE_SEEDS)
    ),
)
