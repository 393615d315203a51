r"""The error: |f(x) - x|^2 / N, the mean over the pixels, in squared grey levels.

It is what the predictors predict, and a detector itself.
"""

from lib.measures.protocol import Measure

mse = Measure(
    "mse",
    "MSE",
    lambda subject: subject.column("mse"),
    cost=lambda sizes: 2 * sizes.encoder,
    sees_error=True,
    predicts=None,
    detects=5,
)
