r"""The obliqueness of J_I: |C|_F, by which J_I carries directions across the tangent plane into it; without a unit.

With J_D(E(x)) = Q R, Q of orthonormal columns, C = R J_E(x) (I - Q Q^T). It is 0 for an orthogonal projection
(`lib.geometry.tangents`).
"""

from lib.measures.protocol import Measure

obliqueness = Measure(
    "obliqueness",
    "obliqueness of $J_I$",
    lambda subject: subject.column("obliqueness"),
    cost=lambda sizes: sizes.core + 2 * sizes.product + sizes.spectrum,
    predicts=7,
)
