r"""Distortion: how much faster than the whole the tangent planes of the decoder turn nearby; without a unit.

The mean distance of the planes at two random codes, divided by that of the planes at a code and at a step of a tenth of the
codes' spread in a random direction; a plane is the image of J_D, the distance of two is the root of the sum of their squared
principal angles. Source: Choi, Hwang, Cho and Kang (2022), where a larger value means a more warped latent space.
"""

from copy import deepcopy

import torch
from torch import Tensor

from lib.geometry.tangent_planes import decoder_jacobians, plane_distance
from lib.measures.protocol import Subject, as_measure, drawn
from lib.training.autoencoders import Pair

CODES, STEP = 256, 0.1  # pairs of codes; the step, in units of the codes' root mean square distance from their mean


def tangent_planes(pair: Pair, codes: Tensor) -> Tensor:
    """Orthonormal columns (codes, N, d) that span the image of J_D at codes (codes, d), float64."""
    return torch.linalg.qr(decoder_jacobians(deepcopy(pair[1]).double(), codes))[0]


@as_measure(
    "Distortion of the latent space",
    cost=lambda sizes: 2 * CODES * (sizes.latent_dim * sizes.encoder + 4 * sizes.inputs * sizes.latent_dim**2),
    level="network",
    source="choi2022",
    orthogonal=False,
)
def distortion(subject: Subject) -> float:
    """The mean distance of planes at random codes, by that of planes at near codes."""
    draw = subject.generator()
    rows = drawn(subject.points, CODES, draw)
    codes = torch.from_numpy(subject.codes[rows])
    step = torch.from_numpy(draw.standard_normal(codes.shape))
    length = STEP * (codes - codes.mean(0)).square().sum(1).mean().sqrt()
    here, near = (
        tangent_planes(subject.pair, z) for z in (codes, codes + length * step / step.norm(dim=1, keepdim=True))
    )
    return float(plane_distance(here, here.roll(1, 0)).mean() / plane_distance(here, near).mean())
