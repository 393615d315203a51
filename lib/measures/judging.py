r"""How well the measures of a point predict its error, and how well they detect strange images.

A score is a measure of a point (`lib.measures.protocol`) as a predictor: the larger it is, the larger the error it
foretells. Four criteria:

- Spearman's rank correlation of score and error;
- the AUROC for the worst decile: the chance that a point among the tenth of largest error scores above one of the rest;
- the area saved under the risk-coverage curve: points are accepted from the lowest score on, the risk at a coverage is
  the mean error of those accepted, and the area A under the curve is set between that of no knowledge (the mean error) and
  that of the error itself, (A_none - A) / (A_none - A_error);
- the gained R2: what the score adds to a regression of the error on class, ink |x|^2, |x| and 5-NN distance.

Chance level: 0, 0.5, 0, 0. Perfect: 1, 1, 1, and 1 - R2 of the covariates.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pandas as pd
import scipy  # its parts are loaded on use: scipy.stats alone takes a second

from lib.base.errors import InputError
from lib.measures import regression
from lib.measures.protocol import Measure, every

WORST = 0.1  # the share of points, by error, that the AUROC is about
SCORE_RESAMPLES = 200
LEAST_JUDGED = 20
LEVEL = 0.05


def _contest(place: str) -> dict[str, Measure]:
    """The point measures that have this place, "predicts" or "detects", in its order."""
    measures = [measure for measure in every("point") if getattr(measure, place) is not None]
    return {measure.name: measure for measure in sorted(measures, key=lambda measure: getattr(measure, place))}


SCORES: Mapping[str, Measure] = _contest("predicts")
DETECTORS: Mapping[str, Measure] = _contest("detects")
HELD = tuple(name for name, measure in SCORES.items() if measure.held)


# --- criteria, for many weightings of the points at once: `weights` (points, resamples), whole numbers ----------------


def _grouped(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equal values as groups, in rising order: each point's group (points,), the groups' weights (groups, resamples)."""
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    if group.max() + 1 == len(group):
        return group, weights[order]
    starts = np.searchsorted(group[order], np.arange(group.max() + 1))
    return group, np.add.reduceat(weights[order], starts, axis=0)


def _ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Ranks (points, resamples) among the weighted points: the weight below, and half of the weight that is equal."""
    group, sizes = _grouped(values, weights)
    return (sizes.cumsum(axis=0) - sizes / 2)[group]


def spearman(error: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Spearman's rho (resamples,) of error and score (points,), the points weighted by each column of `weights`."""
    half = weights.sum(axis=0) / 2
    x, y = (_ranks(values, weights) - half for values in (score, error))
    weighted = weights * x
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weighted * y).sum(axis=0) / np.sqrt((weighted * x).sum(axis=0) * (weights * y * y).sum(axis=0))


def auroc(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC (resamples,): the chance that a positive point scores above a negative one, ties counting half.

    `positive` (points, 1) or (points, resamples) bool.
    """
    positives = weights * positive
    inside, total = positives.sum(axis=0), weights.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ((positives * _ranks(score, weights)).sum(axis=0) - inside**2 / 2) / (inside * (total - inside))


def worst_decile(error: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC (resamples,) of the score for the tenth of the points whose error is largest."""
    return auroc(_ranks(error, weights) > (1 - WORST) * weights.sum(axis=0), score, weights)


def _area(error: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The area (resamples,) under the risk-coverage curve; points of equal score count with their mean error each."""
    _, sizes = _grouped(score, weights)
    _, sums = _grouped(score, weights * error[:, None])
    after = sizes.cumsum(axis=0)
    before, means = after - sizes, sums / np.maximum(sizes, 1e-300)
    # within a group the risk is mean + rest / c at c = before + 1 ... after points, and sums of 1 / c are digamma's differences
    rest = sums.cumsum(axis=0) - sums - means * before
    # A few hundred values are looked up many thousand times.
    digamma = scipy.special.digamma(np.arange(1.0, after.max() + 2))
    steps = digamma[after.astype(int)] - digamma[before.astype(int)]
    return (sums + rest * steps).sum(axis=0) / after[-1]


def saved_area(error: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The area saved under the risk-coverage curve (resamples,): 0 of no knowledge, 1 of the error itself."""
    mean = error @ weights / weights.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (mean - _area(error, score, weights)) / (mean - _area(error, error, weights))


def risk_coverage(error: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coverage (points,) and the mean error of the points accepted, the lowest scores first, relative to the mean of all.

    Points of equal score count with their mean error each, so that their order plays no part.
    """
    group, sizes = _grouped(score, np.ones((len(error), 1)))
    means = _grouped(score, error[:, None])[1] / sizes
    counts = np.arange(1, len(error) + 1)
    return counts / len(error), means[np.sort(group), 0].cumsum() / counts / error.mean()


CRITERIA = {"spearman": spearman, "auroc": worst_decile, "saved": saved_area}


@lru_cache(maxsize=4)
def weightings(points: int, seed: int = 0, resamples: int = SCORE_RESAMPLES) -> np.ndarray:
    """Bootstrap weights (points, 1 + resamples): first every point once, then how often each is drawn, with replacement.

    Read-only, as all scores of the same points share them.
    """
    drawn = np.random.default_rng(seed).integers(0, points, (resamples, points)).T
    places = drawn * (resamples + 1) + np.arange(1, resamples + 1)
    weights = np.bincount(places.ravel(), minlength=points * (resamples + 1)).reshape(points, -1).astype(np.float64)
    weights[:, 0] = 1
    weights.flags.writeable = False
    return weights


def banded(name: str, values: np.ndarray) -> dict[str, float]:
    """NAME, NAME_low, NAME_high: the first of the values, and the 2.5 % and 97.5 % quantiles of the others, its resamples."""
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return {name: float(values[0]), f"{name}_low": float(low), f"{name}_high": float(high)}


# --- judging --------------------------------------------------------------------------------------------------------


def judge(error: np.ndarray, score: np.ndarray, seed: int = 0) -> dict[str, float]:
    """How well `score` (points,) predicts where `error` (points,) is large: `CRITERIA` with their 95 % bootstrap bands.

    Keys: `points`; `spearman`, `auroc`, `saved`, each also with `_low` and `_high`; `spearman_p`, the p-value of no rank
    correlation. Points whose score is NaN are left out. Raises `InputError` for fewer than 20 points, for values that are not
    finite, and where score or error is constant.
    """
    error, score = (np.asarray(values, dtype=np.float64) for values in (error, score))
    error, score = error[~np.isnan(score)], score[~np.isnan(score)]
    for name, values in (("error", error), ("score", score)):
        _check_varies(name, values)
    weights = weightings(len(error), seed)
    row = {"points": float(len(error)), "spearman_p": float(scipy.stats.spearmanr(error, score)[1])}
    for name, criterion in CRITERIA.items():
        row |= banded(name, criterion(error, score, weights))
    return row


def _check_varies(name: str, values: np.ndarray) -> None:
    if len(values) < LEAST_JUDGED:
        raise InputError(f"{len(values)} points have a score; a judgement needs {LEAST_JUDGED}: give more points.")
    regression.need_finite(**{name: values})
    if np.ptp(values) == 0:
        raise InputError(f"The {name} is constant at {values[0]:g}; it ranks nothing: give one that varies.")


def gain(error: np.ndarray, score: np.ndarray, covariates: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The R2 that the score adds to a regression of the error on `covariates`: class (labels), ink, |x|, 5-NN distance.

    Keys: `gained`, the rise of R2; `gained_sign`, the sign of the score's coefficient; `gained_p`, its p-value with errors
    robust to unequal variances (HC1); `held`, the R2 of the covariates alone. Points whose score is NaN are left out.
    Raises `InputError` where the points are too few, the error is constant, other values are not finite, or the covariates leave
    nothing of the score.
    """
    error, score = np.asarray(error, float), np.asarray(score, float)
    known = ~np.isnan(score)
    error, score = error[known], score[known]
    held_fixed = {name: np.asarray(values)[known] for name, values in covariates.items()}
    regression.need_finite(error=error, score=score, **held_fixed)
    columns = [held_fixed["class"] == label for label in np.unique(held_fixed["class"])]
    columns += [values - values.mean() for name, values in held_fixed.items() if name != "class"]
    held = np.column_stack(columns).astype(np.float64)
    rest = regression.remainder(score, held)
    _check_varies("error", error)
    if rest.std() <= max(1e-6 * score.std(), 1e-12 * np.abs(score).max()):
        raise InputError(
            "Class, ink, norm and neighbours leave nothing of the score; it says nothing that they do not."
        )
    # covariates may be constant or depend on each other here: an orthonormal basis has full rank
    slope = regression.slope_given(error, regression.standardise(score), scipy.linalg.orth(held))
    return {
        "gained": slope.gained,
        "gained_sign": float(np.sign(slope.slope)),
        "gained_p": slope.p,
        "held": slope.r2 - slope.gained,
    }


def holm(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with every p-value also adjusted by Holm's method over all rows that have one: NAME_holm."""
    from statsmodels.stats.multitest import multipletests

    rows = rows.copy()
    for name in ("spearman_p", "gained_p"):
        known = rows[name].notna().to_numpy()
        adjusted = np.full(len(rows), np.nan)
        if known.any():
            adjusted[known] = multipletests(rows.loc[known, name], method="holm")[1]
        rows[f"{name.removesuffix('_p')}_holm"] = adjusted
    return rows


def detect(inside: np.ndarray, outside: np.ndarray) -> dict[str, float]:
    """How well a score separates points `outside` (points,) from points `inside` (points,): `auroc`, its bootstrap band.

    Infinite scores rank above all.
    """
    score = np.concatenate([inside, outside])
    positive = (np.arange(len(score)) >= len(inside))[:, None]
    return banded("auroc", auroc(positive, score, weightings(len(score))))
