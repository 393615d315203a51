r"""On which side of a failure hyperplane the code lies: its signed distance from it, in standard deviations of the codes.

The hyperplane separates the training codes with the largest errors, 30 % of all, from the 30 % with the smallest
(`lib.geometry.boundaries`). NaN where all training errors are equal. Source: Shen et al. (2020), who take an attribute of
the image in place of the error.
"""

import numpy as np

from lib.geometry.boundaries import boundary, tails
from lib.measures.protocol import POINTS, TRAINING, WEIGHTS, Subject, as_measure

TAIL = 0.3


@as_measure(
    "side of a failure hyperplane",
    needs=(POINTS, WEIGHTS, TRAINING),
    cost=lambda sizes: sizes.encoder + sizes.latent_dim,
    source="shen2020",
)
def failure_side(subject: Subject) -> np.ndarray:
    """The signed distance (points,) of the codes from the failure hyperplane."""
    errors = subject.training_errors
    if np.ptp(errors) <= 1e-9 * np.abs(errors).max():
        return np.full(len(subject), np.nan)
    return boundary(subject.training_codes, *tails(errors, TAIL)).side(subject.codes)
