r"""What a run shows: rows of its summary by latent dimension, checked where a claim needs all of them.

A run that lacks what a test needs raises `NotTestable`; a summary that lacks what every run has raises `InputError`.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lib.analysis import published
from lib.analysis.intervals import NotTestable, Z, with_interval
from lib.base.errors import InputError
from lib.measures.regression import CLASS_ONE
from lib.runs import Summary, evenly_spaced, select_rows

LEAST_DIMS = 5  # latent dimensions that a trend needs
HIGH = 10  # a run reaches "high d" with d >= 10
DIGIT_DATA = ("digits", "mnist")  # where label 1 is the digit one
HEADLINE_CONTROLS = ("none", "class and ink", "class, ink, neighbours")
KEYS = ("depth", "latent_dim", "seed", "space", "label")
SUMMARY_COLUMNS = {
    "statistics": (*KEYS, "split", "quantity", "count", "mean", "std", "q025", "q25", "median", "q75"),
    "regressions": (*KEYS, "predictor", *published.COLUMNS.values(), "test_slope_se"),
}


# --- rows of a summary by latent dimension -----------------------------------------------------------------------


def by_dim(frame: pd.DataFrame, **keys: Any) -> pd.DataFrame:
    """The matching rows of a summary's table, a row a latent dimension: means over seeds."""
    return select_rows(frame, **keys).groupby("latent_dim", as_index=False).mean(numeric_only=True)


def statistics(summary: Summary, quantity: str, **keys: Any) -> pd.DataFrame:
    """A quantity's statistics by latent dimension: at the tables' depth, of all points, unless `keys` differ."""
    defaults = {"depth": summary.run.table_depth, "split": "all", "label": -1}
    return by_dim(summary.statistics, **defaults | keys, quantity=quantity)


def slopes(summary: Summary, predictor: str, **keys: Any) -> pd.DataFrame:
    """The fits of equation 6 or 7 by latent dimension: at the tables' depth, of all points, unless `keys` differ."""
    return by_dim(summary.regressions, **{"depth": summary.run.table_depth, "label": -1} | keys, predictor=predictor)


def controlled(summary: Summary, **keys: Any) -> pd.DataFrame:
    """Slopes with other variables held fixed (`lib.measures.regression`), by `latent_dim`, `controls` and `predictor`.

    Means over seeds; of the test points, at the tables' depth and on J_I, unless `keys` differ.
    """
    rows = controls_rows(summary, **keys)
    means = rows.groupby(["latent_dim", "controls", "predictor"], as_index=False, sort=False).mean(numeric_only=True)
    return means.sort_values("latent_dim", kind="stable", ignore_index=True)


def controls_rows(summary: Summary, **keys: Any) -> pd.DataFrame:
    """The rows of `controlled`, a row a seed."""
    defaults = {"depth": summary.run.table_depth, "split": "test", "space": "input"}
    return select_rows(summary.controls, **defaults | keys)


def classes(summary: Summary) -> list[int]:
    """The classes of the data, without the -1 that stands for all of them."""
    return sorted(int(label) for label in summary.statistics["label"].unique() if label >= 0)


def class_medians(summary: Summary, quantity: str, latent_dim: int) -> pd.Series:
    """The median of a quantity of J_L in each class, at the tables' depth and one latent dimension; the index: the class."""
    keys = {"depth": summary.run.table_depth, "latent_dim": latent_dim, "split": "all", "space": "latent"}
    rows = select_rows(summary.statistics, **keys, quantity=quantity)
    return rows[rows["label"] >= 0].groupby("label")["median"].mean()


def rotation_shares(summary: Summary, space: str, depth: int) -> pd.Series:
    """The share of all eigenvalues of a depth, pooled over d, by their angle of rotation |arg lambda|.

    The index: the centres of the bins in degrees, whole numbers; a bin reaches 2.5 degrees to either side.
    """
    rows = select_rows(summary.histograms, quantity="argument", space=space, depth=depth, label=-1)
    counts = np.sum(rows["counts"].tolist(), axis=0)
    first = rows.iloc[0]
    degrees = np.degrees(first["left"] + first["width"] * (np.arange(len(counts)) + 0.5)).round().astype(int)
    return pd.Series(counts / counts.sum()).groupby(np.abs(degrees)).sum()


def reversal_gap(summary: Summary) -> pd.DataFrame:
    """The share of test points with omega < 0 (J_L, tables' depth) less that of train points: `value`, `low`, `high`, by d.

    The ends are those of the 95 % interval for independent points of one network.
    """
    test, train = (
        statistics(summary, "reversed", space="latent", split=split).set_index("latent_dim")
        for split in ("test", "train")
    )
    errors = test["std"] ** 2 / test["count"] + train["std"] ** 2 / train["count"]
    rows = pd.DataFrame({"value": test["mean"] - train["mean"], "value_se": np.sqrt(errors)})
    return with_interval(rows, "value")[["value", "low", "high"]]


def health(summary: Summary) -> pd.DataFrame:
    """A row a `depth`: how sound the cores of J_I are.

    `singular`, `ill_conditioned`, `nonpositive`: mean shares of points over the networks; `most_nonpositive`: the largest
    share of points with omega <= 0 of any network, which is at `most_d`.
    """
    rows = []
    for depth, family in summary.members.groupby("depth"):
        worst = family.loc[family["nonpositive_input"].idxmax()]
        row = {kind: family[f"{kind}_input"].mean() for kind in ("singular", "ill_conditioned", "nonpositive")}
        most = {"most_nonpositive": worst["nonpositive_input"], "most_d": int(worst["latent_dim"])}
        rows.append({"depth": depth} | row | most)
    return pd.DataFrame(rows)


def control_counts(summary: Summary) -> pd.DataFrame:
    """How many networks keep a slope of J_I at the test points once class and ink are held fixed; a row a predictor.

    `networks`; `above`, `below`: with a 95 % interval above or below 0; `undecided`: neither; `halved`: with less than
    half of the raw slope in size.
    """
    rows = select_rows(summary.controls, space="input", split="test")
    keys = ["predictor", "depth", "latent_dim", "seed"]
    wide = rows.pivot_table(index=keys, columns="controls", values=["slope", "slope_se"])
    held, raw = wide["slope", "class and ink"], wide["slope", "none"]
    half = Z * wide["slope_se", "class and ink"]
    outcomes = pd.DataFrame({"networks": True, "above": held > half, "below": held < -half})
    outcomes["undecided"] = ~(outcomes["above"] | outcomes["below"])
    outcomes["halved"] = held.abs() < raw.abs() / 2
    return outcomes.groupby(level="predictor").sum()


def clearest_slopes(summary: Summary, predictor: str) -> dict[str, pd.Series]:
    """The raw test slopes that are most clearly positive (`up`) and negative (`down`), of intact networks where there are any.

    Each a row of `controlled`, with the ends of its 95 % interval, `low` and `high`.
    """
    rows = with_interval(complete_controlled(summary, "none", predictor), "slope")
    rows = rows.loc[intact_dims(summary) or rows.index]
    return {"up": rows.loc[rows["low"].idxmax()], "down": rows.loc[rows["high"].idxmin()]}


def headline(summary: Summary) -> pd.DataFrame:
    """The test slope on the trace of J_I at the largest intact d: raw, and what the `HEADLINE_CONTROLS` leave (the index).

    Columns of `controlled`, and the ends of the 95 % interval, `low` and `high`. Raises `NotTestable` where there is none.
    """
    latent_dim = largest_intact(summary)
    frames = {held: complete_controlled(summary, held, "trace").loc[[latent_dim]] for held in HEADLINE_CONTROLS}
    return with_interval(pd.concat(frames).reset_index("latent_dim"), "slope")


def rank_correlation(summary: Summary, score: str, most: int = 7) -> float:
    """Spearman's correlation of a column of the `sampled` points with their error, its mean over at most `most` d."""
    points = sampled(summary)
    ranks = [points[d][["mse", score]].rank().to_numpy() for d in evenly_spaced(list(points), most)]
    return float(np.mean([np.corrcoef(pair, rowvar=False)[0, 1] for pair in ranks]))


def resampled_widths(summary: Summary) -> pd.Series:
    """How many times as wide as the least-squares interval of a test slope its interval by resampling is; the index: d.

    At the tables' depth; a row a space, predictor and seed.
    """
    rows = select_rows(summary.regressions, label=-1, depth=summary.run.table_depth).set_index("latent_dim")
    return (rows["test_slope_high"] - rows["test_slope_low"]) / rows["test_slope_se"] / (2 * Z)


# --- the same, where the tests of claims need all of it -----------------------------------------------------------


def check_columns(summary: Summary) -> None:
    """Raise `InputError` where the summary lacks a column that the tests read."""
    for table, columns in SUMMARY_COLUMNS.items():
        frame = getattr(summary, table)
        if frame.empty and table == "regressions":  # no member's points determined one
            continue
        if missing := [column for column in columns if column not in frame.columns]:
            raise _incomplete(summary, f"column {', '.join(missing)} in its {table}")


def _incomplete(summary: Summary, what: str) -> InputError:
    name = summary.run.name
    return InputError(f"The summary of run {name} has no {what}; delete its files and run: python -m lib run {name}")


def _lacking(summary: Summary, rows: pd.DataFrame, columns: list[str]) -> str:
    """The run's latent dimensions without finite values, as text."""
    finite = np.isfinite(rows[columns].to_numpy(dtype=float)).all(axis=1)
    return ", ".join(str(d) for d in sorted(set(summary.run.latent_dims) - set(rows.index[finite])))


def complete_statistics(summary: Summary, quantity: str, **keys: Any) -> pd.DataFrame:
    """`statistics`, indexed by d; raises `InputError` where a latent dimension of the run has none."""
    rows = statistics(summary, quantity, **keys).set_index("latent_dim")
    if lacking := _lacking(summary, rows, ["count", "mean", "std", "q25", "median", "q75"]):
        asked = {"depth": summary.run.table_depth, "split": "all", "label": -1, "quantity": quantity} | keys
        where = ", ".join(f"{key} {value}" for key, value in asked.items())
        raise _incomplete(summary, f"statistics ({where}) at d = {lacking}")
    return rows


def complete_slopes(summary: Summary, predictor: str, **keys: Any) -> pd.DataFrame:
    """`slopes`, indexed by d; raises `NotTestable` where the points of a network did not determine a fit."""
    if summary.regressions.empty:
        raise NotTestable("the run has no regressions")
    rows = slopes(summary, predictor, **keys).set_index("latent_dim")
    if lacking := _lacking(summary, rows, [*published.COLUMNS.values(), "test_slope_se"]):
        asked = {"depth": summary.run.table_depth, "label": -1, "predictor": predictor} | keys
        where = ", ".join(f"{key} {value}" for key, value in asked.items())
        raise NotTestable(f"no regression ({where}) at d = {lacking}")
    return rows


def complete_controlled(summary: Summary, held: str, predictor: str) -> pd.DataFrame:
    """`controlled` of test points on a predictor of J_I with `held` fixed, indexed by d; raises `NotTestable` likewise."""
    rows, columns = pd.DataFrame(columns=["slope"]), ["slope"]
    if len(summary.controls):
        rows = controlled(summary, controls=held, predictor=predictor).set_index("latent_dim")
        columns = ["slope", "slope_se", "partial_r2", "points"]
    if lacking := _lacking(summary, rows, columns):
        name = published.PREDICTOR_NAMES[predictor]
        raise NotTestable(f"no slope on the {name} with {held} held fixed at d = {lacking}")
    return rows


def sampled(summary: Summary) -> dict[int, pd.DataFrame]:
    """The test points that the summary keeps, by latent dimension: at the tables' depth, of the run's first seed."""
    if summary.sample.empty:
        raise NotTestable("the run keeps no sample of points")
    rows = select_rows(summary.sample, depth=summary.run.table_depth, seed=summary.run.seeds[0], test=1)
    return {int(d): points for d, points in rows.groupby("latent_dim")}


def need_dims(summary: Summary) -> None:
    """Raise `NotTestable` for a trend over fewer than five latent dimensions."""
    if len(summary.run.latent_dims) < LEAST_DIMS:
        raise NotTestable(f"a trend needs {LEAST_DIMS} latent dimensions, the run has {len(summary.run.latent_dims)}")


def largest(summary: Summary) -> int:
    """The largest latent dimension; raises `NotTestable` where it is below `HIGH`."""
    if max(summary.run.latent_dims) < HIGH:
        raise NotTestable(f"high d means d >= {HIGH}, the run ends at d = {max(summary.run.latent_dims)}")
    return max(summary.run.latent_dims)


def other_classes(summary: Summary) -> list[int]:
    """The classes other than 1; raises `NotTestable` unless class 1 is the digit one."""
    labels = classes(summary)
    if summary.run.dataset not in DIGIT_DATA or labels != list(range(10)):
        raise NotTestable("the classes are not the ten digits")
    return [label for label in labels if label != CLASS_ONE]


# --- networks that lost a latent direction -------------------------------------------------------------------------


def lost_directions(summary: Summary, intact: bool = False) -> pd.DataFrame:
    """The networks that have lost latent directions (`intact`: all): `depth`, `latent_dim`, `seed`, and the number `lost`.

    The number of lost directions: eigenvalues of J_L with |lambda| < 0.1 at 97.5 % of the points or more.
    """
    rows = select_rows(summary.statistics, quantity="small_eigenvalues", space="latent", split="all", label=-1)
    columns = {"depth": int, "latent_dim": int, "seed": int, "lost": int}
    rows = rows.assign(lost=np.floor(rows["q025"]))[list(columns)].astype(columns)
    return (rows if intact else rows.query("lost > 0")).reset_index(drop=True)


def intact_dims(summary: Summary) -> list[int]:
    """The latent dimensions at which no network of the tables' depth has lost a direction."""
    lost = lost_directions(summary)
    lost = set(lost.loc[lost["depth"] == summary.run.table_depth, "latent_dim"])
    return [d for d in summary.run.latent_dims if d not in lost]


def largest_intact(summary: Summary) -> int:
    """The latent dimension at which a run is quoted: the largest of `intact_dims`, or the largest of all where none is intact."""
    return max(intact_dims(summary) or summary.run.latent_dims)


def raw_slopes(summary: Summary, **keys: Any) -> pd.DataFrame:
    """The test slopes b1 + b3 of equations 6 and 7 by latent dimension: `slope`, its HC1 error `slope_se`, `low` and `high`.

    As `controlled` with nothing controlled for, so at the tables' depth and on J_I unless `keys` differ.
    """
    return with_interval(controlled(summary, **keys, controls="none"), "slope").drop(columns="seed")


def slope_signs(summary: Summary) -> pd.Series:
    """The test slopes of a run at the tables' depth, on both predictors and Jacobians: their number, `count`, and at how many
    the 95 % interval lies `above` and `below` 0.
    """
    rows = pd.concat([raw_slopes(summary, space=space) for space in published.SPACE_NAMES])
    return pd.Series({"count": len(rows), "above": (rows["low"] > 0).sum(), "below": (rows["high"] < 0).sum()})


def part_of(summary: Summary, latent_dims: Collection[int], seeds: Collection[int] | None = None) -> Summary:
    """A summary of the networks at the tables' depth, of these latent dimensions, and of these seeds or all, alone."""
    depth, kept = summary.run.table_depth, tuple(summary.run.seeds if seeds is None else seeds)
    frames = {
        name: frame[(frame["depth"] == depth) & frame["latent_dim"].isin(latent_dims) & frame["seed"].isin(kept)]
        for name, frame in vars(summary).items()
        if isinstance(frame, pd.DataFrame) and len(frame)
    }
    run = replace(summary.run, depths=(depth,), latent_dims=tuple(latent_dims), seeds=kept)
    return replace(summary, run=run, **frames)
