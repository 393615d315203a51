r"""The log volume of a core: the logarithm of its determinant omega, the product of its eigenvalues; without a unit.

As a predictor, log omega of equation 6: a point with omega <= 0 has none (NaN), and the larger, the larger the error.
As a detector, log |omega|, which only a singular core lacks. Source: Agarwala, Dees, Gearhart and Lowman (2022).
"""

import numpy as np

from lib.measures.protocol import Measure, Subject


def positive_log_volume(subject: Subject, space: str) -> np.ndarray:
    """log omega (points,), NaN where omega <= 0."""
    return np.where(subject.column(f"sign_{space}") > 0, subject.column(f"log_volume_{space}"), np.nan)


volume_input = Measure(
    "volume_input",
    "log volume of $J_I$",
    lambda subject: positive_log_volume(subject, "input"),
    cost=lambda sizes: sizes.core + sizes.determinant,
    source="agarwala2022",
    predicts=3,
)
volume_latent = Measure(
    "volume_latent",
    "log volume of $J_L$",
    lambda subject: positive_log_volume(subject, "latent"),
    cost=lambda sizes: sizes.core + sizes.encoder + sizes.determinant,
    source="agarwala2022",
    predicts=4,
)
log_volume_input = Measure(
    "log_volume_input",
    r"$\log\vert\omega\vert$, $J_I$",
    lambda subject: subject.column("log_volume_input"),
    cost=lambda sizes: sizes.core + sizes.determinant,
    source="agarwala2022",
    two_sided=True,
    predicts=None,
    detects=3,
)
log_volume_latent = Measure(
    "log_volume_latent",
    r"$\log\vert\omega\vert$, $J_L$",
    lambda subject: subject.column("log_volume_latent"),
    cost=lambda sizes: sizes.core + sizes.encoder + sizes.determinant,
    source="agarwala2022",
    two_sided=True,
    predicts=None,
    detects=4,
)
