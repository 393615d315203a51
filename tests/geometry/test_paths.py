"""Paths: around a ring the graph takes the long way, and points on a path are evenly spaced."""

import numpy as np
import pytest
import torch

from lib.geometry import paths, topology

ENDS = topology.circle(torch.tensor([0.0, 0.5]))


def test_the_graph_goes_round_a_ring_and_the_straight_path_through_its_hole():
    draw = np.random.default_rng(0)
    radii = torch.from_numpy(draw.normal(1, 0.02, (2000, 1)))
    codes = radii * topology.circle(torch.from_numpy(draw.random(2000)))
    path = paths.graph_path(codes, *ENDS)
    torch.testing.assert_close(path[[0, -1]], ENDS)
    assert path.diff(dim=0).norm(dim=1).sum() == pytest.approx(np.pi, rel=0.03)
    assert paths.evenly_along(path, 21).norm(dim=1).min() > 0.9
    assert paths.evenly_along(ENDS, 21).norm(dim=1).min() < 1e-9


def test_ends_that_the_graph_does_not_connect_are_joined_straight():
    codes = torch.cat([ENDS[:1] + torch.rand(20, 2) / 10, ENDS[1:] + torch.rand(20, 2) / 10])
    torch.testing.assert_close(paths.graph_path(codes, *ENDS, neighbours=3), ENDS)


def test_points_on_a_path_are_evenly_spaced_also_where_a_node_stands_twice():
    path = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 3.0]])
    expected = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]])
    torch.testing.assert_close(paths.evenly_along(path, 5), expected)


def test_a_path_of_density_goes_round_a_ring_the_more_the_density_weighs():
    draw = np.random.default_rng(0)
    codes = topology.circle(torch.from_numpy(draw.random(2000)))
    start = paths.evenly_along(paths.graph_path(codes, *ENDS), 20)
    found = [paths.density_path(torch.nn.Identity(), start, codes, 0.1, weight) for weight in (0, 0.1, 0.5, 5)]
    lengths = [float(path.diff(dim=0).norm(dim=1).sum()) for path in found]
    assert lengths[0] == pytest.approx(2, abs=1e-6)
    assert lengths == sorted(lengths)
    assert lengths[2] > 2.8
    assert lengths[3] == pytest.approx(np.pi, rel=0.02)
    assert found[3].norm(dim=1).min() > 0.95


def test_the_density_of_codes_integrates_to_one():
    codes = torch.tensor([[-0.3], [0.4], [0.5]], dtype=torch.float64)
    z = torch.linspace(-4, 4, 4001, dtype=torch.float64)[:, None]
    assert torch.trapezoid(paths.log_density(z, codes, 0.2).exp(), z[:, 0]) == pytest.approx(1, abs=1e-9)
