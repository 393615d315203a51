"""Angles as inputs: only a network that is given a number can jump, and the committed table is of today's code."""

import numpy as np
import pytest

from lib.analysis import seam


def test_a_network_that_is_given_a_point_of_the_circle_does_not_jump():
    rows = seam.SEAM.read()
    jumps = rows.set_index(["given", "seed"])["jump"]
    assert jumps["point"].max() < 1e-9
    assert jumps["number"].min() > 0.05
    angles, near = seam.angles_between(), np.pi - np.abs(seam.angles_between()) < seam.AT_SEAM
    learned = seam.learned_score("number", 3)(angles)
    kept = rows.set_index(["given", "seed"]).loc[("number", 3)]
    assert abs(learned[-1] - learned[0]) == pytest.approx(kept["jump"], rel=0.05)
    assert np.abs(learned - seam.true_score(angles))[near].mean() == pytest.approx(kept["seam"], rel=0.05)


def test_the_true_score_is_the_slope_of_the_log_density_of_the_mixture():
    angles = seam.angles_between(7200)
    apart = angles - np.array(seam.CENTRES)[:, None]
    density = seam.torus.density(apart, seam.NOISE).mean(axis=0)
    np.testing.assert_allclose(np.gradient(np.log(density), angles)[1:-1], seam.true_score(angles)[1:-1], atol=1e-4)
