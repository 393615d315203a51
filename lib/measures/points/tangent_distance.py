r"""The distance of x from the plane tangent to the decoded manifold at f(x), in units of x.

|(I - Q Q^T)(f(x) - x)|, Q an orthonormal basis of the image of J_D(E(x)). Made from the residual, it is a lower bound of
the error and no forecast (`lib.geometry.tangents`).
"""

from lib.measures.protocol import Measure

tangent_distance = Measure(
    "tangent_distance",
    "distance to the tangent plane",
    lambda subject: subject.column("tangent_distance"),
    cost=lambda sizes: 2 * sizes.encoder + sizes.jacobian + sizes.product + sizes.spectrum,
    sees_error=True,
    predicts=9,
)
