r"""What a run shows, as estimates with 95 % intervals: rows of a summary, checked, and how sure each number is.

A run that lacks what a test needs raises `NotTestable`; a summary that lacks what every run has raises `InputError`.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lib.analysis import published
from lib.analysis.intervals import NotTestable
from lib.base.errors import InputError
from lib.measures.regression import CLASS_ONE
from lib.runs import Run, Summary, select_rows

LEAST_DIMS = 5  # latent dimensions that a trend needs
AGREE_FROM = 5  # the smallest d at which the agreement with the published slopes is summed up: below, these leap with d
HIGH = 10  # a run reaches "high d" with d >= 10
DIGIT_DATA = ("digits", "mnist")  # where label 1 is the digit one
KEYS = ("depth", "latent_dim", "seed", "space", "label")
COLUMNS = {
    "statistics": (*KEYS, "split", "quantity", "count", "mean", "std", "q025", "q25", "median", "q75"),
    "regressions": (*KEYS, "predictor", *published.COLUMNS.values(), "test_slope_se"),
}


# --- reading a summary -------------------------------------------------------------------------------------------


def check_columns(summary: Summary) -> None:
    """Raise `InputError` where the summary lacks a column that the tests read."""
    for table, columns in COLUMNS.items():
        frame = getattr(summary, table)
        if frame.empty and table == "regressions":  # no member's points determined one
            continue
        if missing := [column for column in columns if column not in frame.columns]:
            raise _incomplete(summary, f"column {', '.join(missing)} in its {table}")


def _incomplete(summary: Summary, what: str) -> InputError:
    name = summary.run.name
    return InputError(f"The summary of run {name} has no {what}; delete its files and run: python -m lib run {name}")


def _rows(frame: pd.DataFrame, keys: dict[str, object]) -> pd.DataFrame:
    """The rows that match, by latent dimension (several seeds: their mean)."""
    return select_rows(frame, **keys).groupby("latent_dim").mean(numeric_only=True).sort_index()


def _lacking(summary: Summary, rows: pd.DataFrame, columns: list[str]) -> str:
    """The run's latent dimensions without finite values, as text."""
    finite = np.isfinite(rows[columns].to_numpy(dtype=float)).all(axis=1)
    return ", ".join(str(d) for d in sorted(set(summary.run.latent_dims) - set(rows.index[finite])))


def statistic(summary: Summary, quantity: str, **keys: object) -> pd.DataFrame:
    """The statistics of a quantity by latent dimension: at the tables' depth, of all points and classes, unless `keys` differ."""
    keys = {"depth": summary.run.table_depth, "split": "all", "label": -1, "quantity": quantity} | keys
    rows = _rows(summary.statistics, keys)
    if lacking := _lacking(summary, rows, ["count", "mean", "std", "q25", "median", "q75"]):
        where = ", ".join(f"{key} {value}" for key, value in keys.items())
        raise _incomplete(summary, f"statistics ({where}) at d = {lacking}")
    return rows


def regression(summary: Summary, predictor: str, **keys: object) -> pd.DataFrame:
    """The fits by latent dimension; one that the points did not determine makes the claim untestable."""
    if summary.regressions.empty:
        raise NotTestable("the run has no regressions")
    keys = {"depth": summary.run.table_depth, "label": -1, "predictor": predictor} | keys
    rows = _rows(summary.regressions, keys)
    if lacking := _lacking(summary, rows, [*published.COLUMNS.values(), "test_slope_se"]):
        where = ", ".join(f"{key} {value}" for key, value in keys.items())
        raise NotTestable(f"no regression ({where}) at d = {lacking}")
    return rows


def controlled(summary: Summary, held: str, predictor: str) -> pd.DataFrame:
    """The slopes of test points on a predictor of J_I with `held` fixed (`lib.measures.regression`), by d, at the tables' depth."""
    keys = {"depth": summary.run.table_depth, "split": "test", "space": "input"}
    keys |= {"controls": held, "predictor": predictor}
    rows = _rows(summary.controls, keys) if len(summary.controls) else pd.DataFrame(columns=["slope"])
    if lacking := _lacking(summary, rows, ["slope", "slope_se", "partial_r2", "points"] if len(rows) else ["slope"]):
        raise NotTestable(f"no slope on the {predictor.replace('_', ' ')} with {held} held fixed at d = {lacking}")
    return rows


def sampled(summary: Summary) -> dict[int, pd.DataFrame]:
    """The test points that the summary keeps, by latent dimension: at the tables' depth, of the run's first seed."""
    frame = summary.sample
    if frame.empty:
        raise NotTestable("the run keeps no sample of points")
    chosen = (
        (frame["depth"] == summary.run.table_depth) & (frame["seed"] == summary.run.seeds[0]) & (frame["test"] == 1)
    )
    return {int(d): rows for d, rows in frame[chosen].groupby("latent_dim")}


def lost_directions(summary: Summary) -> pd.DataFrame:
    """The networks that have lost latent directions: `depth`, `latent_dim`, `seed` and `lost`, how many.

    So many are lost as at least 97.5 % of the points have eigenvalues of J_L with |lambda| < 0.1.
    """
    found = select_rows(summary.statistics, quantity="small_eigenvalues", space="latent", split="all", label=-1)
    found = found[found["q025"] >= 1]
    columns = {"depth": int, "latent_dim": int, "seed": int, "lost": int}
    return found.assign(lost=np.floor(found["q025"]))[list(columns)].astype(columns).reset_index(drop=True)


def intact_dims(summary: Summary) -> list[int]:
    """The latent dimensions at which no network of the tables' depth has lost a direction."""
    lost = lost_directions(summary)
    lost = set(lost.loc[lost["depth"] == summary.run.table_depth, "latent_dim"])
    return [d for d in summary.run.latent_dims if d not in lost]


def part_of(summary: Summary, latent_dims: Collection[int]) -> Summary:
    """A run's networks at the depth of its tables and of these latent dimensions, as a summary of their own."""
    depth = summary.run.table_depth
    frames = {
        name: frame[(frame["depth"] == depth) & frame["latent_dim"].isin(latent_dims)]
        for name, frame in vars(summary).items()
        if isinstance(frame, pd.DataFrame) and len(frame)
    }
    return replace(summary, run=replace(summary.run, depths=(depth,), latent_dims=tuple(latent_dims)), **frames)


def need_dims(summary: Summary) -> None:
    """Refuse to speak of a trend over fewer than five latent dimensions."""
    if len(summary.run.latent_dims) < LEAST_DIMS:
        raise NotTestable(f"a trend needs {LEAST_DIMS} latent dimensions, the run has {len(summary.run.latent_dims)}")


def largest(summary: Summary) -> int:
    """The largest latent dimension, where it is high."""
    if max(summary.run.latent_dims) < HIGH:
        raise NotTestable(f"high d means d >= {HIGH}, the run ends at d = {max(summary.run.latent_dims)}")
    return max(summary.run.latent_dims)


def other_classes(summary: Summary) -> list[int]:
    """The classes other than 1, of data whose class 1 is the digit one."""
    labels = sorted(int(label) for label in summary.statistics["label"].unique() if label >= 0)
    if summary.run.dataset not in DIGIT_DATA or labels != list(range(10)):
        raise NotTestable("the classes are not the ten digits")
    return [label for label in labels if label != CLASS_ONE]


def beside_published(summary: Summary, number: int) -> pd.DataFrame:
    """Table 1 or 2 as printed with our values beside: ours with the suffix `_ours`, their standard errors `_se`."""
    if summary.regressions.empty:
        return published.table(number).iloc[:0]
    keys = {"predictor": published.PREDICTORS[number], "label": -1, "depth": summary.run.table_depth}
    ours = (
        select_rows(summary.regressions, **keys)
        .groupby(["latent_dim", "space"], as_index=False)
        .mean(numeric_only=True)
    )
    return published.table(number).merge(ours, on=["latent_dim", "space"], suffixes=("", "_ours"))


def agreement(summary: Summary, smallest: int = AGREE_FROM) -> pd.DataFrame:
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


def by_seed(summaries: Sequence[Summary]) -> pd.DataFrame:
    """The test slopes of networks that differ by their seed alone: runs of one specification but for the seeds.

    A row a `latent_dim` that all have, `space`, `predictor` and `seed`, at the tables' depth: `test_slope`, and as printed
    `test_slope_published`, where d is in the paper's tables. Raises `InputError` where the runs differ in more.
    """
    shared = shared_dims([one.run for one in summaries])
    keys = ["latent_dim", "space", "predictor"]
    own = pd.concat([select_rows(one.regressions, label=-1, depth=one.run.table_depth) for one in summaries])
    own = own.loc[own["latent_dim"].isin(shared)]
    printed = [published.table(n).assign(predictor=name) for n, name in published.PREDICTORS.items()]
    printed = pd.concat(printed)[[*keys, "test_slope"]]
    rows = own[[*keys, "seed", "test_slope"]].merge(printed, on=keys, how="left", suffixes=("", "_published"))
    return rows.sort_values([*keys, "seed"], ignore_index=True)


def lost_by_seed(summaries: Sequence[Summary]) -> pd.DataFrame:
    """The directions lost in networks that differ by their seed alone, as in `by_seed`, of data with classes 0, 1 and more.

    A row a `latent_dim` and `seed`, at the tables' depth: `lost`, how many (0: none), and the mean number of small
    eigenvalues of J_L at a point: `all`, `class_one`, and `others`, the largest of any other class.
    """
    shared = shared_dims([one.run for one in summaries])
    keys = ["latent_dim", "seed"]
    rows = []
    for one in summaries:
        lost = select_rows(lost_directions(one), depth=one.run.table_depth).set_index(keys)["lost"]
        small = {"quantity": "small_eigenvalues", "space": "latent", "split": "all", "depth": one.run.table_depth}
        by_label = select_rows(one.statistics, **small).pivot(index=keys, columns="label", values="mean")
        others = by_label.drop(columns=[-1, CLASS_ONE]).max(axis=1)
        found = {"all": by_label[-1], "class_one": by_label[CLASS_ONE], "others": others}
        rows.append(pd.DataFrame({"lost": lost.reindex(by_label.index, fill_value=0)} | found).reset_index())
    found = pd.concat(rows)
    return found[found["latent_dim"].isin(shared)].sort_values(keys, ignore_index=True)


def shared_dims(runs: Sequence[Run]) -> set[int]:
    """The latent dimensions that all of these runs have, which must be of one specification but for the seeds."""
    first, *others = runs
    for other in others:
        same = replace(first, name=other.name, seeds=other.seeds, latent_dims=other.latent_dims, depths=other.depths)
        if replace(same, snapshots=other.snapshots, committed=other.committed) != other or set(first.seeds) & set(
            other.seeds
        ):
            raise InputError(f"Runs {first.name} and {other.name} differ in more than their seeds; vary nothing else.")
    return set.intersection(*(set(one.latent_dims) for one in runs))


# --- selection ---------------------------------------------------------------------------------------------------


def statistics(summary: Summary, quantity: str, **keys: Any) -> pd.DataFrame:
    """The rows of one quantity that match the keys (depth, space, split, label), by latent dimension, over seeds their mean."""
    rows = select_rows(summary.statistics, quantity=quantity, **keys)
    return rows.groupby("latent_dim", as_index=False).mean(numeric_only=True)


def slopes(summary: Summary, predictor: str, **keys: Any) -> pd.DataFrame:
    """The rows of `regressions` that match, by latent dimension."""
    rows = select_rows(summary.regressions, predictor=predictor, **keys)
    return rows.groupby("latent_dim", as_index=False).mean(numeric_only=True)


def classes(summary: Summary) -> list[int]:
    """The classes of the data, without the -1 that stands for all of them."""
    return sorted(int(label) for label in summary.statistics["label"].unique() if label >= 0)
