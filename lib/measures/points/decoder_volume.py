r"""The log volume of the decoder: log of the factor by which it scales d-volume, 1/2 log det(B^T B), B = J_D(E(x)).

Without a unit; NaN where B has not full rank.
"""

import numpy as np

from lib.measures.protocol import POINTS, WEIGHTS, Measure, Subject


def finite_log_volume(subject: Subject) -> np.ndarray:
    """1/2 log det(B^T B) (points,), NaN where it is not finite."""
    values = subject.column("decoder_log_volume")
    return np.where(np.isfinite(values), values, np.nan)


decoder_volume = Measure(
    "decoder_volume",
    "log volume of the decoder",
    finite_log_volume,
    needs=(POINTS, WEIGHTS),
    cost=lambda sizes: 2 * sizes.encoder + sizes.jacobian + sizes.product + sizes.determinant,
    orthogonal=True,
    predicts=8,
)
