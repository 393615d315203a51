"""The statements on errors: against closed forms, finite sums, and random networks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import jacrev, vmap

from lib import autoencoders, bounds
from lib.errors import InputError
from lib.jacobians import cores

WIDTHS = st.lists(st.integers(2, 9), min_size=1, max_size=3)


def network(widths: list[int], seed: int = 0) -> tuple[nn.Sequential, nn.Sequential]:
    encoder, decoder = autoencoders.build(widths, seed)
    return encoder.double(), decoder.double()


def normal(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear(weight: Tensor) -> nn.Sequential:
    layer = nn.Linear(weight.shape[1], weight.shape[0]).double()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.zero_()
    return nn.Sequential(layer)


@settings(max_examples=30, deadline=None)
@given(hidden=WIDTHS, latent_dim=st.integers(1, 4), seed=st.integers(0, 99))
def test_every_statement_holds_on_any_network(hidden: list[int], latent_dim: int, seed: int) -> None:
    encoder, decoder = network([10, *hidden, latent_dim], seed)
    x, anchors = normal((20, 10), seed), normal((20, 10), seed + 1)
    form = bounds.secant(encoder, decoder, x, anchors)
    for check in (bounds.secant_identity(form), bounds.normal_bound(form), bounds.residual_bound(form)):
        assert check.violations == 0


def test_at_one_point_twice_the_image_of_the_secant_is_that_of_the_jacobian() -> None:
    encoder, decoder = network([10, 8, 3])
    x = normal((6, 10))
    form = bounds.secant(encoder, decoder, x, x)
    jacobian = vmap(jacrev(lambda point: decoder(encoder(point))))(x).detach()
    for column in jacobian.unbind(dim=2):
        assert torch.allclose(form.normal_part(column), torch.zeros_like(column), atol=1e-12)
    assert torch.equal(form.predicted, torch.zeros_like(form.predicted))


def test_the_bounds_are_equalities_for_an_orthogonal_projection() -> None:
    basis = torch.linalg.qr(normal((7, 3))).Q
    form = bounds.secant(linear(basis.T), linear(basis), normal((5, 7), 1), normal((5, 7), 2))
    for check in (bounds.normal_bound(form), bounds.residual_bound(form)):
        assert torch.allclose(check.bound, check.actual, atol=1e-12)
        assert torch.allclose(check.tightness, torch.ones(5, dtype=torch.float64))


def test_a_broken_statement_is_counted() -> None:
    check = bounds.Check(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 1.0, 4.0]), rounding=1e-6)
    assert check.violations == 1


def test_the_secant_form_refuses_what_it_is_not_written_for() -> None:
    encoder, decoder = network([4, 3, 2])
    with pytest.raises(InputError, match="one shape"):
        bounds.secant(encoder, decoder, normal((3, 4)), normal((2, 4)))
    with pytest.raises(InputError, match="Tanh"):
        bounds.secant(nn.Sequential(encoder, nn.Tanh())[1:], decoder, normal((3, 4)), normal((3, 4)))


def test_flipped_units_are_counted_over_all_layers_and_none_flips_between_equal_points() -> None:
    chain = nn.Sequential(*linear(torch.eye(3).double()), nn.ReLU(), *linear(-torch.eye(3).double()), nn.ReLU())
    first, second = torch.tensor([[1.0, 1.0, -1.0]]).double(), torch.tensor([[1.0, -1.0, -1.0]]).double()
    assert bounds.flipped_units(chain, first, second).tolist() == [1]
    assert bounds.flipped_units(chain, first, first).tolist() == [0]


@settings(max_examples=20, deadline=None)
@given(hidden=WIDTHS, latent_dim=st.integers(1, 4), seed=st.integers(0, 99))
def test_the_cores_differ_by_no_more_than_the_units_that_flip(hidden: list[int], latent_dim: int, seed: int) -> None:
    encoder, decoder = network([10, *hidden, latent_dim], seed)
    x = normal((20, 10), seed)
    result = cores(encoder, decoder, x)
    rank = torch.linalg.matrix_rank(result.latent - result.input, atol=1e-11)
    with torch.no_grad():
        flipped = bounds.flipped_units(encoder, x, decoder(encoder(x)))
    assert (rank <= flipped).all()


def test_departure_from_normality_of_a_projection_is_zero_and_of_a_nilpotent_map_is_one() -> None:
    basis = torch.linalg.qr(normal((6, 2))).Q
    other = torch.linalg.qr(normal((6, 6))).Q
    x = normal((4, 6))
    assert bounds.departure_from_normality(linear(basis.T), linear(basis), x).max() < 1e-7
    nilpotent = bounds.departure_from_normality(linear(other[:, 2:4].T), linear(other[:, 4:6]), x)
    assert torch.allclose(nilpotent, torch.ones(4, dtype=torch.float64))


def test_departure_from_normality_is_that_of_the_full_jacobian() -> None:
    encoder, decoder = network([8, 6, 3])
    x = normal((5, 8))
    jacobian = vmap(jacrev(lambda point: decoder(encoder(point))))(x).detach()
    size = jacobian.square().sum(dim=(1, 2))
    kept = torch.linalg.eigvals(jacobian).abs().square().sum(dim=1)
    expected = ((size - kept) / size).sqrt()
    assert torch.allclose(bounds.departure_from_normality(encoder, decoder, x), expected, atol=1e-9)


def test_departure_from_normality_refuses_a_core_that_is_not_finite() -> None:
    encoder, decoder = network([6, 4, 2])
    with torch.no_grad():
        encoder[0].weight[0, 0] = float("inf")
    with pytest.raises(InputError, match="rows"):
        bounds.departure_from_normality(encoder, decoder, normal((3, 6)).abs() + 1)


def test_the_nearest_candidate_is_chosen() -> None:
    candidates = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    assert torch.equal(bounds.nearest(torch.tensor([[0.9, 0.8], [0.1, 0.2]]), candidates), candidates[[1, 0]])
