"""The wrapped normal: a density, its score, and the known sizes of the score."""

import numpy as np
import pytest

from lib.geometry import torus

X = np.linspace(-np.pi, np.pi, 20_001)


@pytest.mark.parametrize(("sigma", "size"), [(0.3, 11.1111), (1, 0.9489), (3, 2.47e-4)])
def test_the_density_integrates_to_one_and_the_score_has_its_known_size(sigma, size):
    density, score = torus.density(X, sigma), torus.score(X, sigma)
    assert np.trapezoid(density, X) == pytest.approx(1, abs=1e-9)
    assert np.trapezoid(density * score**2, X) == pytest.approx(size, rel=2e-3)
    slopes = np.gradient(np.log(density), X)
    np.testing.assert_allclose(score[1:-1], slopes[1:-1], atol=1e-4 * np.abs(slopes).max())


def test_density_and_score_have_the_period_of_the_circle():
    for function in (torus.density, torus.score):
        np.testing.assert_allclose(function(X, 0.7), function(X + 2 * np.pi, 0.7), atol=1e-12)
