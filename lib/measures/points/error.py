r"""The error: |f(x) - x|^2 / N, the mean over the pixels, in squared grey levels.

It is what the predictors predict, and a detector itself.
"""

from lib.measures.protocol import POINTS, WEIGHTS, Measure

mse = Measure(
    "mse",
    "MSE",
    lambda subject: subject.column("mse"),
    needs=(POINTS, WEIGHTS),
    cost=lambda sizes: 2 * sizes.encoder,
    sees_error=True,
    orthogonal=True,
    predicts=None,
    detects=5,
)
