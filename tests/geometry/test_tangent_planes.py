"""Distances of planes by known means, and Jacobians of a decoder by autograd."""

import math

import pytest
import torch
from torch import nn

from lib.geometry.tangent_planes import decoder_jacobians, orthonormal, plane_distance

COUNT = 20_000


def random_planes(size: int, dimension: int, seed: int, count: int = COUNT):
    draw = torch.Generator().manual_seed(seed)
    return orthonormal(torch.randn(count, size, dimension, generator=draw, dtype=torch.float64))


@pytest.mark.parametrize(
    ("size", "dimension", "count", "mean"), [(2, 1, COUNT, math.pi / 4), (3, 1, COUNT, 1), (64, 8, 500, 3.61)]
)
def test_random_planes_are_as_far_as_they_are_known_to_be(size, dimension, count, mean):
    first, second = (random_planes(size, dimension, seed, count) for seed in (0, 1))
    assert float(plane_distance(first, second).mean()) == pytest.approx(mean, abs=0.012)


def test_orthogonal_planes_are_as_far_as_can_be_and_equal_ones_at_0():
    whole = random_planes(64, 16, 2, 3)
    apart = plane_distance(whole[:, :, :8], whole[:, :, 8:])
    assert apart.tolist() == pytest.approx([math.sqrt(8) * math.pi / 2] * 3)
    turn = random_planes(8, 8, 3, 3)
    assert plane_distance(whole[:, :, :8], whole[:, :, :8] @ turn).max() < 1e-14, "an arc cosine would give 1e-8"


def test_small_angles_are_kept():
    angle = 1e-10
    first = torch.tensor([[[1.0], [0.0]]], dtype=torch.float64)
    second = torch.tensor([[[math.cos(angle)], [math.sin(angle)]]], dtype=torch.float64)
    assert float(plane_distance(first, second)) == pytest.approx(angle)


def test_a_plane_of_too_few_dimensions_has_no_distance():
    columns = torch.ones(2, 3, 2, dtype=torch.float64)
    columns[1, 0, 1] = 2
    bases = orthonormal(columns)
    distances = plane_distance(bases, bases)
    assert distances.isnan().tolist() == [True, False]


class Steps(nn.Module):
    """An output that no derivative passes."""

    def forward(self, codes):
        return (codes > 0).double()


@pytest.mark.parametrize(
    "decoder",
    [
        nn.Sequential(nn.Linear(12, 6), nn.Tanh(), nn.Linear(6, 5)),
        nn.Sequential(nn.Linear(12, 8), nn.Unflatten(1, (2, 2, 2)), nn.ConvTranspose2d(2, 1, 2, stride=2), nn.ELU()),
        Steps(),
    ],
    ids=["affine", "convolution", "constant"],
)
def test_the_jacobian_of_a_decoder_is_that_of_autograd(decoder):
    draw = torch.Generator().manual_seed(0)
    decoder = decoder.double()
    codes = torch.randn(4, 12, generator=draw, dtype=torch.float64)
    found = decoder_jacobians(decoder, codes)
    for code, jacobian in zip(codes, found, strict=True):
        wanted = torch.autograd.functional.jacobian(lambda one: decoder(one[None]).flatten(), code)
        torch.testing.assert_close(jacobian, wanted)
