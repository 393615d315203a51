"""Decision regions of classifiers on planes through three images, after Somepalli et al. (2022).

The plane through the images p, q, r has the origin p, its first axis along q - p, and its second axis orthogonal to it
in the direction of r. A grid of `side` x `side` points covers the triangle with a margin, a share of its extent, around.
"""

import numpy as np
import torch
from torch import Tensor, nn

MARGIN = 0.1


def plane_grids(corners: Tensor, side: int) -> Tensor:
    """Points (triples, side * side, N) of a grid on the plane through each triple of images `corners` (triples, 3, N)."""
    origin, first, second = corners.unbind(1)
    along, other = first - origin, second - origin
    width = along.norm(dim=1, keepdim=True)
    along = along / width
    across = (other * along).sum(dim=1, keepdim=True)
    upright = other - across * along
    height = upright.norm(dim=1, keepdim=True)
    low, high = across.clamp(max=0), torch.maximum(across, width)
    share = torch.linspace(-MARGIN, 1 + MARGIN, side, dtype=corners.dtype)
    x = low + share * (high - low)  # (triples, side)
    y = share * height
    rows = y[:, :, None, None] * (upright / height)[:, None, None, :]
    return (origin[:, None, None] + rows + x[:, None, :, None] * along[:, None, None, :]).flatten(1, 2)


@torch.no_grad()
def decisions(network: nn.Module, grids: Tensor) -> np.ndarray:
    """The class (triples, side, side) that a classifier gives to each point of `plane_grids`."""
    side = round(grids.shape[1] ** 0.5)
    return network(grids.flatten(0, 1)).argmax(dim=1).reshape(-1, side, side).numpy()


def fragments(regions: np.ndarray) -> int:
    """The number of connected pieces of equal class in `regions` (side, side); pixels are neighbours also by a corner."""
    from scipy.ndimage import label

    return sum(int(label(regions == one, np.ones((3, 3)))[1]) for one in np.unique(regions))  # pyright: ignore[reportIndexIssue]
