r"""The log volume of the decoder: log of the factor by which it scales d-volume, 1/2 log det(B^T B), B = J_D(E(x)).

Without a unit; NaN where B has not full rank.
"""

import numpy as np

from lib.measures.protocol import Subject, as_measure


@as_measure(
    "log volume of the decoder",
    cost=lambda sizes: 2 * sizes.encoder + sizes.jacobian + sizes.product + sizes.determinant,
    predicts=8,
)
def decoder_volume(subject: Subject) -> np.ndarray:
    """1/2 log det(B^T B) (points,), NaN where it is not finite."""
    values = subject.column("decoder_log_volume")
    return np.where(np.isfinite(values), values, np.nan)
