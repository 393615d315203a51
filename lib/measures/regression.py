r"""Equations 6 and 7 of the paper: does the log-volume, or the trace, predict the error of a point?

Ordinary least squares over the pooled train and test points,

    MSE_s = b0 + b1 X_s + b2 [test] + b3 [test] X_s,

X the log-volume log(omega) (equation 6) or the trace (equation 7), subscript s standardised over the pooled points.
b1 + b3 is the expected rise of a test point's MSE, in standard deviations, per standard deviation of X.

Our reading, decoded from the published tables: the MSE is standardised over all points; only then are the points with
omega <= 0, which have no logarithm, dropped from equation 6, and log(omega) is standardised over those kept. A class
is fitted on its own points in the pooled units.
"""

import warnings
from dataclasses import asdict, dataclass, replace

import numpy as np

from lib.base.errors import InputError

RESAMPLES = 200


@dataclass(frozen=True)
class Fit:
    """Coefficients with their standard errors; `points` used, `dropped` for want of a logarithm.

    `test_slope_low`, `test_slope_high`: the test slope's 95 % interval by bootstrap over points, of the pooled fit only.
    """

    intercept: float
    slope: float
    test: float
    interaction: float
    test_slope: float
    intercept_se: float
    slope_se: float
    test_se: float
    interaction_se: float
    test_slope_se: float
    points: int
    dropped: int
    test_slope_low: float | None = None
    test_slope_high: float | None = None

    def as_dict(self) -> dict[str, float | int]:
        """The fields by name."""
        return asdict(self)


def standardise(values: np.ndarray) -> np.ndarray:
    """(v - mean) / standard deviation, over the points given. Raises `InputError` where they are constant."""
    values = np.asarray(values, dtype=np.float64)
    spread = values.std()
    if not np.isfinite(spread) or spread <= 1e-12 * np.abs(values).max(initial=0):
        raise InputError(f"The {len(values)} values are constant or not finite; they cannot be standardised.")
    return (values - values.mean()) / spread


def fit(mse: np.ndarray, predictor: np.ndarray, test: np.ndarray, labels: np.ndarray | None = None) -> dict[int, Fit]:
    """Fit the equation over all points, and within each class: {-1: pooled, 0: class 0, ...}.

    `mse`, `predictor`, `test` (points,), `test` boolean; `predictor` is NaN where it does not exist (log of omega <= 0):
    those points are dropped after the MSE is standardised, and counted. `labels` (points,) asks for the fits by class,
    each in the pooled units; a class too small to be fitted, or without spread, is left out.
    Raises `InputError` where the pooled points are too few or constant.
    """
    error = standardise(mse)
    kept = ~np.isnan(predictor)
    if kept.sum() < 5 or not test[kept].any() or test[kept].all():
        raise InputError(
            f"{int(kept.sum())} points have a predictor, {int(test[kept].sum())} of them test points; "
            "a regression needs 5, train and test both."
        )
    scaled = np.full(len(error), np.nan)
    scaled[kept] = standardise(predictor[kept])
    low, high = _bootstrap(mse, predictor, test)
    fits = {-1: replace(_least_squares(error, scaled, test), test_slope_low=low, test_slope_high=high)}
    for label in [] if labels is None else np.unique(labels):
        own = labels == label
        try:
            fits[int(label)] = _least_squares(error[own], scaled[own], test[own])
        except InputError:
            continue
    return fits


def _bootstrap(mse: np.ndarray, predictor: np.ndarray, test: np.ndarray) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles of the test slope over resampled points (Poisson weights, the seed fixed).

    The slope of the test points alone, cov(X, MSE) / var(X), in the units of the pooled points: all of it is made anew
    from each resample, the standardisation too.
    """
    generator, kept = np.random.default_rng(0), ~np.isnan(predictor)
    x = np.where(kept, predictor, 0.0) - predictor[kept].mean()
    y = mse - mse.mean()
    inside, held_out = kept.astype(float), (kept & test).astype(float)
    pooled = np.column_stack([np.ones_like(y), y, y * y, inside, inside * x, inside * x * x])
    own = np.column_stack([held_out, held_out * x, held_out * y, held_out * x * x, held_out * x * y])
    slopes = []
    for _ in range(RESAMPLES):
        weights = generator.poisson(1.0, len(y)).astype(float)
        n, sum_y, sum_yy, m, sum_x, sum_xx = weights @ pooled
        t, test_x, test_y, test_xx, test_xy = weights @ own
        units = np.sqrt((sum_xx / m - (sum_x / m) ** 2) / (sum_yy / n - (sum_y / n) ** 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            slopes.append((test_xy - test_x * test_y / t) / (test_xx - test_x**2 / t) * units)
    low, high = np.nanquantile(slopes, [0.025, 0.975])
    return float(low), float(high)


def _least_squares(error: np.ndarray, scaled: np.ndarray, test: np.ndarray) -> Fit:
    from statsmodels.regression.linear_model import OLS  # costs a second: only where a regression is made

    kept = ~np.isnan(scaled)
    error, scaled, indicator = error[kept], scaled[kept], test[kept].astype(np.float64)
    design = np.column_stack([np.ones_like(scaled), scaled, indicator, indicator * scaled])
    if len(design) <= 4 or np.linalg.matrix_rank(design) < 4:
        raise InputError(f"{len(design)} points do not determine the four coefficients; give more points.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = OLS(error, design).fit()
    combined = result.t_test([[0.0, 1.0, 0.0, 1.0]])
    return Fit(
        *(float(value) for value in result.params),
        test_slope=float(result.params[1] + result.params[3]),
        intercept_se=float(result.bse[0]),
        slope_se=float(result.bse[1]),
        test_se=float(result.bse[2]),
        interaction_se=float(result.bse[3]),
        test_slope_se=float(np.squeeze(combined.sd)),
        points=len(error),
        dropped=int((~kept).sum()),
    )
