"""Planes through three images, the regions of a classifier on them, and their pieces."""

import numpy as np
import pytest
import torch
from torch import nn

from lib.geometry import planes

CORNERS = torch.randn((5, 3, 7), generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_grid_lies_on_its_plane_and_covers_its_corners():
    grids = planes.plane_grids(CORNERS, 61)
    assert grids.shape == (5, 61 * 61, 7)
    for grid, corners in zip(grids, CORNERS, strict=True):
        edges = corners[1:] - corners[:1]
        offsets = grid - corners[0]
        residual = offsets - offsets @ torch.linalg.pinv(edges) @ edges
        assert residual.abs().max() < 1e-12
        spacing = (grid[1] - grid[0]).norm() + (grid[61] - grid[0]).norm()
        assert torch.cdist(corners, grid).min(dim=1).values.max() < spacing
        outside = (grid - corners[0]).norm(dim=1).max()
        assert outside < 1.5 * torch.cdist(corners, corners).max()


def test_the_margin_of_a_known_triangle():
    grid = planes.plane_grids(torch.tensor([[[0.0, 0.0], [10.0, 0.0], [2.0, 5.0]]]), 13)[0]
    torch.testing.assert_close(grid[0], torch.tensor([-1.0, -0.5]))
    torch.testing.assert_close(grid[-1], torch.tensor([11.0, 5.5]))
    torch.testing.assert_close(grid[12], torch.tensor([11.0, -0.5]))


def test_an_obtuse_triangle_is_covered_too():
    grid = planes.plane_grids(torch.tensor([[[0.0, 0.0], [10.0, 0.0], [-10.0, 5.0]]]), 13)[0]
    assert grid[:, 0].min() == pytest.approx(-12)
    assert grid[:, 0].max() == pytest.approx(12)


def test_decisions_stand_where_their_points_stand():
    network = nn.Linear(2, 2)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
        network.bias.copy_(torch.tensor([5.0, 0.0]))  # class 1 where x_1 > 5
    grids = planes.plane_grids(torch.tensor([[[0.0, 0.0], [10.0, 0.0], [0.0, 5.0]]]), 20)
    regions = planes.decisions(network, grids)
    assert regions.shape == (1, 20, 20)
    np.testing.assert_array_equal(regions[0], np.tile(np.arange(20) >= 10, (20, 1)))


@pytest.mark.parametrize(
    ("regions", "pieces"),
    [
        (np.indices((6, 6)).sum(axis=0) % 2, 2),  # a checkerboard: pixels touch by their corners
        (np.repeat([[0, 1, 0]], 5, axis=0), 3),
        (np.zeros((4, 4), int), 1),
    ],
    ids=["checkerboard", "bands", "one class"],
)
def test_fragments_of_known_regions(regions, pieces):
    assert planes.fragments(regions) == pieces
