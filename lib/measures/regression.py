r"""Regressions of the error on an eigenvalue predictor: equations 6 and 7 of the paper, and slopes with controls.

Equations 6 and 7 are least squares over the pooled train and test points,

    MSE_s = b0 + b1 X_s + b2 [test] + b3 [test] X_s,

X the log volume log(omega) (equation 6) or the trace (equation 7), subscript s standardised over the pooled points.
b1 + b3 is the expected rise of a test point's MSE, in standard deviations, per standard deviation of X.

Our reading, decoded from the published tables: the MSE is standardised over all points; only then are the points with
omega <= 0, which have no logarithm, dropped from equation 6, and log(omega) is standardised over the rest. A class
is fitted on its points in the pooled units, with plain standard errors, as in the paper.

Controlled slopes stay within one split (train or test) and in the same units,

    MSE_s = slope X_s + gamma^T controls + intercepts.

By the theorem of Frisch, Waugh and Lovell the slope is that of the error on the part of X that the controls leave.
"""

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from lib.base.errors import InputError, check_known

SLOPE_RESAMPLES = 200
LEAST_TEST = 5  # test points that an interval of their slope needs; of fewer, resamples cover far less than 95 %
CONTROLS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "class": ("class",),
    "ink": ("ink",),
    "class and ink": ("class", "ink"),
    "class, ink, neighbours": ("class", "ink", "neighbours"),
}
CLASS_ONE = 1  # the digit whose points the paper sets apart
WITHOUT_ONE = "none, without class 1"
KEPT = ("slope", "slope_se", "partial_r2", "r2", "points")  # the fields of `Controlled` that a summary keeps


# --- least squares -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Controlled:
    """The slope of the error on a predictor X with controls held fixed.

    `slope_se` and `p`: its standard error and p-value (Student), robust to unequal variances (HC1); `r2` of X and
    controls together; `gained`, the part of `r2` that X adds to the controls; `partial_r2`, the same as a share of the
    variance that the controls leave; the number of `points`.
    """

    slope: float
    slope_se: float
    p: float
    partial_r2: float
    gained: float
    r2: float
    points: int


def standardise(values: np.ndarray) -> np.ndarray:
    """(v - mean) / standard deviation, over the points given. Raises `InputError` where they are constant."""
    values = np.asarray(values, dtype=np.float64)
    spread = values.std()
    if not np.isfinite(spread) or spread <= 1e-12 * np.abs(values).max(initial=0):
        raise InputError(f"The {len(values)} values are constant or not finite; they cannot be standardised.")
    return (values - values.mean()) / spread


def need_finite(**columns: np.ndarray) -> None:
    """Raise `InputError` naming the first of the columns (points,) that holds NaN or infinity; labels may be words."""
    for name, values in columns.items():
        values = np.asarray(values)
        if values.dtype.kind == "f" and (bad := int((~np.isfinite(values)).sum())):
            raise InputError(f"{bad} values of the {name} are not finite; fix them, or leave their points out.")


def least_squares(target: np.ndarray, design: np.ndarray) -> Any:
    """The fit by statsmodels of `target` (points,) on the columns of `design` (points, k).

    `params`, `bse` and the like have plain standard errors; `.get_robustcov_results("HC1")` has robust ones.
    """
    from statsmodels.regression.linear_model import OLS  # costs a second: only where a regression is made

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return OLS(target, design).fit()


def remainder(predictor: np.ndarray, held: np.ndarray) -> np.ndarray:
    """The part of `predictor` (points,) that no combination of the columns of `held` (points, k) gives.

    Raises `InputError` where the points are no more than the k + 1 coefficients of both.
    """
    coefficients = held.shape[1] + 1
    if len(held) <= coefficients:
        raise InputError(f"{len(held)} points do not determine {coefficients} coefficients; give more points.")
    left, *_ = np.linalg.lstsq(held, predictor, rcond=None)
    return predictor - held @ left


def slope_given(error: np.ndarray, predictor: np.ndarray, held: np.ndarray) -> Controlled:
    """The slope of `error` on `predictor`, both (points,), with the columns of `held` (points, k), of full rank, fixed."""
    fit = least_squares(error, np.column_stack([predictor, held]))
    robust = fit.get_robustcov_results("HC1")
    t = float(fit.tvalues[0])
    total = float(((error - error.mean()) ** 2).sum())
    # slope^2 / (X^T X)^-1_00 is what X takes off the sum of squares; 1 - partial R2 would lose digits near a perfect fit
    added = float(fit.params[0]) ** 2 / float(fit.normalized_cov_params[0, 0])
    return Controlled(
        slope=float(fit.params[0]),
        slope_se=float(robust.bse[0]),
        p=float(robust.pvalues[0]),
        partial_r2=t**2 / (t**2 + fit.df_resid),
        gained=added / total if total > 0 else 0.0,
        r2=1 - float(fit.ssr) / total if total > 0 else 0.0,
        points=len(error),
    )


# --- equations 6 and 7 ---------------------------------------------------------------------------------------------


def fit(
    mse: np.ndarray, predictor: np.ndarray, test: np.ndarray, labels: np.ndarray | None = None
) -> dict[int, SimpleNamespace]:
    """Fit the equation over all points, and within each class: {-1: pooled, 0: class 0, ...}.

    `mse`, `predictor`, `test` (points,), `test` boolean; `predictor` is NaN where it does not exist (log of omega <= 0):
    those points are dropped after the MSE is standardised, and counted. `labels` (points,) asks for the fits by class,
    each in the pooled units; a class too small to be fitted, or without spread, is left out.

    A fit has the coefficients `intercept` b0, `slope` b1, `test` b2, `interaction` b3, and `test_slope` b1 + b3; their standard
    errors (`NAME_se`); the number of `points` used, and that `dropped`; `test_slope_low` and `test_slope_high`, the 95 %
    interval of the test slope by bootstrap over points: of the pooled fit only, and None for fewer than `LEAST_TEST` test points.

    Raises `InputError` where the pooled points are too few or constant.
    """
    error = standardise(mse)
    exists = ~np.isnan(predictor)
    if exists.sum() < 5 or not test[exists].any() or test[exists].all():
        raise InputError(
            f"{int(exists.sum())} points have a predictor, {int(test[exists].sum())} of them test points; "
            "a regression needs 5, train and test both."
        )
    scaled = np.full(len(error), np.nan)
    scaled[exists] = standardise(predictor[exists])
    fits = {-1: _equation(error, scaled, test)}
    if test[exists].sum() >= LEAST_TEST:
        fits[-1].test_slope_low, fits[-1].test_slope_high = _bootstrap(mse, predictor, test)
    for label in [] if labels is None else np.unique(labels):
        of_class = labels == label
        try:
            fits[int(label)] = _equation(error[of_class], scaled[of_class], test[of_class])
        except InputError:
            continue
    return fits


def _bootstrap(mse: np.ndarray, predictor: np.ndarray, test: np.ndarray) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles of the test slope over resampled points (Poisson weights, fixed seed).

    The slope of the test points alone is cov(X, MSE) / var(X), in the units of the pooled points. Each resample is
    standardised again: only weighted sums are needed, not the points.
    """
    generator, exists = np.random.default_rng(0), ~np.isnan(predictor)
    x = np.where(exists, predictor, 0.0) - predictor[exists].mean()
    y = mse - mse.mean()
    inside, held_out = exists.astype(float), (exists & test).astype(float)
    pooled = np.column_stack([np.ones_like(y), y, y * y, inside, inside * x, inside * x * x])
    of_test = np.column_stack([held_out, held_out * x, held_out * y, held_out * x * x, held_out * x * y])
    slopes = []
    for _ in range(SLOPE_RESAMPLES):
        weights = generator.poisson(1.0, len(y)).astype(float)
        n, sum_y, sum_yy, m, sum_x, sum_xx = weights @ pooled
        t, test_x, test_y, test_xx, test_xy = weights @ of_test
        units = np.sqrt((sum_xx / m - (sum_x / m) ** 2) / (sum_yy / n - (sum_y / n) ** 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            slopes.append((test_xy - test_x * test_y / t) / (test_xx - test_x**2 / t) * units)
    low, high = np.quantile(np.asarray(slopes)[np.isfinite(slopes)], [0.025, 0.975])
    return float(low), float(high)


def _equation(error: np.ndarray, scaled: np.ndarray, test: np.ndarray) -> SimpleNamespace:
    exists = ~np.isnan(scaled)
    error, scaled, indicator = error[exists], scaled[exists], test[exists].astype(np.float64)
    design = np.column_stack([np.ones_like(scaled), scaled, indicator, indicator * scaled])
    if len(design) <= 4 or np.linalg.matrix_rank(design) < 4:
        raise InputError(f"{len(design)} points do not determine the four coefficients; give more points.")
    result = least_squares(error, design)
    combined = result.t_test([[0.0, 1.0, 0.0, 1.0]])
    names = ("intercept", "slope", "test", "interaction")
    return SimpleNamespace(
        **dict(zip(names, map(float, result.params), strict=True)),
        test_slope=float(result.params[1] + result.params[3]),
        **{f"{name}_se": float(value) for name, value in zip(names, result.bse, strict=True)},
        test_slope_se=float(np.squeeze(combined.sd)),
        points=len(error),
        dropped=int((~exists).sum()),
        test_slope_low=None,
        test_slope_high=None,
    )


# --- controls ------------------------------------------------------------------------------------------------------


def controlled_slope(
    error: np.ndarray, predictor: np.ndarray, covariates: Mapping[str, np.ndarray], controls: str
) -> Controlled:
    """The slope of `error` (points,) on `predictor` (points,) with `controls`, a key of `CONTROLS`.

    `covariates`: `class` (labels, an intercept each), `ink` (|x|^2), `neighbours` (the distance to the fifth nearest
    training point), each (points,) and in the units given.
    Raises `InputError` where the points are no more than the coefficients, values are not finite, or the controls leave
    nothing of the predictor.
    """
    held = _held(error, predictor, covariates, controls)
    if remainder(predictor, held).std() <= 1e-9 * max(np.abs(predictor).max(), 1e-300):
        raise InputError(f"The controls ({controls}) leave nothing of the predictor; it does not vary on its own.")
    return slope_given(error, predictor, held)


def _held(error: np.ndarray, predictor: np.ndarray, covariates: Mapping[str, np.ndarray], controls: str) -> np.ndarray:
    """The columns (points, k) of the controls and of intercepts."""
    check_known("controls", controls, CONTROLS)
    chosen = {name: covariates[name] for name in CONTROLS[controls]}
    need_finite(error=error, predictor=predictor, **chosen)
    columns = []
    for name, values in chosen.items():
        columns += [values == label for label in np.unique(values)] if name == "class" else [values]
    if "class" not in chosen:
        columns.append(np.ones(len(error)))
    return np.column_stack(columns).astype(np.float64)


def influence(
    error: np.ndarray, predictor: np.ndarray, covariates: Mapping[str, np.ndarray], controls: str
) -> np.ndarray:
    """Each point's part (points,) in the chance of `controlled_slope`, up to a factor: r_i e_i.

    r is the part of the predictor that the controls leave, e the residual of the regression. Slopes from the same points
    have errors with the correlation of these parts.
    """
    held = _held(error, predictor, covariates, controls)
    rest = remainder(predictor, held)
    return rest * remainder(error, np.column_stack([predictor, held]))


def controlled_slopes(
    mse: np.ndarray, predictor: np.ndarray, covariates: Mapping[str, np.ndarray], test: np.ndarray
) -> list[dict[str, object]]:
    """The slopes under every set of controls, for train and test points apart, and without controls and class 1.

    `mse`, `predictor` (points,), NaN where it does not exist; `test` (points,) bool. Rows: `split`, `controls`, and
    `KEPT` of `Controlled`; slopes that the points do not determine have no row.
    """
    exists = ~np.isnan(predictor)
    if not exists.any():
        return []
    try:
        error, scaled = standardise(mse), np.full(len(mse), np.nan)
        scaled[exists] = standardise(predictor[exists])
    except InputError:
        return []
    rows = []
    for split, chosen in (("train", exists & ~test), ("test", exists & test)):
        cases = [(name, name, chosen) for name in CONTROLS]
        cases.append((WITHOUT_ONE, "none", chosen & (covariates["class"] != CLASS_ONE)))
        for name, controls, points in cases:
            at_points = {key: values[points] for key, values in covariates.items()}
            try:
                fields = asdict(controlled_slope(error[points], scaled[points], at_points, controls))
            except InputError:
                continue
            rows.append({"split": split, "controls": name} | {key: fields[key] for key in KEPT})
    return rows


def simulate(points: int, direct: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Points with a known answer: ink drives both error and predictor, and the predictor adds `direct` to the error.

    error = ink + direct predictor + noise, predictor = ink + noise, ink = class + noise. Returns error, predictor, and the
    covariates; with `direct` 0 the predictor is independent of the error given the ink.
    """
    draw = np.random.default_rng(seed)
    label = draw.integers(0, 10, points)
    ink = 0.3 * label + draw.normal(size=points)
    predictor = ink + draw.normal(size=points)
    error = ink + direct * predictor + draw.normal(size=points)
    return error, predictor, {"class": label, "ink": ink, "neighbours": draw.normal(size=points)}
