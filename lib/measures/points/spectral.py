r"""The spectral norm of J_I: its largest singular value, |J_I|_2 = max |J_I v| over unit vectors v; without a unit.

The largest factor by which f stretches a small step, in any direction. From d x d matrices alone
(`lib.geometry.tangents`).
"""

from lib.measures.protocol import Measure

spectral = Measure(
    "spectral",
    "spectral norm of $J_I$",
    lambda subject: subject.column("spectral"),
    cost=lambda sizes: sizes.core + sizes.product + sizes.spectrum,
    predicts=6,
)
