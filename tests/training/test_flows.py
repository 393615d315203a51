"""Injective flows: J_L is the identity, though the error and J_I vary; the seed fixes the result; zuko may be absent."""

import sys

import pytest
import torch

from lib.base.errors import InputError
from lib.geometry.jacobians import cores
from lib.training import datasets
from lib.training.flows import injective_pair

DIGITS = datasets.load("digits", 200, 20)


@pytest.fixture(scope="module")
def pair():
    return injective_pair(DIGITS.train.images, 5, seed=0, epochs=3)


def test_the_latent_jacobian_is_the_identity_everywhere_and_the_error_is_not_0(pair):
    encoder, decoder = pair
    x = DIGITS.test.images.double()
    found = cores(encoder, decoder, x)
    identity = torch.eye(5, dtype=torch.float64).expand(len(x), -1, -1)
    assert (found.latent - identity).abs().max() < 1e-12
    assert (found.input - identity).abs().max() > 1e-2, "J_I is under no such constraint"
    assert found.mse is not None
    assert found.mse.min() > 1e-4
    codes = torch.randn(50, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert (encoder(decoder(codes)) - codes).abs().max() < 1e-12, "also far from the data"


def test_training_lowers_the_error_and_the_seed_fixes_it(pair):
    x = DIGITS.train.images.double()

    def error(encoder, decoder):
        with torch.no_grad():
            return float(((decoder(encoder(x)) - x) ** 2).mean())

    state = torch.random.get_rng_state()
    again = injective_pair(DIGITS.train.images, 5, seed=0, epochs=3)
    assert torch.equal(torch.random.get_rng_state(), state), "the state of torch's generator is left alone"
    assert error(*again) == error(*pair) < error(*injective_pair(DIGITS.train.images, 5, seed=0, epochs=0))


def test_without_zuko_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "zuko.flows", None)
    with pytest.raises(InputError, match="needs the package zuko; install it with: uv pip install zuko"):
        injective_pair(DIGITS.train.images, 5, seed=0, epochs=1)
