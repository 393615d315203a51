"""Spectra during training: statistics per snapshot, settling time, and the initial state."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy  # its parts are loaded on use

from lib.analysis import intervals
from lib.analysis.published import PREDICTOR_NAMES
from lib.base.errors import InputError
from lib.runs import Summary, select_rows

SETTLED = 0.1  # of all the way that a quantity goes in training
REAL = 2.5  # degrees from the real axis up to which an eigenvalue counts as real: half a bin of a summary's histograms
QUANTITIES = {"mse": "test error", "geometric_mean": "geometric mean"}
MEASURES = {
    "modulus": np.abs,
    "angle of rotation, degrees": lambda values: np.abs(np.degrees(np.angle(values))),
}
SLOPES = {predictor: f"slope on {name}" for predictor, name in PREDICTOR_NAMES.items()}


def settled(epochs: Sequence[int], values: Sequence[float], share: float = SETTLED) -> int:
    """The first epoch from which on all values are within `share` of the way of the last value.

    The way is the largest less the smallest value; NaN, where there is no value, is not within it. Raises `InputError`
    where there is no last value.

    >>> settled([0, 1, 10, 100], [0.0, 9.5, 8.0, 10.0])
    100
    >>> settled([0, 1, 10, 100], [0.0, 5.0, 9.5, 10.0])
    10
    """
    course = np.asarray(values, dtype=float)
    if not len(course) or not np.isfinite(course[-1]):
        raise InputError("There is no value at the last epoch; without it nothing can be said to have settled.")
    near = np.abs(course - course[-1]) <= share * (np.nanmax(course) - np.nanmin(course))
    return int(np.asarray(epochs)[len(near) - np.logical_and.accumulate(near[::-1]).sum()])


def quantity_course(summary: Summary, quantity: str) -> pd.DataFrame:
    """A quantity of J_I at the tables' depth by `latent_dim` and `epoch`, over seeds their mean: `value`, with `low` and `high`.

    Of the error and the means of eigenvalues: the median over test points, and the quartiles. Of a predictor ("trace",
    "log_volume"): the test slope of equation 6 or 7 and its 95 % interval from resampled points, which like HC1 does not
    take the errors for equally spread. Raises `InputError` for a run without snapshots.
    """
    name = summary.run.name
    if summary.progress_statistics.empty:
        raise InputError(
            f"Run {name} has no snapshots; add `snapshots: [0, 1, 10, 100]` to runs/{name}.yml and run it again."
        )
    keys = {"depth": summary.run.table_depth, "label": -1}
    if quantity in SLOPES:
        frame, keys = summary.progress_regressions, keys | {"predictor": quantity, "space": "input"}
    else:
        frame, keys = summary.progress_statistics, keys | {"quantity": quantity, "split": "test"}
        keys["space"] = "both" if quantity == "mse" else "input"
    rows = select_rows(frame, **keys).groupby(["latent_dim", "epoch"], as_index=False).mean(numeric_only=True)
    if quantity in SLOPES:
        return rows.assign(value=rows["test_slope"], low=rows["test_slope_low"], high=rows["test_slope_high"])
    return rows.assign(value=rows["median"], low=rows["q25"], high=rows["q75"])


def settling(summary: Summary, share: float = SETTLED) -> pd.DataFrame:
    """The epoch at which each quantity settles (`settled`), by `latent_dim`: a column a quantity, J_I.

    A slope that the points did not determine at the last epoch is NaN there.
    """
    columns = {}
    for quantity, name in (QUANTITIES | SLOPES).items():
        rows = quantity_course(summary, quantity)
        columns[name] = {
            d: settled(own["epoch"].tolist(), own["value"].tolist(), share)
            for d, own in rows.groupby("latent_dim")
            if own["epoch"].max() == summary.run.epochs
        }
    return pd.DataFrame(columns).rename_axis("latent_dim").sort_index()


def beside_products(summary: Summary, draws: int = 200) -> pd.DataFrame:
    """The spectrum of J_I at initialisation and at the last epoch, beside products of random matrices; a row a d.

    `first`, `last`: the median over test points of the geometric mean |omega|^(1/d), averaged over seeds; `low`, `high`: what
    95 % of `draws` products lie between. `first_real`, `last_real` (train and test points), `product_real`: the shares of
    eigenvalues within `REAL` degrees of the real axis.
    """
    from lib.geometry import random_matrices, spectra  # torch: only where products are drawn
    from lib.runs.specification import Member

    run, rows = summary.run, []
    means, real = (
        quantity_course(summary, "geometric_mean").set_index(["latent_dim", "epoch"])["value"],
        _real_shares(summary),
    )
    for d in run.latent_dims:
        widths = run.widths(Member(run.table_depth, d, run.seeds[0]), int(np.prod(summary.image_shape)))
        cores = random_matrices.products(widths, run.initialisation, draws)
        values = spectra.eigenvalues(cores).numpy()
        drawn = np.exp(np.log(np.abs(values)).mean(axis=1))
        low, high = np.quantile(drawn, [0.025, 0.975])
        row = {"latent_dim": d, "first": means[d, 0], "last": means[d, run.epochs]}
        row |= {"low": low, "high": high, "product_real": near_real(values).mean()}
        rows.append(row | {"first_real": real[d, 0], "last_real": real[d, run.epochs]})
    return pd.DataFrame(rows)


def near_real(values: np.ndarray) -> np.ndarray:
    """Whether eigenvalues (any shape) lie within `REAL` degrees of the real axis."""
    angles = np.abs(np.degrees(np.angle(values)))
    return np.minimum(angles, 180 - angles) <= REAL


def largest_gap(one: np.ndarray, other: np.ndarray) -> list[float]:
    """The largest difference between two samples' cumulative shares (Kolmogorov-Smirnov's): of each of `MEASURES`."""
    samples = ((measure(one).ravel(), measure(other).ravel()) for measure in MEASURES.values())
    return [float(scipy.stats.ks_2samp(*pair).statistic) for pair in samples]


def shares_up_to(groups: np.ndarray, ticks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The share of the values (groups, values) up to each tick: its mean over the groups, and its 5 % and 95 % quantiles."""
    shares = np.array([np.searchsorted(np.sort(group), ticks, "right") / len(group) for group in groups])
    return shares.mean(axis=0), *np.quantile(shares, [0.05, 0.95], axis=0)


def _real_shares(summary: Summary) -> pd.Series:
    """The share of the eigenvalues of J_I near the real axis by (latent_dim, epoch), all points.

    From the histograms of arguments: bins of 5 degrees, the first about -180.
    """
    keys = {"depth": summary.run.table_depth, "label": -1, "quantity": "argument", "space": "input"}
    by_epoch = select_rows(summary.progress_histograms, **keys).groupby(["latent_dim", "epoch"])
    counts = by_epoch["counts"].agg(lambda parts: np.sum(parts.tolist(), axis=0))
    return counts.map(lambda bins: (bins[0] + bins[len(bins) // 2]) / bins.sum())


LEAST = 10  # orbits that a rank correlation takes here, of either outcome
Starts = Mapping[str, Mapping[str, np.ndarray]]
TARGETS = ("ends", "steps")


def orbit_correlations(
    starts: Starts, quantities: Sequence[str], fixed: int
) -> dict[tuple[str, str, str], intervals.Estimate]:
    """Rank correlation between a starting point's geometry and its orbit's fate: (network, quantity, target) -> Spearman's rho.

    `starts`: network -> columns (`lib.geometry.orbits.starting_points`); `fixed`: the fate "fixed point". Targets: of all orbits,
    whether one *ends* in a fixed point; of those that do, the number of *steps*. None where too few do, or too few do not.
    """
    estimates = {}
    for name, columns in starts.items():
        ends = columns["fate"] == fixed
        for quantity in quantities:
            values, finite = columns[quantity], np.isfinite(columns[quantity])
            for target, outcome, chosen in (("ends", ends, finite), ("steps", columns["steps"], ends & finite)):
                of = outcome[chosen].astype(float)
                few = min((of == 0).sum(), (of == 1).sum()) if target == "ends" else len(of)
                if few >= LEAST and len(np.unique(of)) > 1:
                    estimates[name, quantity, target] = intervals.trend("", pd.Series(of, index=values[chosen]), 1)
    return estimates
