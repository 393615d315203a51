r"""The Hessian H of the training error with respect to the parameters; squared grey levels, and ratios without a unit.

`trace_hessian`: tr H = 2/N mean |df/dtheta|_F^2, by random signs at each training image; exact for ReLU networks, so it does
not see the residual (`lib.geometry.curvature`). `hessian_ratio`: r_e = |l_min / l_max|; `hessian_negative`: K^1, the sum
of the negative eigenvalues relative to that of the positive ones; both from Ritz values at 128 training images. These two
see the residual: without it H has no negative eigenvalue. Source: Gabdullin (2024).
"""

import numpy as np
import torch

from lib.geometry.curvature import criteria, output_gradient
from lib.measures.protocol import (
    CURVATURE_POINTS,
    CURVATURE_STEPS,
    TRAINING,
    WEIGHTS,
    Measure,
    Subject,
    as_measure,
    drawn,
)

SIGNS = 4  # draws of random signs for each image


@as_measure(
    "trace of the Hessian",
    needs=(WEIGHTS, TRAINING),
    cost=lambda sizes: 6 * SIGNS * sizes.encoder * sizes.training_points,
    level="network",
    source="gabdullin2024",
    orthogonal=False,
)
def trace_hessian(subject: Subject) -> float:
    """tr H at the training images."""
    images, draw = subject.training.images, subject.generator()
    x = images[drawn(images.numpy(), len(images), draw)]
    signs = torch.from_numpy(draw.choice([-1.0, 1.0], (SIGNS, *x.shape)))
    squares = [output_gradient(*subject.pair, x, v).double().mean() for v in signs]
    return 2 / x.shape[1] * float(np.mean(squares))


hessian_ratio, hessian_negative = (
    Measure(
        f"hessian_{name}",
        label,
        lambda subject, name=name: criteria(*subject.loss_curvature)[name],
        needs=(WEIGHTS, TRAINING),
        cost=lambda sizes: 18 * CURVATURE_STEPS * CURVATURE_POINTS * sizes.encoder,
        level="network",
        source="gabdullin2024",
        sees_error=True,
        orthogonal=False,
    )
    for name, label in (
        ("ratio", r"$r_e=\vert l_{\min}/l_{\max}\vert$ of the Hessian"),
        ("negative", "$K^1$ of the Hessian"),
    )
)
