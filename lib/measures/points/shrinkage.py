r"""The squared distance of the eigenvalues of J_I from 1: sum_i |1 - lambda_i|^2 over the d leading ones; without a unit.

By Schur's inequality it bounds |1 - K|_F^2 from below: the part of a small step along the tangent plane that f loses (book, page
`bounds`).
"""

import numpy as np

from lib.measures.protocol import Subject, as_measure


@as_measure(
    r"$\sum\vert1-\lambda\vert^2$ of $J_I$",
    cost=lambda sizes: sizes.core + sizes.spectrum,
    predicts=5,
)
def shrinkage(subject: Subject) -> np.ndarray:
    """sum |1 - lambda|^2 (points,)."""
    values = subject.eigenvalues("input")
    return ((1 - np.real(values)) ** 2 + np.imag(values) ** 2).sum(axis=1)
