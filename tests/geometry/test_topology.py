"""Closed curves: they are closed and continuous, and the forced point of any encoder obeys the theorem."""

import pytest
import torch
from torch import nn

from lib.geometry import topology

SQUARE = torch.rand((8, 8), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("curve", [topology.circle, topology.rotations(SQUARE)], ids=["circle", "rotations"])
def test_a_curve_is_closed_and_continuous(curve):
    t = topology.evenly(50)
    torch.testing.assert_close(curve(t), curve(t + 1), rtol=0, atol=1e-9)
    steps = (curve(t + 1e-4) - curve(t)).norm(dim=1)
    assert steps.max() < 2e-2, "no ink leaves the frame at once"


def test_rotations_by_quarters_are_those_of_the_pixels():
    framed = topology.rotations(SQUARE)(torch.tensor([0.0, 0.25, 0.5], dtype=torch.float64)).reshape(3, 16, 16)
    torch.testing.assert_close(framed[0, 4:12, 4:12], SQUARE.double(), rtol=0, atol=1e-9)
    assert any(torch.allclose(framed[1], torch.rot90(framed[0], turns), atol=1e-9) for turns in (1, 3))
    torch.testing.assert_close(framed[2], torch.rot90(framed[0], 2), rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("curve", [topology.circle, topology.rotations(SQUARE)], ids=["circle", "rotations"])
def test_every_continuous_encoder_fails_by_at_least_the_bound_whatever_the_decoder(seed, curve):
    generator = torch.Generator().manual_seed(seed)
    size = curve(torch.zeros(1)).shape[1]
    encoder = nn.Sequential(nn.Linear(size, 16), nn.Tanh(), nn.Linear(16, 1)).double()
    decoder = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, size)).double()
    with torch.no_grad():
        for parameter in (*encoder.parameters(), *decoder.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    forced = topology.forced_point(encoder, decoder, curve)
    assert forced.codes_apart < 1e-9
    assert forced.error >= forced.bound - 1e-9
    assert 0 <= forced.t < 1


def test_the_forced_point_of_a_known_encoder():
    """E(x) = x_1 gives (0, 1) and (0, -1) one code; the decoder that answers (0, 1) errs by 2 at the other."""
    encoder, decoder = nn.Linear(2, 1).double(), nn.Linear(1, 2).double()
    with torch.no_grad():
        encoder.weight.copy_(torch.tensor([[1.0, 0.0]]))
        encoder.bias.zero_()
        decoder.weight.zero_()
        decoder.bias.copy_(torch.tensor([0.0, 1.0]))
    forced = topology.forced_point(encoder, decoder, topology.circle)
    assert (forced.t, forced.bound, forced.error) == pytest.approx((0.75, 1.0, 2.0), abs=1e-9)
