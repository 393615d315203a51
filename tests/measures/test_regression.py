"""Equations 6 and 7 on data with known coefficients; controlled slopes on a simulation with known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.base.errors import InputError
from lib.measures import regression


def points(slope=0.5, interaction=0.2, count=7000, noise=0.5, seed=0):
    generator = np.random.default_rng(seed)
    test = np.arange(count) >= count * 6 // 7
    x = generator.normal(3, 2, count)
    error = slope * x + 0.3 * test + interaction * test * x + noise * generator.normal(size=count)
    return error, x, test


def test_known_coefficients_are_recovered_in_standard_units():
    error, x, test = points()
    fit = regression.fit(error, x, test)[-1]
    unit = x.std() / error.std()
    assert fit.slope == pytest.approx(0.5 * unit, abs=4 * fit.slope_se)
    assert fit.test_slope == pytest.approx(0.7 * unit, abs=4 * fit.test_slope_se)
    assert fit.test_slope == pytest.approx(fit.slope + fit.interaction)
    assert (fit.points, fit.dropped) == (7000, 0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(-2, 2), st.floats(0.1, 2))
def test_coefficients_are_those_of_least_squares(seed, slope, noise):
    error, x, test = points(slope, count=210, noise=noise, seed=seed)
    fit = regression.fit(error, x, test)[-1]
    s = [(values - values.mean()) / values.std() for values in (error, x)]
    design = np.column_stack([np.ones(len(x)), s[1], test, test * s[1]])
    expected, *_ = np.linalg.lstsq(design, s[0], rcond=None)
    assert [fit.intercept, fit.slope, fit.test, fit.interaction] == pytest.approx(expected, abs=1e-9)
    residual = s[0] - design @ expected
    covariance = residual @ residual / (len(x) - 4) * np.linalg.inv(design.T @ design)
    assert fit.slope_se == pytest.approx(covariance[1, 1] ** 0.5)
    direction = np.array([0, 1, 0, 1])
    assert fit.test_slope_se == pytest.approx((direction @ covariance @ direction) ** 0.5)


def test_the_identity_of_the_published_table_2_holds_for_every_fit():
    error, x, test = points(seed=5)
    fit = regression.fit(error, x, test)[-1]
    mean_of_test = ((x - x.mean()) / x.std())[test].mean()
    assert fit.intercept + (fit.test + fit.interaction * mean_of_test) / 7 == pytest.approx(0, abs=1e-12)


def test_points_without_a_logarithm_are_dropped_after_the_error_is_standardised():
    error, x, test = points()
    x[::10] = np.nan
    error[::10] += 100
    fit = regression.fit(error, x, test)[-1]
    assert (fit.points, fit.dropped) == (6300, 700)
    assert fit.intercept + fit.test / 7 < -0.2, "the dropped points' errors are no part of the standardisation"
    shifted = regression.fit(error, np.where(np.isnan(x), np.nan, 10 * x - 4), test)[-1]
    assert shifted.slope == pytest.approx(fit.slope), "the predictor is standardised over the points kept"


def test_classes_are_fitted_on_their_own_points_in_pooled_units():
    error, x, test = points(noise=0.0, interaction=0.0)
    error -= 0.3 * test
    labels = np.arange(len(x)) % 3
    fits = regression.fit(error, x, test, labels)
    assert set(fits) == {-1, 0, 1, 2}
    assert [fits[label].slope for label in range(3)] == pytest.approx([fits[-1].slope] * 3)
    assert sum(fits[label].points for label in range(3)) == fits[-1].points


def test_a_class_that_cannot_be_fitted_is_left_out():
    error, x, test = points(count=70)
    labels = np.where(np.arange(70) < 2, 9, 0)
    assert set(regression.fit(error, x, test, labels)) == {-1, 0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda error, x, test: (np.ones_like(error), x, test), "constant"),
        (lambda error, x, test: (error, np.ones_like(x), test), "constant"),
        (lambda error, x, test: (error, np.full_like(x, np.nan), test), "0 points"),
        (lambda error, x, test: (error, x, np.zeros_like(test)), "train and test both"),
    ],
    ids=["constant error", "constant predictor", "nothing left", "no test points"],
)
def test_what_cannot_be_fitted_is_an_error(change, words):
    with pytest.raises(InputError, match=words):
        regression.fit(*change(*points(count=70)))


def test_the_bootstrap_agrees_with_least_squares_where_its_assumptions_hold():
    error, x, test = points(count=7000)
    fit = regression.fit(error, x, test)[-1]
    assert fit.test_slope_low < fit.test_slope < fit.test_slope_high
    width = fit.test_slope_high - fit.test_slope_low
    assert width == pytest.approx(2 * 1.96 * fit.test_slope_se, rel=0.35)
    assert fit == regression.fit(error, x, test)[-1], "the seed is fixed"


def test_the_bootstrap_sees_errors_that_grow_with_the_predictor():
    error, x, test = points(count=7000, noise=0.0)
    error = error + (x - x.mean()) ** 2 * np.random.default_rng(1).normal(size=7000)
    fit = regression.fit(error, x, test)[-1]
    assert fit.test_slope_high - fit.test_slope_low > 1.3 * 2 * 1.96 * fit.test_slope_se


def test_a_slope_of_few_test_points_has_no_interval():
    """Of two test points every resample that has a slope has the same."""
    error, x, _ = points(count=300)
    for count in (2, 4, 5):
        fit = regression.fit(error, x, np.arange(300) >= 300 - count)[-1]
        assert (fit.test_slope_low is None, fit.test_slope_high is None) == (count < 5, count < 5)
        assert np.isfinite(fit.test_slope)


# --- controls ------------------------------------------------------------------------------------------------------


def slope(direct: float, held: str, points: int = 20_000, seed: int = 0) -> regression.Controlled:
    error, predictor, covariates = regression.simulate(points, direct, seed)
    return regression.controlled_slope(error, predictor, covariates, held)


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
    error, predictor, covariates = regression.simulate(5_000, 0.0)
    uneven = error + (predictor - predictor.mean()) ** 2 * np.random.default_rng(1).normal(size=5_000)
    found = regression.controlled_slope(uneven, predictor, covariates, "none")
    classical = np.sqrt((uneven - uneven.mean()).var() / predictor.var() / 5_000)
    assert found.slope_se > 1.5 * classical


def test_the_robust_error_is_hc1_by_hand():
    error, predictor, covariates = regression.simulate(30, 0.5)
    found = regression.controlled_slope(error, predictor, covariates, "ink")
    design = np.column_stack([predictor, covariates["ink"], np.ones(30)])
    bread = np.linalg.inv(design.T @ design)
    residual = error - design @ (bread @ design.T @ error)
    sandwich = bread @ (design.T * residual**2) @ design @ bread
    assert found.slope_se == pytest.approx(np.sqrt(30 / 27 * sandwich[0, 0]))


def test_without_controls_the_slopes_are_those_of_the_equations():
    error, predictor, covariates = regression.simulate(7_000, 0.2)
    test = np.arange(7_000) >= 6_000
    predictor[::9] = np.nan
    rows = {
        (row["split"], row["controls"]): row for row in regression.controlled_slopes(error, predictor, covariates, test)
    }
    fit = regression.fit(error, predictor, test)[-1]
    assert rows["test", "none"]["slope"] == pytest.approx(fit.test_slope)
    assert rows["train", "none"]["slope"] == pytest.approx(fit.slope)
    assert rows["train", "none"]["points"] + rows["test", "none"]["points"] == fit.points
    held_out = test & ~np.isnan(predictor) & (covariates["class"] != 1)
    assert rows["test", regression.WITHOUT_ONE]["points"] == held_out.sum()


def test_partial_r2_is_what_the_predictor_adds():
    error, predictor, covariates = regression.simulate(3_000, 0.4)
    found = regression.controlled_slope(error, predictor, covariates, "ink")
    design = np.column_stack([np.ones(3_000), covariates["ink"]])
    rest = error - design @ np.linalg.lstsq(design, error, rcond=None)[0]
    without = rest @ rest
    total = ((error - error.mean()) ** 2).sum()
    assert found.partial_r2 == pytest.approx(1 - (1 - found.r2) * total / without)


def test_what_cannot_be_determined_is_said_or_left_out():
    error, predictor, covariates = regression.simulate(12, 0.0)
    with pytest.raises(InputError, match="do not determine"):
        regression.controlled_slope(
            error[:9], predictor[:9], {k: v[:9] for k, v in covariates.items()}, "class and ink"
        )
    with pytest.raises(InputError, match="leave nothing of the predictor"):
        regression.controlled_slope(error, covariates["ink"], covariates, "ink")
    with pytest.raises(InputError, match="Unknown controls"):
        regression.controlled_slope(error, predictor, covariates, "colour")
    for name, held in (("ink", "ink"), ("neighbours", "class, ink, neighbours")):
        gappy = np.where(np.arange(12) < 2, np.nan, covariates[name])
        with pytest.raises(InputError, match=f"2 values of the {name} are not finite"):
            regression.controlled_slope(error, predictor, covariates | {name: gappy}, held)
    with pytest.raises(InputError, match="12 values of the error are not finite"):
        regression.controlled_slope(error + np.inf, predictor, covariates, "none")
    assert regression.controlled_slopes(error, np.full(12, np.nan), covariates, np.arange(12) > 8) == []
    one = covariates | {"class": np.zeros(12, dtype=int)}
    rows = regression.controlled_slopes(error, predictor, one, np.arange(12) >= 6)
    assert {row["controls"] for row in rows} >= {"none", "class", "ink"}
    assert all(np.isfinite(row["slope"]) for row in rows)
