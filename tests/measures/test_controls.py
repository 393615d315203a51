"""Controlled slopes: the simulation's known answers, and agreement with the regressions they come from."""

import numpy as np
import pytest

from lib.base.errors import InputError
from lib.measures import controls, regression


def slope(direct: float, held: str, points: int = 20_000, seed: int = 0) -> controls.Controlled:
    error, predictor, covariates = controls.simulate(points, direct, seed)
    return controls.controlled_slope(error, predictor, covariates, held)


def test_a_predictor_that_only_echoes_the_ink_has_a_raw_slope_and_none_given_the_ink():
    assert slope(0.0, "none").slope > 0.4
    for held in ("ink", "class and ink", "class, ink, neighbours"):
        found = slope(0.0, held)
        assert abs(found.slope) < 4 * found.slope_se
        assert found.partial_r2 < 1e-3


@pytest.mark.parametrize("direct", [-0.5, 0.2, 1.0])
def test_a_direct_effect_is_recovered_given_the_ink(direct):
    found = slope(direct, "class and ink")
    assert found.slope == pytest.approx(direct, abs=4 * found.slope_se)


def test_holding_the_class_alone_is_not_enough():
    raw, by_class = slope(0.0, "none"), slope(0.0, "class")
    assert 0.2 < by_class.slope < raw.slope


def test_the_interval_covers_the_truth_at_its_nominal_rate():
    covered = [
        abs(found.slope - 0.3) < 1.96 * found.slope_se
        for seed in range(300)
        for found in [slope(0.3, "class and ink", points=400, seed=seed)]
    ]
    assert 0.91 < np.mean(covered) < 0.985


def test_the_robust_error_grows_with_uneven_noise():
    error, predictor, covariates = controls.simulate(5_000, 0.0)
    uneven = error + (predictor - predictor.mean()) ** 2 * np.random.default_rng(1).normal(size=5_000)
    found = controls.controlled_slope(uneven, predictor, covariates, "none")
    classical = np.sqrt((uneven - uneven.mean()).var() / predictor.var() / 5_000)
    assert found.slope_se > 1.5 * classical


def test_without_controls_the_slopes_are_those_of_the_equations():
    error, predictor, covariates = controls.simulate(7_000, 0.2)
    test = np.arange(7_000) >= 6_000
    predictor[::9] = np.nan
    rows = {
        (row["split"], row["controls"]): row for row in controls.controlled_slopes(error, predictor, covariates, test)
    }
    fit = regression.fit(error, predictor, test)[-1]
    assert rows["test", "none"]["slope"] == pytest.approx(fit.test_slope)
    assert rows["train", "none"]["slope"] == pytest.approx(fit.slope)
    assert rows["train", "none"]["points"] + rows["test", "none"]["points"] == fit.points
    held_out = test & ~np.isnan(predictor) & (covariates["class"] != 1)
    assert rows["test", controls.WITHOUT_ONE]["points"] == held_out.sum()


def test_partial_r2_is_what_the_predictor_adds():
    error, predictor, covariates = controls.simulate(3_000, 0.4)
    found = controls.controlled_slope(error, predictor, covariates, "ink")
    design = np.column_stack([np.ones(3_000), covariates["ink"]])
    rest = error - design @ np.linalg.lstsq(design, error, rcond=None)[0]
    without = rest @ rest
    total = ((error - error.mean()) ** 2).sum()
    assert found.partial_r2 == pytest.approx(1 - (1 - found.r2) * total / without)


def test_what_cannot_be_determined_is_said_or_left_out():
    error, predictor, covariates = controls.simulate(12, 0.0)
    with pytest.raises(InputError, match="do not determine"):
        controls.controlled_slope(error[:9], predictor[:9], {k: v[:9] for k, v in covariates.items()}, "class and ink")
    with pytest.raises(InputError, match="leave nothing of the predictor"):
        controls.controlled_slope(error, covariates["ink"], covariates, "ink")
    with pytest.raises(InputError, match="Unknown controls"):
        controls.controlled_slope(error, predictor, covariates, "colour")
    assert controls.controlled_slopes(error, np.full(12, np.nan), covariates, np.arange(12) > 8) == []
    one = covariates | {"class": np.zeros(12, dtype=int)}
    rows = controls.controlled_slopes(error, predictor, one, np.arange(12) >= 6)
    assert {row["controls"] for row in rows} >= {"none", "class", "ink"}
    assert all(np.isfinite(row["slope"]) for row in rows)
