r"""The tangent norm |df/dtheta|_F^2: how fast the logits f change with the weights and biases, batch normalisation folded in.

For affine layers h_l = W_l a_{l-1} + b_l it is sum_l |df/dh_l|_F^2 (|a_{l-1}|^2 + 1). Used by the analysis of loss landscapes
of Gabdullin (2024); it looks at no label, where |d loss/dtheta|^2 would.
"""

from lib.measures.classified import Classified
from lib.measures.protocol import as_measure


@as_measure(
    r"$\vert\partial f/\partial\theta\vert^2$",
    cost=lambda sizes: (1 + sizes.latent_dim) * sizes.encoder,
    level="classifier",
    source="gabdullin2024",
)
def tangent_norm(subject: Classified):
    """sum_l |df/dh_l|_F^2 (|a_{l-1}|^2 + 1) (points,)."""
    return sum(
        jacobian.square().sum(dim=(1, 2)) * (entering.square().sum(dim=1) + 1) for entering, jacobian in subject.layers
    )
