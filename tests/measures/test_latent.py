"""Measures of the latent space with known answers: flat and curved decoders, and an error that rises along one direction."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lib.measures.points.failure_side import failure_side
from lib.measures.points.turning import local_dimension, turning
from lib.measures.protocol import Subject
from lib.training.datasets import Split


class Bent(nn.Module):
    """z -> (z_1, z_2, z_1^2 / 2): a parabolic cylinder, whose tangent plane turns along z_1 alone."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.cat([z, z[:, :1] ** 2 / 2], dim=1)


class First(nn.Module):
    """x -> (x_1, x_2)."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :2]


def subject(decoder: nn.Module, train: np.ndarray, points: np.ndarray) -> Subject:
    training = Split(torch.from_numpy(train), torch.zeros(len(train), dtype=torch.int64))
    return Subject(pair=(First(), decoder), points=points, training=training)  # pyright: ignore[reportArgumentType]


def cloud(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 3))


def test_a_plane_does_not_turn_and_a_cylinder_turns_as_its_slope_does():
    flat = nn.Linear(2, 3).double()
    assert turning.of(subject(flat, cloud(100, 0), cloud(20, 1))).max() < 1e-12
    steps = np.linspace(-0.2, 0.2, 5)  # five training codes around 0, the plane there is level
    train = np.stack([steps, np.zeros(5), np.zeros(5)], axis=1)
    found = turning.of(subject(Bent(), train, np.zeros((1, 3))))
    assert found == pytest.approx([np.abs(np.arctan(steps)).mean()])


def test_a_decoder_without_a_plane_has_no_turning():
    flat = nn.Linear(2, 3).double()
    with torch.no_grad():
        flat.weight[:, 1] = flat.weight[:, 0]
    assert np.isnan(turning.of(subject(flat, cloud(100, 0), cloud(20, 1)))).all()


@pytest.mark.parametrize(("stretch", "dimension"), [(1, 2), (1e-9, 1), (0.5, (1.25**2) / (1 + 0.5**4))])
def test_the_local_dimension_of_a_linear_decoder(stretch, dimension):
    flat = nn.Linear(2, 3).double()
    with torch.no_grad():
        flat.weight.copy_(torch.tensor([[1, 0], [0, stretch], [0, 0]], dtype=torch.float64))
    assert local_dimension.of(subject(flat, cloud(9, 0), cloud(7, 1))) == pytest.approx(np.full(7, dimension))


def test_the_failure_side_rises_with_an_error_that_rises_along_a_direction():
    class Failing(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return torch.cat([z, z[:, :1].exp()], dim=1)  # errs by exp(x_1) where x_3 = 0

    train, points = cloud(300, 0), cloud(50, 1)
    train[:, 2] = points[:, 2] = 0
    found = failure_side.of(subject(Failing(), train, points))
    assert np.corrcoef(found, points[:, 0])[0, 1] > 0.98
    assert (np.sign(found) == np.sign(points[:, 0])).mean() > 0.9


def test_equal_errors_have_no_sides():
    train = np.zeros((30, 3))
    train[:, :2] = cloud(30, 0)[:, :2]
    flat = nn.Linear(2, 3).double()
    with torch.no_grad():
        flat.weight.copy_(torch.tensor([[1, 0], [0, 1], [0, 0]], dtype=torch.float64))
        flat.bias.copy_(torch.tensor([0, 0, 0.5], dtype=torch.float64))
    assert np.isnan(failure_side.of(subject(flat, train, train[:4]))).all()
