r"""Does the slope of the error on an eigenvalue predictor survive when simpler things are held fixed?

Within one split (train or test) and in the pooled units of equations 6 and 7,

    MSE_s = slope X_s + gamma^T controls + intercepts,

X the trace or the log volume. Controls: none; an intercept a class; the ink |x|^2; both; both and the distance to the
fifth nearest training point. By the theorem of Frisch, Waugh and Lovell the slope is that of what the controls leave of
the error on what they leave of X.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from lib.base.errors import InputError, check_known
from lib.measures.regression import standardise

CONTROLS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "class": ("class",),
    "ink": ("ink",),
    "class and ink": ("class", "ink"),
    "class, ink, neighbours": ("class", "ink", "neighbours"),
}
WITHOUT_ONE = "none, without class 1"
CLASS_ONE = 1


@dataclass(frozen=True)
class Controlled:
    """A slope with its heteroscedasticity-robust standard error (HC1), the partial R2 of X given the controls, the R2 of
    X and controls together, and the number of points."""

    slope: float
    slope_se: float
    partial_r2: float
    r2: float
    points: int


def controlled_slope(
    error: np.ndarray, predictor: np.ndarray, covariates: Mapping[str, np.ndarray], controls: str
) -> Controlled:
    """The slope of `error` (points,) on `predictor` (points,) with `controls`, a key of `CONTROLS`.

    `covariates`: `class` (labels), `ink`, `neighbours`, each (points,). All are taken in the units given.
    Raises `InputError` where the points are fewer than the coefficients, or the controls leave nothing of the predictor.
    """
    from statsmodels.regression.linear_model import OLS  # costs a second: only where a regression is made

    check_known("controls", controls, CONTROLS)
    columns = []
    for name in CONTROLS[controls]:
        values = covariates[name]
        columns += [values == label for label in np.unique(values)] if name == "class" else [values]
    if "class" not in CONTROLS[controls]:
        columns.append(np.ones(len(error)))
    design = np.column_stack([predictor, *columns]).astype(np.float64)
    if len(design) <= design.shape[1]:
        raise InputError(f"{len(design)} points do not determine {design.shape[1]} coefficients; give more points.")
    left, *_ = np.linalg.lstsq(design[:, 1:], predictor, rcond=None)
    rest = predictor - design[:, 1:] @ left
    if rest.std() <= 1e-9 * max(np.abs(predictor).max(), 1e-300):
        raise InputError(f"The controls ({controls}) leave nothing of the predictor; it does not vary on its own.")
    fit = OLS(error, design).fit()
    robust = fit.get_robustcov_results("HC1")
    t = float(fit.tvalues[0])
    total = float(((error - error.mean()) ** 2).sum())
    return Controlled(
        slope=float(fit.params[0]),
        slope_se=float(robust.bse[0]),
        partial_r2=t**2 / (t**2 + fit.df_resid),
        r2=1 - float(fit.ssr) / total if total > 0 else 0.0,
        points=len(error),
    )


def controlled_slopes(
    mse: np.ndarray, predictor: np.ndarray, covariates: Mapping[str, np.ndarray], test: np.ndarray
) -> list[dict[str, object]]:
    """The slopes under every set of controls, for train and test points apart, and without controls and class 1.

    `mse`, `predictor` (points,), NaN where it does not exist; `test` (points,) bool. Rows: `split`, `controls`, and the
    fields of `Controlled`; what the points do not determine has no row.
    """
    kept = ~np.isnan(predictor)
    if not kept.any():
        return []
    try:
        error, scaled = standardise(mse), np.full(len(mse), np.nan)
        scaled[kept] = standardise(predictor[kept])
    except InputError:
        return []
    rows = []
    for split, chosen in (("train", kept & ~test), ("test", kept & test)):
        cases = [(name, name, chosen) for name in CONTROLS]
        cases.append((WITHOUT_ONE, "none", chosen & (covariates["class"] != CLASS_ONE)))
        for name, controls, points in cases:
            own = {key: values[points] for key, values in covariates.items()}
            try:
                found = controlled_slope(error[points], scaled[points], own, controls)
            except InputError:
                continue
            rows.append({"split": split, "controls": name} | asdict(found))
    return rows


def simulate(points: int, direct: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Points whose answer is known: the ink drives both error and predictor; `direct` is what the predictor adds of its own.

    error = ink + direct predictor + noise, predictor = ink + noise, ink = class + noise. Returns error, predictor, and the
    covariates; with `direct` 0 the predictor is independent of the error given the ink.
    """
    draw = np.random.default_rng(seed)
    label = draw.integers(0, 10, points)
    ink = 0.3 * label + draw.normal(size=points)
    predictor = ink + draw.normal(size=points)
    error = ink + direct * predictor + draw.normal(size=points)
    return error, predictor, {"class": label, "ink": ink, "neighbours": draw.normal(size=points)}
