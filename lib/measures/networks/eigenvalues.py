r"""The paper's eigenvalues, averaged over points: one number for a network; without a unit.

`mean_trace`: tr K / d, K the core of J_I; `mean_log_volume`: log|det K| / d, over the points where K is regular;
`mean_shrinkage`: sum |1 - lambda|^2 / d; `mean_spectral`: |J_I|_2. Source of the first two as predictors of error: Agarwala, Dees,
Gearhart and Lowman (2022).
"""

import numpy as np

from lib.measures.points.shrinkage import distance_from_one
from lib.measures.protocol import POINTS, WEIGHTS, Measure, Subject


def _a_direction(subject: Subject, values: np.ndarray) -> float:
    """The mean over points, divided by d."""
    return np.nanmean(values) / subject.eigenvalues("input").shape[1]


def _measure(name: str, label: str, compute, source: str = "") -> Measure:
    cost = lambda sizes: sizes.training_points * (sizes.core + sizes.spectrum)  # noqa: E731
    return Measure(name, label, compute, (POINTS, WEIGHTS), cost, "network", source=source, orthogonal=True)


mean_trace = _measure(
    "mean_trace",
    "mean trace of $J_I$, by $d$",
    lambda subject: _a_direction(subject, subject.column("trace_input")),
    "agarwala2022",
)
mean_log_volume = _measure(
    "mean_log_volume",
    r"mean $\log\vert\omega\vert$ of $J_I$, by $d$",
    lambda subject: _a_direction(subject, subject.column("log_volume_input")),
    "agarwala2022",
)
mean_shrinkage = _measure(
    "mean_shrinkage",
    r"mean $\sum\vert1-\lambda\vert^2$ of $J_I$, by $d$",
    lambda subject: _a_direction(subject, distance_from_one(subject)),
)
mean_spectral = _measure(
    "mean_spectral", "mean spectral norm of $J_I$", lambda subject: subject.column("spectral").mean()
)
