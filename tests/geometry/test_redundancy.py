"""Chunks of units: copies, independent units and layers of low rank have the numbers that they must have."""

import warnings

import numpy as np
import pytest

from lib.analysis.repeats import RANK, planted
from lib.geometry.redundancy import predicted_by_chunk


def of(activations, size):
    return predicted_by_chunk(activations[:1500], activations[1500:], size, seed=0)


def test_independent_units_predict_nothing_of_each_other():
    r2, correlation = of(np.random.default_rng(0).standard_normal((1800, 100)), 8)
    assert r2 == pytest.approx(0, abs=0.03)
    assert correlation == pytest.approx((2 / (np.pi * 300)) ** 0.5, rel=0.1)


def test_a_layer_of_low_rank_is_predicted_wholly_once_the_chunk_has_its_rank():
    draw = np.random.default_rng(0)
    layer = draw.standard_normal((1800, 12)) @ draw.standard_normal((12, 100))
    assert of(layer, 6)[0] < 0.9
    assert of(layer, 12)[0] == pytest.approx(1, abs=1e-6)


def test_copies_and_low_rank_with_noise_differ_near_the_rank_alone():
    """Chunks larger than the rank give both kinds nearly the same numbers; at the rank the correlation tells them apart."""
    copies, mixing = (planted(kind, 1800) for kind in ("copies", "mixing"))
    for one, other in zip(of(copies, 4 * RANK), of(mixing, 4 * RANK), strict=True):
        assert one == pytest.approx(other, abs=0.06)
    assert of(copies, 4 * RANK)[0] > 0.75
    assert of(mixing, RANK)[1] > 1.5 * of(copies, RANK)[1]


def test_constant_units_are_left_out():
    layer = np.random.default_rng(0).standard_normal((1800, 20))
    layer[:, 10:] = 0
    assert of(layer, 5) == of(np.delete(layer, range(10, 20), axis=1), 5)


def test_units_in_single_precision_are_no_matter():
    draw = np.random.default_rng(0)
    layer = draw.standard_normal((1800, 12)) @ draw.standard_normal((12, 100))
    with warnings.catch_warnings(action="error"):
        assert of(layer.astype(np.float32), 40)[0] == pytest.approx(1, abs=1e-6)
