r"""What a run shows, as estimates with 95 % intervals: rows of a summary, checked, and how sure each number is.

A run that lacks what a test needs raises `NotTestable`; a summary that lacks what every run has raises `InputError`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import atanh, sqrt, tanh
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from lib import published
from lib.errors import InputError
from lib.runs import matching

if TYPE_CHECKING:
    from lib.runs import Run
    from lib.runs.results import Summary

Z = float(special.ndtri(0.975))
LEAST_DIMS = 5  # latent dimensions that a trend needs
LEAST_POINTS = 20  # of a sample that correlations are compared on
RESAMPLES = 1_000  # of a bootstrap over a summary's sample of points
AGREE_FROM = 5  # the smallest d at which the agreement with the published slopes is summed up: below, these leap with d
HIGH = 10  # a run reaches "high d" with d >= 10
CLASS_ONE = 1
DIGIT_DATA = ("digits", "mnist")  # where label 1 is the digit one
KEYS = ("depth", "latent_dim", "seed", "space", "label")
COLUMNS = {
    "statistics": (*KEYS, "split", "quantity", "count", "mean", "std", "q025", "q25", "median", "q75"),
    "regressions": (*KEYS, "predictor", *published.COLUMNS.values(), "test_slope_se"),
}


@dataclass(frozen=True)
class Part:
    """One estimate with its 95 % interval, positive where the claim holds."""

    name: str
    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        interval = f" [{self.low:+.3g}, {self.high:+.3g}]" if self.low < self.high else ""
        return f"{self.name}: {self.estimate:+.3g}{interval}"


class NotTestable(Exception):
    """The run lacks what the test needs; the message says what."""


# --- reading a summary -------------------------------------------------------------------------------------------


def check_columns(summary: "Summary") -> None:
    """Raise `InputError` where the summary lacks a column that the tests read."""
    for table, columns in COLUMNS.items():
        frame = getattr(summary, table)
        if frame.empty and table == "regressions":  # no member's points determined one
            continue
        if missing := [column for column in columns if column not in frame.columns]:
            raise _incomplete(summary, f"column {', '.join(missing)} in its {table}")


def _incomplete(summary: "Summary", what: str) -> InputError:
    name = summary.run.name
    return InputError(f"The summary of run {name} has no {what}; delete its files and run: python -m lib run {name}")


def _rows(frame: pd.DataFrame, keys: dict[str, object]) -> pd.DataFrame:
    """The rows that match, by latent dimension (several seeds: their mean)."""
    return matching(frame, **keys).groupby("latent_dim").mean(numeric_only=True).sort_index()


def _lacking(summary: "Summary", rows: pd.DataFrame, columns: list[str]) -> str:
    """The run's latent dimensions without finite values, as text."""
    finite = np.isfinite(rows[columns].to_numpy(dtype=float)).all(axis=1)
    return ", ".join(str(d) for d in sorted(set(summary.run.latent_dims) - set(rows.index[finite])))


def statistic(summary: "Summary", quantity: str, **keys: object) -> pd.DataFrame:
    """The statistics of a quantity by latent dimension: at the tables' depth, of all points and classes, unless `keys` differ."""
    keys = {"depth": summary.run.table_depth, "split": "all", "label": -1, "quantity": quantity} | keys
    rows = _rows(summary.statistics, keys)
    if lacking := _lacking(summary, rows, ["count", "mean", "std", "q25", "median", "q75"]):
        where = ", ".join(f"{key} {value}" for key, value in keys.items())
        raise _incomplete(summary, f"statistics ({where}) at d = {lacking}")
    return rows


def regression(summary: "Summary", predictor: str, **keys: object) -> pd.DataFrame:
    """The fits by latent dimension; one that the points did not determine makes the claim untestable."""
    if summary.regressions.empty:
        raise NotTestable("the run has no regressions")
    keys = {"depth": summary.run.table_depth, "label": -1, "predictor": predictor} | keys
    rows = _rows(summary.regressions, keys)
    if lacking := _lacking(summary, rows, [*published.COLUMNS.values(), "test_slope_se"]):
        where = ", ".join(f"{key} {value}" for key, value in keys.items())
        raise NotTestable(f"no regression ({where}) at d = {lacking}")
    return rows


def controlled(summary: "Summary", held: str, predictor: str) -> pd.DataFrame:
    """The slopes of test points on a predictor of J_I with `held` fixed (`lib.controls`), by d, at the tables' depth."""
    keys = {"depth": summary.run.table_depth, "split": "test", "space": "input"}
    keys |= {"controls": held, "predictor": predictor}
    rows = _rows(summary.controls, keys) if len(summary.controls) else pd.DataFrame(columns=["slope"])
    if lacking := _lacking(summary, rows, ["slope", "slope_se", "partial_r2", "points"] if len(rows) else ["slope"]):
        raise NotTestable(f"no slope on the {predictor.replace('_', ' ')} with {held} held fixed at d = {lacking}")
    return rows


def sampled(summary: "Summary") -> dict[int, pd.DataFrame]:
    """The test points that the summary keeps, by latent dimension: at the tables' depth, of the run's first seed."""
    frame = summary.sample
    if frame.empty:
        raise NotTestable("the run keeps no sample of points")
    chosen = (
        (frame["depth"] == summary.run.table_depth) & (frame["seed"] == summary.run.seeds[0]) & (frame["test"] == 1)
    )
    return {int(d): rows for d, rows in frame[chosen].groupby("latent_dim")}


def lost_directions(summary: "Summary") -> pd.DataFrame:
    """The networks that have lost latent directions: `depth`, `latent_dim`, `seed` and `lost`, how many.

    So many are lost as at least 97.5 % of the points have eigenvalues of J_L with |lambda| < 0.1.
    """
    found = matching(summary.statistics, quantity="small_eigenvalues", space="latent", split="all", label=-1)
    found = found[found["q025"] >= 1]
    columns = {"depth": int, "latent_dim": int, "seed": int, "lost": int}
    return found.assign(lost=np.floor(found["q025"]))[list(columns)].astype(columns).reset_index(drop=True)


def intact_dims(summary: "Summary") -> list[int]:
    """The latent dimensions at which no network of the tables' depth has lost a direction."""
    lost = lost_directions(summary)
    lost = set(lost.loc[lost["depth"] == summary.run.table_depth, "latent_dim"])
    return [d for d in summary.run.latent_dims if d not in lost]


def part_of(summary: "Summary", latent_dims: Collection[int]) -> "Summary":
    """A run's networks at the depth of its tables and of these latent dimensions, as a summary of their own."""
    depth = summary.run.table_depth
    frames = {
        name: frame[(frame["depth"] == depth) & frame["latent_dim"].isin(latent_dims)]
        for name, frame in vars(summary).items()
        if isinstance(frame, pd.DataFrame) and len(frame)
    }
    return replace(summary, run=replace(summary.run, depths=(depth,), latent_dims=tuple(latent_dims)), **frames)


def need_dims(summary: "Summary") -> None:
    """Refuse to speak of a trend over fewer than five latent dimensions."""
    if len(summary.run.latent_dims) < LEAST_DIMS:
        raise NotTestable(f"a trend needs {LEAST_DIMS} latent dimensions, the run has {len(summary.run.latent_dims)}")


def largest(summary: "Summary") -> int:
    """The largest latent dimension, where it is high."""
    if max(summary.run.latent_dims) < HIGH:
        raise NotTestable(f"high d means d >= {HIGH}, the run ends at d = {max(summary.run.latent_dims)}")
    return max(summary.run.latent_dims)


def other_classes(summary: "Summary") -> list[int]:
    """The classes other than 1, of data whose class 1 is the digit one."""
    labels = sorted(int(label) for label in summary.statistics["label"].unique() if label >= 0)
    if summary.run.dataset not in DIGIT_DATA or labels != list(range(10)):
        raise NotTestable("the classes are not the ten digits")
    return [label for label in labels if label != CLASS_ONE]


def beside_published(summary: "Summary", number: int) -> pd.DataFrame:
    """Table 1 or 2 as printed with our values beside: ours with the suffix `_ours`, their standard errors `_se`."""
    if summary.regressions.empty:
        return published.table(number).iloc[:0]
    keys = {"predictor": published.PREDICTORS[number], "label": -1, "depth": summary.run.table_depth}
    ours = (
        matching(summary.regressions, **keys).groupby(["latent_dim", "space"], as_index=False).mean(numeric_only=True)
    )
    return published.table(number).merge(ours, on=["latent_dim", "space"], suffixes=("", "_ours"))


def agreement(summary: "Summary", smallest: int = AGREE_FROM) -> pd.DataFrame:
    """How the test slopes agree with the published ones over d from the `smallest`, a row a table and space.

    Columns: `number`, `space`, `dims` (how many d both have), `rms` (root mean square difference), `spearman` (rank
    correlation over d; NaN under three), `same_sign` (share of d).
    """
    rows = []
    for number in published.PREDICTORS:
        both = beside_published(summary, number).query("latent_dim >= @smallest")
        for space, own in both.groupby("space"):
            ours, printed = own["test_slope_ours"], own["test_slope"]
            rank = ours.rank().corr(printed.rank()) if len(own) > 2 else np.nan
            rms = float(np.sqrt(((ours - printed) ** 2).mean()))
            same = float((np.sign(ours) == np.sign(printed)).mean())
            keys = {"number": number, "space": space, "dims": len(own)}
            rows.append(keys | {"rms": rms, "spearman": rank, "same_sign": same})
    return pd.DataFrame(rows, columns=["number", "space", "dims", "rms", "spearman", "same_sign"])


def by_seed(summaries: Sequence["Summary"]) -> pd.DataFrame:
    """The test slopes of networks that differ by their seed alone: runs of one specification but for the seeds.

    A row a `latent_dim` that all have, `space`, `predictor` and `seed`, at the tables' depth: `test_slope`, and as printed
    `test_slope_published`, where d is in the paper's tables. Raises `InputError` where the runs differ in more.
    """
    shared = shared_dims([one.run for one in summaries])
    keys = ["latent_dim", "space", "predictor"]
    own = pd.concat([matching(one.regressions, label=-1, depth=one.run.table_depth) for one in summaries])
    own = own.loc[own["latent_dim"].isin(shared)]
    printed = [published.table(n).assign(predictor=name) for n, name in published.PREDICTORS.items()]
    printed = pd.concat(printed)[[*keys, "test_slope"]]
    rows = own[[*keys, "seed", "test_slope"]].merge(printed, on=keys, how="left", suffixes=("", "_published"))
    return rows.sort_values([*keys, "seed"], ignore_index=True)


def lost_by_seed(summaries: Sequence["Summary"]) -> pd.DataFrame:
    """The directions lost in networks that differ by their seed alone, as in `by_seed`, of data with classes 0, 1 and more.

    A row a `latent_dim` and `seed`, at the tables' depth: `lost`, how many (0: none), and the mean number of small
    eigenvalues of J_L at a point: `all`, `class_one`, and `others`, the largest of any other class.
    """
    shared = shared_dims([one.run for one in summaries])
    keys = ["latent_dim", "seed"]
    rows = []
    for one in summaries:
        lost = matching(lost_directions(one), depth=one.run.table_depth).set_index(keys)["lost"]
        small = {"quantity": "small_eigenvalues", "space": "latent", "split": "all", "depth": one.run.table_depth}
        by_label = matching(one.statistics, **small).pivot(index=keys, columns="label", values="mean")
        others = by_label.drop(columns=[-1, CLASS_ONE]).max(axis=1)
        found = {"all": by_label[-1], "class_one": by_label[CLASS_ONE], "others": others}
        rows.append(pd.DataFrame({"lost": lost.reindex(by_label.index, fill_value=0)} | found).reset_index())
    found = pd.concat(rows)
    return found[found["latent_dim"].isin(shared)].sort_values(keys, ignore_index=True)


def shared_dims(runs: Sequence["Run"]) -> set[int]:
    """The latent dimensions that all of these runs have, which must be of one specification but for the seeds."""
    first, *others = runs
    for other in others:
        same = replace(first, name=other.name, seeds=other.seeds, latent_dims=other.latent_dims, depths=other.depths)
        if replace(same, snapshots=other.snapshots, kept=other.kept) != other or set(first.seeds) & set(other.seeds):
            raise InputError(f"Runs {first.name} and {other.name} differ in more than their seeds; vary nothing else.")
    return set.intersection(*(set(one.latent_dims) for one in runs))


# --- intervals ---------------------------------------------------------------------------------------------------


def around(name: str, estimate: float, half: float) -> Part:
    """estimate ± half."""
    return Part(name, float(estimate), float(estimate - half), float(estimate + half))


def median_error(row: pd.Series) -> float:
    """The standard error of a median, from the quartiles: 0.93 IQR / sqrt(count), right for a normal sample."""
    return float(np.sqrt(np.pi / 2) / (2 * special.ndtri(0.75)) * (row["q75"] - row["q25"]) / sqrt(row["count"]))


def mean_error(row: pd.Series) -> float:
    """The standard error of a mean: std / sqrt(count)."""
    return float(row["std"] / sqrt(row["count"]))


def rank_interval(rho: float, count: int) -> tuple[float, float]:
    """The 95 % interval of Spearman's rho of `count` pairs: tanh(atanh rho -+ Z sqrt((1 + rho^2/2)/(count - 3))).

    Bonett and Wright (2000); `count` is 4 or more.
    """
    bounded = float(np.clip(rho, -0.9999, 0.9999))
    half = Z * sqrt((1 + bounded**2 / 2) / (count - 3))
    return tanh(atanh(bounded) - half), tanh(atanh(bounded) + half)


def trend(name: str, values: pd.Series, sign: int) -> Part:
    """Spearman's rho of values (by d) against d, times `sign`, with its interval."""
    rho = float(np.corrcoef(values.rank(), pd.Series(values.index).rank())[0, 1]) if values.nunique() > 1 else 0.0
    low, high = sorted(sign * end for end in rank_interval(rho, len(values)))
    return Part(name, sign * rho + 0.0, low, high)  # no negative zero


def paired(name: str, differences: pd.Series) -> Part:
    """The mean of differences over d, with Student's interval."""
    half = special.stdtrit(len(differences) - 1, 0.975) * differences.std(ddof=1) / sqrt(len(differences))
    return around(name, differences.mean(), half)


def share(name: str, holds: pd.Series) -> Part:
    """The share of d where something holds, less one half, with Wilson's interval."""
    found, count = float(holds.mean()), len(holds)
    centre = (found + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * sqrt(found * (1 - found) / count + Z**2 / (4 * count**2))
    return Part(f"{name}, {int(holds.sum())} of {count}", found - 0.5, centre - half - 0.5, centre + half - 0.5)


@lru_cache(maxsize=4)
def _resamples(count: int) -> np.ndarray:
    """The weights (1 + RESAMPLES, count) of points in their sample and in its bootstrap resamples, the seed fixed."""
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    return np.vstack([np.ones(count), drawn]) / count


def against(name: str, target: pd.Series, first: pd.Series, others: pd.DataFrame) -> Part:
    """r^2 of `first` with the target, less the largest r^2 of the `others`; interval by bootstrap over the points, seed fixed.

    Over the points where all have a value; too few of them cannot be tested. Given ranks, r is Spearman's rho.
    """
    columns = np.column_stack([target, first, others]).astype(np.float64)
    columns = columns[np.isfinite(columns).all(axis=1)]
    if len(columns) < LEAST_POINTS:
        raise NotTestable(f"{len(columns)} sampled points have all that is compared, fewer than {LEAST_POINTS}")
    columns = columns - columns.mean(axis=0)
    weights = _resamples(len(columns))
    means = weights @ columns
    spread = weights @ columns**2 - means**2
    shared = weights @ (columns[:, :1] * columns[:, 1:]) - means[:, :1] * means[:, 1:]
    squared = shared**2 / np.maximum(spread[:, :1] * spread[:, 1:], np.finfo(float).tiny)
    margins = squared[:, 0] - squared[:, 1:].max(axis=1)
    low, high = np.quantile(margins[1:], [0.025, 0.975])
    return Part(name, float(margins[0]), float(low), float(high))
