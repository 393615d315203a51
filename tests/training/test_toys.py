"""The small networks: they learn, and have the properties that the pages ascribe to them."""

import pytest
import torch

from lib.geometry import bounds
from lib.geometry.jacobians import cores
from lib.training import toys


@pytest.fixture(scope="module")
def plane():
    return toys.plane_autoencoder(toys.arc())


def test_the_network_of_the_plane_learns_its_arc(plane):
    encoder, decoder = plane
    data = toys.arc()
    error = (decoder(encoder(data)) - data).square().mean().item()
    assert error < 0.01 * data.square().mean().item()


def test_the_field_is_what_the_network_does_at_its_grid_points(plane):
    encoder, decoder = plane
    field = toys.field(plane, size=9)
    x = torch.tensor([[field["ticks"][6], field["ticks"][2]]])
    found = cores(encoder, decoder, x)
    assert field["eigenvalue"][2, 6] == pytest.approx(found.input.item())
    assert field["error"][2, 6] ** 2 == pytest.approx(2 * found.mse.item())
    assert field["units"].shape == (20, 9, 9)
    assert field["units"][:10, 2, 6] == pytest.approx(encoder[0](x)[0].detach().numpy())


def test_a_shift_of_the_decoder_changes_errors_and_no_core_of_the_input_jacobian(plane):
    encoder, decoder = plane
    data = toys.arc(20)
    moved = cores(encoder, toys.shifted_decoder(decoder, torch.tensor([0.5, 0.3]).double()), data)
    same = cores(encoder, decoder, data)
    assert torch.equal(moved.input, same.input)
    assert (moved.mse - same.mse).abs().min() > 0.01


def test_tied_weights_learn_and_their_jacobian_is_symmetric():
    data = torch.rand(60, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    encoder, decoder = toys.tied_autoencoder(data, 5)
    assert torch.equal(encoder[0].weight, decoder[0].weight.T)
    before = (data - data.mean(dim=0)).square().mean()
    assert (decoder(encoder(data)) - data).square().mean() < 0.8 * before
    form = bounds.secant(encoder, decoder, data, data.roll(1, 0))
    both = form.second(form.first(torch.eye(12).double().expand(60, -1, -1)))
    assert torch.allclose(both, both.mT, atol=1e-14)
