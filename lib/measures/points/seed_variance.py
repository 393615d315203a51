r"""The variance over seeds: of the reconstructions by networks that differ by their seed alone, averaged over the pixels.

1/N sum_j Var_s f_s(x)_j, with the divisor S - 1 for S networks; in squared grey levels, as the MSE.
"""

import numpy as np

from lib.measures.protocol import POINTS, SEEDS, Subject, as_measure
from lib.measures.reconstruction import reconstructed


@as_measure(
    "variance over seeds",
    needs=(POINTS, SEEDS),
    cost=lambda sizes: 2 * sizes.seeds * sizes.encoder,
    predicts=10,
)
def seed_variance(subject: Subject) -> np.ndarray:
    """The variance of the reconstructions, averaged over the pixels (points,)."""
    outputs = [reconstructed(pair, subject.points) for pair in subject.seeds]
    return np.var(outputs, axis=0, ddof=1).mean(axis=1)
