"""Angles as inputs: a network that is given the number of an angle, and not its cosine and sine, may jump where the number does.

Networks learn the score of a mixture of wrapped normals on the circle from noisy angles alone (denoising score matching), as a
diffusion model does. The true score is known at every angle, and so is the error.
"""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pandas as pd

from lib.analysis import kept
from lib.geometry import torus

CENTRES, NOISE = (np.pi - 0.6, 0.9 - np.pi, 0.0), 0.7  # of the mixture, in radians
POINTS, GRID = 4000, 720  # angles that are learned from, and looked at
WIDTHS, RATE, EPOCHS, SEEDS = (32, 32), 3e-3, 300, tuple(range(10))
AT_SEAM = 0.15  # the seam is what lies within this distance of pi, in radians
INPUTS = {
    "number": lambda angles: angles[:, None],
    "point": lambda angles: np.stack([np.cos(angles), np.sin(angles)], axis=1),
}


def angles_between(points: int = GRID) -> np.ndarray:
    """Equally spaced angles (points,) from -pi to pi, both among them."""
    return np.linspace(-np.pi, np.pi, points + 1)


def true_score(angles: np.ndarray) -> np.ndarray:
    """The score (points,) of the mixture, per radian."""
    apart = angles - np.array(CENTRES)[:, None]
    weights = torus.density(apart, NOISE)
    return (weights * torus.score(apart, NOISE)).sum(axis=0) / weights.sum(axis=0)


def learned_score(form: str, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """A network that has learned the score from angles in this form (`INPUTS`), as a function of angles (points,)."""
    from sklearn.neural_network import MLPRegressor

    draw, given = np.random.default_rng(seed), INPUTS[form]
    clean = draw.choice(CENTRES, POINTS)
    noisy = (clean + NOISE * draw.standard_normal(POINTS) + np.pi) % (2 * np.pi) - np.pi
    model = MLPRegressor(hidden_layer_sizes=WIDTHS, learning_rate_init=RATE, max_iter=EPOCHS, random_state=seed)
    model.fit(given(noisy), torus.score(noisy - clean, NOISE))
    return lambda angles: model.predict(given(angles))


def learned_scores_of(seed: int) -> pd.DataFrame:
    """The scores around the circle, a row an `angle`: `true`, and as networks of this seed have learned them, a column a form."""
    angles = angles_between()
    learned = {form: learned_score(form, seed)(angles) for form in INPUTS}
    return pd.DataFrame({"angle": angles, "true": true_score(angles)} | learned)


def _rows() -> Iterator[dict[str, object]]:
    for form, seed in product(INPUTS, SEEDS):
        angles = angles_between()
        learned, near = learned_score(form, seed)(angles), np.pi - np.abs(angles) < AT_SEAM
        error = np.abs(learned - true_score(angles))
        places = {"seam": error[near].mean(), "elsewhere": error[~near].mean()}
        yield {"given": form, "seed": seed, "jump": abs(learned[-1] - learned[0])} | places


SEAM = kept.Table("seam", lambda: pd.DataFrame(_rows()))
