"""Products of random matrices: laws known for them, and agreement with products formed in full."""

import math

import numpy as np
import pytest
import torch
from scipy.special import digamma
from scipy.stats import kstest

from lib.base.errors import InputError
from lib.geometry import random_matrices, spectra
from lib.training import autoencoders, options
from lib.training.autoencoders import build


def test_every_initialisation_has_its_gain():
    assert tuple(random_matrices.GAINS) == options.INITIALISATIONS


def test_a_single_matrix_follows_the_circular_law():
    """Eigenvalues of a Ginibre matrix of variance 1/d fill the unit disc evenly: |lambda| < r has the share r^2 (d large)."""
    values = spectra.eigenvalues(random_matrices.chain([150, 150], [150], 1.0, draws=20)).abs().numpy()
    for radius in (0.3, 0.6, 0.9):
        assert (values < radius).mean() == pytest.approx(radius**2, abs=0.02)
    assert (values < 1.1).mean() > 0.99


@pytest.mark.parametrize("factors", [2, 4])
def test_a_product_crowds_about_zero(factors: int):
    """Of k factors |lambda| < r has the share r^(2/k)."""
    cores = random_matrices.chain([150] * (factors + 1), [150] * factors, 1.0, draws=20)
    values = spectra.eigenvalues(cores).abs().numpy()
    for radius in (0.1, 0.4, 0.8):
        assert (values < radius).mean() == pytest.approx(radius ** (2 / factors), abs=0.03)


def test_a_two_by_two_matrix_has_the_square_root_of_two_real_eigenvalues():
    """Edelman, Kostlan and Shub (1994): E = sqrt 2 for d = 2."""
    values = spectra.eigenvalues(random_matrices.chain([2, 2], [2], 1.0, draws=20_000))
    assert float((values.imag == 0).sum(dim=1).double().mean()) == pytest.approx(math.sqrt(2), abs=0.02)


def test_the_volume_of_a_product_is_the_sum_over_its_factors():
    """E log|omega| is known: a layer with m active of w units adds half of sum_i (digamma((m - i) / 2) + log(2 gain / w))."""
    widths, draws = (30, 20, 12, 4), 4000
    cores = random_matrices.products(widths, "he", draws)
    _, log = spectra.log_volume(cores)
    layers = [
        (6, 12),
        (10, 20),
        (30, 30),
        (10, 20),
        (6, 12),
        (4, 4),
    ]  # active and all units of what each matrix takes in
    expected = sum(0.5 * (digamma((m - i) / 2) + math.log(2 * 2 / w)) for m, w in layers for i in range(4))
    assert float(log.mean()) == pytest.approx(expected, abs=4 * float(log.std()) / math.sqrt(draws))


def test_the_short_way_has_the_distribution_of_the_product_in_full():
    """Traces of the thin recursion and of the matrices multiplied out, two samples of one distribution."""
    generator, draws, gain = torch.Generator().manual_seed(1), 3000, random_matrices.GAINS["pytorch"]
    full = torch.eye(2, dtype=torch.float64).expand(draws, -1, -1)
    for size, kept in ((8, 4), (10, 10), (8, 4), (2, 2)):
        matrix = torch.randn((draws, full.shape[2], size), generator=generator, dtype=torch.float64)
        full = full @ matrix * (gain / size) ** 0.5 * (torch.arange(size) < kept)
    short = random_matrices.products((10, 8, 2), "pytorch", draws)
    assert kstest(spectra.trace(short).numpy(), spectra.trace(full).numpy()).pvalue > 0.01


def test_a_layer_narrower_than_d_makes_the_volume_zero():
    """Two active units cannot carry three directions."""
    cores = random_matrices.products((10, 4, 3), "he", draws=5)
    assert (spectra.conditioning(cores) < 1e-12).all()


@pytest.mark.parametrize("initialisation", ["he", "pytorch"])
def test_the_gain_is_the_variance_of_the_weights(initialisation: str):
    encoder, _ = build((400, 300, 2), 0, initialisation)
    assert float(encoder[0].weight.detach().var()) * 400 == pytest.approx(
        random_matrices.GAINS[initialisation], rel=0.02
    )


def test_an_untrained_network_without_activations_is_a_product():
    """Depth 1 has no masks: the shares below a modulus agree with those of products, over many seeds."""
    x = torch.rand((1, 12), generator=torch.Generator().manual_seed(0))
    cores = autoencoders.untrained((12, 3), "he", x, range(600))
    assert cores.shape == (600, 1, 3, 3)
    products = random_matrices.products((12, 3), "he", 600)
    moduli = [np.log(spectra.eigenvalues(one).abs().numpy()).mean(axis=1) for one in (cores[:, 0], products)]
    assert kstest(*moduli).pvalue > 0.01


def test_draws_are_fixed_by_the_seed_and_refused_where_there_are_none():
    assert torch.equal(random_matrices.products((8, 6, 2), "he", 3), random_matrices.products((8, 6, 2), "he", 3))
    assert not torch.equal(
        random_matrices.products((8, 6, 2), "he", 3), random_matrices.products((8, 6, 2), "he", 3, seed=1)
    )
    with pytest.raises(InputError, match="`draws` should be positive, 0 was given"):
        random_matrices.products((8, 6, 2), "he", 0)
