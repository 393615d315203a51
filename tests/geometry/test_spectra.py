"""Spectra against constructed matrices."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.base.errors import InputError
from lib.geometry import spectra


def random_cores(points, latent_dim, seed=0):
    return torch.randn(
        points, latent_dim, latent_dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=6), st.integers(0, 1000))
def test_eigenvalues_trace_and_volume_of_a_known_spectrum(values, seed):
    basis = torch.linalg.qr(random_cores(1, len(values), seed)[0]).Q
    core = (basis @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ basis.T)[None]
    found = spectra.eigenvalues(core)[0]
    distance = spectra.paired_distance(found[None], torch.tensor([values], dtype=torch.complex128), p=1)
    assert distance.item() < 1e-10
    assert spectra.trace(core).item() == pytest.approx(sum(values), abs=1e-10)


def test_eigenvalues_come_largest_modulus_first():
    values = spectra.eigenvalues(random_cores(20, 7))
    assert (values.abs().diff(dim=1) <= 1e-12).all()


def test_volume_is_the_product_of_the_eigenvalues_with_its_sign():
    cores = random_cores(50, 6)
    sign, log = spectra.log_volume(cores)
    product = spectra.eigenvalues(cores).prod(dim=1)
    torch.testing.assert_close(sign * log.exp(), product.real, rtol=1e-9, atol=1e-12)
    assert product.imag.abs().max() < 1e-9
    assert {-1.0, 1.0} == set(sign.tolist())


def test_volume_does_not_underflow():
    sign, log = spectra.log_volume(1e-30 * torch.eye(20)[None])
    assert sign.item() == 1
    assert log.item() == pytest.approx(-30 * 20 * 2.302585, rel=1e-5)


def test_an_exactly_singular_core_has_sign_zero():
    sign, log = spectra.log_volume(torch.zeros(1, 3, 3))
    assert sign.item() == 0
    assert log.item() == float("-inf")


@pytest.mark.parametrize("function", [spectra.eigenvalues, spectra.log_volume, spectra.conditioning])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_cores_that_are_not_finite_are_named(function, bad):
    cores = random_cores(5, 3)
    cores[3, 1, 1] = bad
    with pytest.raises(InputError, match=r"rows \[3\]"):
        function(cores)


def test_conditioning():
    cores = torch.stack([torch.diag(torch.tensor([4.0, 1.0])), torch.zeros(2, 2), torch.eye(2)]).double()
    assert spectra.conditioning(cores).tolist() == [0.25, 0.0, 1.0]
    assert spectra.conditioning(1e-45 * torch.eye(2, dtype=torch.float64)[None]).tolist() == [1.0]


@pytest.mark.parametrize("p", [1, 2])
def test_paired_distance_is_the_least_over_all_pairings(p):
    first, second = (spectra.eigenvalues(random_cores(8, 4, seed)) for seed in (1, 2))
    best = [
        min((a - b[list(order)]).abs().pow(p).sum().item() ** (1 / p) for order in itertools.permutations(range(4)))
        for a, b in zip(first, second, strict=True)
    ]
    assert spectra.paired_distance(first, second, p).tolist() == pytest.approx(best)


def test_paired_distance_ignores_the_order_and_is_zero_on_itself():
    values = spectra.eigenvalues(random_cores(5, 6))
    assert spectra.paired_distance(values, values.flip(1), 1).max() < 1e-12


def test_structural_singularity_counts_active_units():
    assert spectra.singular(torch.tensor([2, 3, 5]), latent_dim=3).tolist() == [True, False, False]
