r"""How the tangent plane of the decoder turns near a code, and how many dimensions it has; in radians, and without a unit.

Turning: the mean distance (`lib.geometry.tangent_planes`) between the plane at the code and those at its five nearest training
codes. NaN where J_D has not full rank. Local dimension: the participation ratio (sum s^2)^2 / sum s^4 of the singular
values s of J_D, between 1 and d. Both: the larger, the larger the error. Source: Choi et al. (2022).
"""

from copy import deepcopy

import numpy as np
import torch

from lib.geometry.tangent_planes import decoder_jacobians, orthonormal, plane_distance
from lib.measures.baselines import NEIGHBOUR, nearest_rows
from lib.measures.protocol import POINTS, TRAINING, WEIGHTS, Subject, as_measure


@as_measure(
    "turning of the tangent plane",
    needs=(POINTS, WEIGHTS, TRAINING),
    cost=lambda sizes: (
        sizes.training_points * sizes.latent_dim
        + (NEIGHBOUR + 1) * (2 * sizes.encoder + sizes.jacobian + sizes.inputs * sizes.latent_dim**2)
    ),
    source="choi2022",
)
def turning(subject: Subject) -> np.ndarray:
    """The mean angle (points,) to the tangent planes at the five nearest training codes."""
    rows = nearest_rows(subject.training_codes, subject.codes)[1]
    used, places = np.unique(rows, return_inverse=True)
    decoder = deepcopy(subject.pair[1]).double()
    own, near = (
        orthonormal(decoder_jacobians(decoder, torch.from_numpy(codes)))
        for codes in (subject.codes, subject.training_codes[used])
    )
    places = places.reshape(rows.shape)
    angles = [plane_distance(own, near[places[:, column]]).numpy() for column in range(rows.shape[1])]
    return np.mean(angles, axis=0)


@as_measure(
    "local dimension of the decoder",
    cost=lambda sizes: 2 * sizes.encoder + sizes.jacobian + sizes.inputs * sizes.latent_dim**2,
    source="choi2022",
)
def local_dimension(subject: Subject) -> np.ndarray:
    """(sum s^2)^2 / sum s^4 (points,) of the singular values of J_D; NaN where J_D is 0."""
    decoder = deepcopy(subject.pair[1]).double()
    squares = torch.linalg.svdvals(decoder_jacobians(decoder, torch.from_numpy(subject.codes))).square()
    return (squares.sum(dim=1).square() / squares.square().sum(dim=1)).numpy()
