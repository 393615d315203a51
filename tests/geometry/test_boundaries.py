"""Boundaries: a planted normal is found, the intercept is kept, and a conditioned normal leaves the other quantity alone."""

import numpy as np
import pytest

from lib.geometry.boundaries import boundary, conditioned, tails


def planted(noise: float = 0.0, shift: float = 0.0, count: int = 5000):
    """Standard normal codes in 8 dimensions, values that rise along a planted normal, and that normal."""
    draw = np.random.default_rng(0)
    codes = draw.standard_normal((count, 8))
    normal = np.linalg.qr(draw.standard_normal((8, 8)))[0][0]
    return codes + shift, codes @ normal + noise * draw.standard_normal(count), normal


@pytest.mark.parametrize(("noise", "share", "least"), [(0, 0.02, 0.999), (0.3, 0.3, 0.999)])
def test_a_planted_normal_is_found(noise, share, least):
    codes, values, normal = planted(noise)
    found = boundary(codes, *tails(values, share))
    truth = normal * codes.std(axis=0)
    assert found.normal @ truth / np.linalg.norm(truth) > least
    assert np.linalg.norm(found.normal) == pytest.approx(1)


def test_the_intercept_is_kept():
    codes, values, _ = planted(shift=5)
    found = boundary(codes, *tails(values, 0.3))
    right = np.sign(found.side(codes)) == np.sign(values - np.median(values))
    assert right.mean() > 0.97
    dropped = np.sign(codes @ (found.normal / found.scale)) == np.sign(values - np.median(values))
    assert dropped.mean() == pytest.approx(0.5, abs=0.02)


def test_sides_do_not_depend_on_the_units_of_the_codes():
    codes, values, _ = planted(0.3)
    scales = np.logspace(-3, 3, 8)
    first, second = (boundary(one, *tails(values, 0.3)).side(one) for one in (codes, codes * scales + 7))
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_a_conditioned_normal_is_orthogonal_to_the_other_and_of_length_1():
    share = np.sqrt(1 - 0.968539**2)
    normal, other = np.array([share, 0.968539, 0.0]), np.array([1.0, 0.0, 0.0])
    found = conditioned(normal, other)
    assert abs(found @ other) < 1e-16
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-15)
    assert found @ normal == pytest.approx(0.968539, abs=1e-6)
    draw = np.random.default_rng(1)
    first, second = (v / np.linalg.norm(v) for v in draw.standard_normal((2, 40)))
    assert abs(conditioned(first, second) @ second) < 1e-16
    assert conditioned(first, second) @ first == pytest.approx(np.sqrt(1 - (first @ second) ** 2), abs=1e-15)


def test_tails_are_disjoint_and_of_the_share():
    low, high = tails(np.array([3.0, 1, 2, 5, 4, 0, 7, 6, 9, 8]), 0.3)
    assert low.tolist() == [5, 1, 2]
    assert sorted(high.tolist()) == [6, 8, 9]
    assert tails(np.arange(3.0), 0.02)[1].tolist() == [2]
