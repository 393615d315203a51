"""Estimates of trace, volume and tangent distance against known matrices and the exact cores."""

import pytest
import torch
from torch import nn

from lib.base.errors import InputError
from lib.geometry.estimates import estimates, hutchpp, log_determinant
from lib.geometry.jacobians import cores
from lib.geometry.spectra import log_volume, trace
from lib.geometry.tangents import tangents


def acting(matrices):
    return lambda v: (matrices @ v[:, :, None])[:, :, 0]


def signs(count, size, seed=0):
    random = torch.Generator().manual_seed(seed)
    return lambda: torch.randint(0, 2, (count, size), generator=random).double() * 2 - 1


def smooth(d, n=96, width=80, seed=0):
    """An autoencoder of which f is near the identity on d dimensions."""
    torch.manual_seed(seed)
    encoder = nn.Sequential(nn.Linear(n, width), nn.Tanh(), nn.Linear(width, d)).double()
    decoder = nn.Sequential(nn.Linear(d, width), nn.Tanh(), nn.LayerNorm(width), nn.Linear(width, n)).double()
    return encoder, decoder, torch.rand(40, n, dtype=torch.float64)


def test_a_matrix_of_low_rank_has_its_trace_exactly():
    random = torch.Generator().manual_seed(1)
    factors = torch.randn(2, 3, 50, 4, generator=random, dtype=torch.float64)
    matrices = factors[0] @ factors[1].mT
    found, error = hutchpp(acting(matrices), signs(3, 50), 4)
    torch.testing.assert_close(found, trace(matrices), rtol=1e-10, atol=1e-10)
    assert (error < 1e-8).all()


def test_as_many_steps_as_dimensions_give_the_determinant_of_a_diagonal_matrix():
    values = torch.logspace(-3, 1, 12, dtype=torch.float64)
    found, error, *_, smallest = log_determinant(acting(torch.diag(values)[None]), signs(1, 12), 12, 4)
    torch.testing.assert_close(found, values.log().sum()[None], rtol=1e-6, atol=1e-6)
    assert error < 1e-6  # random signs see a diagonal matrix without variance
    torch.testing.assert_close(smallest, torch.tensor([1e-4], dtype=torch.float64), rtol=1e-3, atol=0)


def test_the_standard_errors_are_those_of_repeated_estimates():
    random = torch.Generator().manual_seed(2)
    matrix = torch.randn(40, 40, generator=random, dtype=torch.float64)
    many = matrix.expand(400, 40, 40)
    found, error = hutchpp(acting(many), signs(400, 40), 6)
    assert abs(float(found.mean() - matrix.trace())) < 4 * float(found.std()) / 20
    assert 0.8 < float(error.square().mean().sqrt() / found.std()) < 1.25


@pytest.mark.parametrize("d", [4, 16, 64])
def test_estimates_agree_with_exact_cores_within_their_errors(d):
    encoder, decoder, x = smooth(d)
    exact = cores(encoder, decoder, x, grams=True)
    found = estimates(encoder, decoder, x, passes=640)
    for name, truth in (("trace", trace(exact.input)), ("log_volume", log_volume(exact.input)[1])):
        error = getattr(found, f"{name}_error")
        apart = (getattr(found, name) - truth).abs()
        assert (apart <= 4 * error + 1e-8).double().mean() >= 0.95, name
    plane = tangents(exact, x.shape[1])
    assert (found.distance >= plane.distance - 1e-9).all()
    torch.testing.assert_close(found.mse, exact.mse, rtol=1e-10, atol=1e-12)


def test_a_linear_network_has_known_values():
    d, n = 256, 300
    basis = torch.linalg.qr(torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0]
    encoder, decoder = nn.Linear(n, d, bias=False).double(), nn.Linear(d, n, bias=False).double()
    with torch.no_grad():
        encoder.weight.copy_(basis.T / 2), decoder.weight.copy_(basis)
    found = estimates(encoder, decoder, torch.rand(3, n, dtype=torch.float64), passes=80)
    assert ((found.trace - d / 2).abs() < 4 * found.trace_error).all()
    assert (found.trace_error < 0.02 * d).all()
    torch.testing.assert_close(found.log_volume, d * torch.tensor(0.5).log().double().expand(3), rtol=1e-6, atol=1e-6)
    assert found.resolved.all()


def test_an_ill_conditioned_core_is_said_to_be_unresolved():
    d, n = 128, 128
    encoder, decoder = nn.Linear(n, d, bias=False).double(), nn.Linear(d, n, bias=False).double()
    with torch.no_grad():
        encoder.weight.copy_(torch.diag(torch.logspace(0, -8, d))), decoder.weight.copy_(torch.eye(d))
    assert not estimates(encoder, decoder, torch.rand(3, n, dtype=torch.float64), passes=160).resolved.any()


def test_too_few_passes_are_named():
    encoder, decoder, x = smooth(4)
    with pytest.raises(InputError, match="`passes` should be at least 80, 7 was given"):
        estimates(encoder, decoder, x, passes=7)
