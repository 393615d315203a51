r"""Where the code z = E(x) lies: its norm |z|, and its Mahalanobis distance from the training codes.

sqrt((z - m)^T S^-1 (z - m)), m the mean and S the covariance (divisor: the number of codes) of the training codes; without
a unit.
"""

import numpy as np

from lib.measures.protocol import POINTS, TRAINING, WEIGHTS, Measure, Subject, as_measure


@as_measure(
    "Mahalanobis, codes",
    needs=(POINTS, WEIGHTS, TRAINING),
    cost=lambda sizes: sizes.encoder + sizes.latent_dim**2,
    predicts=None,
    detects=9,
)
def mahalanobis(subject: Subject) -> np.ndarray:
    """The Mahalanobis distance (points,) of the codes from the training codes."""
    from sklearn.covariance import EmpiricalCovariance

    return np.sqrt(EmpiricalCovariance().fit(subject.training_codes).mahalanobis(subject.codes))


latent_norm = Measure(
    "latent_norm",
    "norm of code",
    lambda subject: np.linalg.norm(subject.codes, axis=1),
    cost=lambda sizes: sizes.encoder,
    two_sided=True,
    predicts=None,
    detects=10,
)
