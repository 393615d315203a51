r"""The trace of a core: the sum of the d leading eigenvalues of J_I, or of all eigenvalues of J_L.

tr K = sum_i lambda_i, without a unit: the arithmetic mean of the eigenvalues times d. The paper's predictor of equation
7: the larger, the larger the error. Source: Agarwala, Dees, Gearhart and Lowman (2022).
"""

from lib.measures.protocol import Measure

trace_input = Measure(
    "trace_input",
    "trace of $J_I$",
    lambda subject: subject.column("trace_input"),
    cost=lambda sizes: sizes.core,
    short="trace $J_I$",
    source="agarwala2022",
    two_sided=True,
    predicts=1,
    detects=1,
)
trace_latent = Measure(
    "trace_latent",
    "trace of $J_L$",
    lambda subject: subject.column("trace_latent"),
    cost=lambda sizes: sizes.core + sizes.encoder,
    short="trace $J_L$",
    source="agarwala2022",
    two_sided=True,
    predicts=2,
    detects=2,
)
