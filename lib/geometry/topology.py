r"""Closed curves, and the point of such a curve at which an autoencoder with one latent dimension must fail.

Theorem (after Borsuk and Ulam). Let g: [0, 1] -> R^N be continuous with g(0) = g(1), E: R^N -> R continuous, and D any map.
Then h(t) = E(g(t)) - E(g(t + 1/2)) has a root t in [0, 1/2], for h(1/2) = -h(0). There both points have the same code and so
the same reconstruction y, and by the triangle inequality one of them has an error of at least half their distance:

    max(|y - g(t)|, |y - g(t + 1/2)|) >= |g(t) - g(t + 1/2)| / 2.

The function `forced_point` finds t by bisection. Source: the theorem of Borsuk and Ulam on the circle; the proof is ours.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, grid_sample, pad

Curve = Callable[[Tensor], Tensor]  # parameters t (points,) -> points of the curve (points, N), float64; of period 1
HALVINGS = 60


@dataclass(frozen=True)
class ForcedPoint:
    """Where an autoencoder must fail on a closed curve.

    `t`: the parameter, in [0, 1), of that of the two points with equal codes that has the larger error; `codes_apart`: the
    difference |h| of their codes; `bound`: half their distance; `error`: |f(x) - x| at t. Lengths are in units of x.
    """

    t: float
    codes_apart: float
    bound: float
    error: float


def circle(t: Tensor) -> Tensor:
    """The circle of radius 1 in the plane."""
    angle = 2 * torch.pi * t.double()
    return torch.stack([angle.cos(), angle.sin()], dim=-1)


def rotations(image: Tensor) -> Curve:
    """The curve of all rotations of a square image (side, side) about its centre, by bilinear interpolation.

    The frame is doubled first, so that no ink leaves it and the curve is continuous. N = 4 side^2.
    """
    side = image.shape[-1]
    before = side // 2
    framed = pad(image.double(), (before, side - before, before, side - before))

    def curve(t: Tensor) -> Tensor:
        angle = 2 * torch.pi * t.double()
        zero = torch.zeros_like(angle)
        rows = [torch.stack([angle.cos(), -angle.sin(), zero], -1), torch.stack([angle.sin(), angle.cos(), zero], -1)]
        grid = affine_grid(torch.stack(rows, 1), [len(t), 1, 2 * side, 2 * side], align_corners=False)
        return grid_sample(framed.expand(len(t), 1, -1, -1), grid, align_corners=False).reshape(len(t), -1)

    return curve


def evenly(points: int, offset: float = 0.0) -> Tensor:
    """Parameters (points,), float64, equally spaced over a closed curve; `offset` in units of their spacing."""
    return (torch.arange(points, dtype=torch.float64) + offset) / points


@torch.no_grad()
def forced_point(encoder: nn.Module, decoder: nn.Module, curve: Curve) -> ForcedPoint:
    """The point of a closed curve at which a float64 autoencoder with one latent dimension must fail, by bisection."""

    def apart(t: float) -> float:
        one, other = encoder(curve(torch.tensor([t, t + 0.5], dtype=torch.float64)))[:, 0].tolist()
        return one - other

    low, high = 0.0, 0.5
    sign = apart(low) > 0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if (apart(middle) > 0) == sign else (low, middle)
    pair = curve(torch.tensor([low, low + 0.5], dtype=torch.float64))
    errors = (decoder(encoder(pair)) - pair).norm(dim=1)
    worse = int(errors.argmax())
    bound = float((pair[0] - pair[1]).norm()) / 2
    return ForcedPoint((low + worse / 2) % 1, abs(apart(low)), bound, float(errors[worse]))
