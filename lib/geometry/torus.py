r"""The wrapped normal distribution on the circle of angles: its density, and its score, the derivative of the log density.

p(x) = sum_n N(x + 2 pi n; 0, sigma^2) over all whole n, of which 2 PERIODS + 1 are summed. Sampling by diffusion follows the score.
Source: Jing and others (2022).
"""

import numpy as np

PERIODS = 10  # on either side; the farthest is more than 9 periods away, below rounding for sigma up to 2 pi


def _log_terms(x: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    apart = (np.asarray(x)[..., None] + np.pi) % (2 * np.pi) - np.pi + 2 * np.pi * np.arange(-PERIODS, PERIODS + 1)
    return apart, -((apart / sigma) ** 2) / 2


def density(x: np.ndarray, sigma: float) -> np.ndarray:
    """p (...,) at angles x (...,) in radians; per radian."""
    return np.exp(_log_terms(x, sigma)[1]).sum(axis=-1) / (sigma * np.sqrt(2 * np.pi))


def score(x: np.ndarray, sigma: float) -> np.ndarray:
    """d log p / dx (...,) at angles x (...,) in radians; per radian."""
    apart, log_terms = _log_terms(x, sigma)
    weights = np.exp(log_terms - log_terms.max(axis=-1, keepdims=True))
    return -(weights * apart).sum(axis=-1) / weights.sum(axis=-1) / sigma**2
