r"""Hyperplanes in a latent space that separate large from small values of a quantity.

Codes are standardised, and a linear support vector machine is fitted to the tails: the codes with the largest and the smallest
values. Its intercept is kept, for the codes need not be centred. Source: Shen et al. (2020), InterFaceGAN, where it is
dropped.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Boundary:
    """The hyperplane normal . u + offset = 0 of standardised codes u = (z - mean) / scale, |normal| = 1, values rising along it."""

    mean: np.ndarray
    scale: np.ndarray
    normal: np.ndarray
    offset: float

    def side(self, codes: np.ndarray) -> np.ndarray:
        """The signed distance (points,) of codes (points, d) from the hyperplane, in standard deviations of the codes."""
        return (codes - self.mean) / self.scale @ self.normal + self.offset


def tails(values: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the smallest and of the largest values (points,): `share` of all at each end, at least one; ties by row."""
    count = max(round(share * len(values)), 1)
    order = np.argsort(values, kind="stable")
    return order[:count], order[-count:]


def boundary(codes: np.ndarray, low: np.ndarray, high: np.ndarray) -> Boundary:
    """The hyperplane between the rows `low` and `high` of codes (points, d); a constant code has the scale 1."""
    from sklearn.svm import SVC

    mean, scale = codes.mean(axis=0), codes.std(axis=0)
    scale = np.where(scale > 0, scale, 1)
    fitted = SVC(kernel="linear", tol=1e-9).fit(
        (np.concatenate([codes[low], codes[high]]) - mean) / scale, np.repeat([0, 1], [len(low), len(high)])
    )
    normal = fitted.coef_[0]
    size = np.linalg.norm(normal)
    return Boundary(mean, scale, normal / size, float(fitted.intercept_[0] / size))


def conditioned(normal: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The direction (d,) nearest to `normal` that leaves the values along the unit vector `other` as they are, of length 1."""
    rest = normal - (normal @ other) * other
    return rest / np.linalg.norm(rest)
