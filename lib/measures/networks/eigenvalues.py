r"""The paper's eigenvalues, averaged over points: one number for a network; without a unit.

`mean_trace`: tr K / d, K the core of J_I; `mean_log_volume`: log|det K| / d, over the points where K is regular;
`mean_shrinkage`: sum |1 - lambda|^2 / d; `mean_spectral`: |J_I|_2. Source of the first two as predictors of error: Agarwala, Dees,
Gearhart and Lowman (2022).
"""

from functools import partial

import numpy as np

from lib.measures.points import shrinkage
from lib.measures.protocol import Measure, Subject


def _a_direction(subject: Subject, values: np.ndarray) -> float:
    """The mean over points, divided by d."""
    return np.nanmean(values) / subject.eigenvalues("input").shape[1]


_mean = partial(Measure, cost=lambda sizes: sizes.training_points * (sizes.core + sizes.spectrum), level="network")
mean_trace = _mean(
    "mean_trace",
    "mean trace of $J_I$, by $d$",
    lambda subject: _a_direction(subject, subject.column("trace_input")),
    source="agarwala2022",
)
mean_log_volume = _mean(
    "mean_log_volume",
    r"mean $\log\vert\omega\vert$ of $J_I$, by $d$",
    lambda subject: _a_direction(subject, subject.column("log_volume_input")),
    source="agarwala2022",
)
mean_shrinkage = _mean(
    "mean_shrinkage",
    r"mean $\sum\vert1-\lambda\vert^2$ of $J_I$, by $d$",
    lambda subject: _a_direction(subject, shrinkage.shrinkage.of(subject)),
)
mean_spectral = _mean("mean_spectral", "mean spectral norm of $J_I$", lambda subject: subject.column("spectral").mean())
