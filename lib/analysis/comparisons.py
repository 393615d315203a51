"""A run beside the published tables, and beside runs with other seeds."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lib.analysis import published
from lib.analysis.evidence import controls_rows, lost_directions
from lib.analysis.intervals import next_margin
from lib.base.errors import InputError
from lib.measures.regression import CLASS_ONE
from lib.runs import Run, Summary, measurements, read, select_rows

AGREE_FROM = 5  # the smallest d at which the agreement with the published slopes is summed up: below, these leap with d


def beside_published(summary: Summary, number: int) -> pd.DataFrame:
    """Table 1 or 2 as printed, joined with a run's values: suffix `_ours`, and `_se` for their standard errors."""
    printed = published.published_table(number)
    if summary.regressions.empty:
        return printed.iloc[:0]
    keys = ["latent_dim", "space"]
    of_table = {"predictor": published.TABLE_PREDICTORS[number], "label": -1, "depth": summary.run.table_depth}
    ours = select_rows(summary.regressions, **of_table).groupby(keys, as_index=False).mean(numeric_only=True)
    return printed.merge(ours, on=keys, suffixes=("", "_ours"))


def agreement(summary: Summary, smallest: int = AGREE_FROM, without: Collection[int] = ()) -> pd.DataFrame:
    """How well a run agrees with the published tables over d from `smallest`, but for those of `without`; a row a table and space.

    Columns: `number`, `space`, `dims` (the number of d that both have), `rms` and `gap_rms` (root mean square differences of
    the test slopes and of the train-test gaps b2), `spearman` (rank correlation of the slopes over d; NaN under three),
    `same_sign` (share of d).
    """
    rows = []
    for number in published.TABLE_PREDICTORS:
        both = beside_published(summary, number).query("latent_dim >= @smallest and latent_dim not in @without")
        for space, group in both.groupby("space"):
            ours, printed = group["test_slope_ours"], group["test_slope"]
            values = {
                "dims": len(group),
                "rms": float(np.sqrt(((ours - printed) ** 2).mean())),
                "gap_rms": float(np.sqrt(((group["test_ours"] - group["test"]) ** 2).mean())),
                "spearman": ours.rank().corr(printed.rank()) if len(group) > 2 else np.nan,
                "same_sign": float((np.sign(ours) == np.sign(printed)).mean()),
            }
            rows.append({"number": number, "space": space} | values)
    return pd.DataFrame(rows, columns=["number", "space", "dims", "rms", "gap_rms", "spearman", "same_sign"])


def by_seed(summaries: Sequence[Summary]) -> pd.DataFrame:
    """The test slopes of networks that differ only by their seed, from runs of one specification but for the seeds.

    A row a `latent_dim` that all have, `space`, `predictor` and `seed`, at the tables' depth: `test_slope`, and
    `test_slope_published` where the paper's tables have this d. Raises `InputError` where the runs differ in more.
    """
    shared = shared_dims([summary.run for summary in summaries])
    keys = ["latent_dim", "space", "predictor"]
    ours = pd.concat(
        [select_rows(summary.regressions, label=-1, depth=summary.run.table_depth) for summary in summaries]
    )
    ours = ours.loc[ours["latent_dim"].isin(shared)]
    printed = published.tables()[[*keys, "test_slope"]]
    rows = ours[[*keys, "seed", "test_slope"]].merge(printed, on=keys, how="left", suffixes=("", "_published"))
    return rows.sort_values([*keys, "seed"], ignore_index=True)


def pairing_control(name: str, latent_dims: Sequence[int], points: int = 500) -> pd.DataFrame:
    """How close paired eigenvalues of J_I and J_L are at a point, and if J_L is taken at another point, drawn at random.

    `same` and `other`: medians over test points, at most so many, of the smallest L^1 distance of the spectra divided by d
    (`lib.geometry.spectra.paired_distance`); a row a `latent_dim`, at the tables' depth and the first seed. The former are
    in the per-point tables.
    """
    import torch  # seconds, spent only here

    from lib.geometry.spectra import paired_distance

    run, rows = read(name), []
    for latent_dim in latent_dims:
        table = measurements(name, run.table_depth, latent_dim, run.seeds[0])
        table = table[table["test"]].head(points)
        first, second = (
            torch.complex(*(torch.tensor(np.stack(table[f"eigenvalues_{space}_{part}"])) for part in ("real", "imag")))
            for space in ("input", "latent")
        )
        other = paired_distance(first, second[np.random.default_rng(0).permutation(len(table))], 1).numpy()
        distances = {"same": np.median(table["distance_l1"]), "other": np.median(other)}
        rows.append({"latent_dim": latent_dim} | {name: value / latent_dim for name, value in distances.items()})
    return pd.DataFrame(rows)


def seed_spread(rows: pd.DataFrame) -> pd.DataFrame:
    """The test slopes of `by_seed` over the seeds: `count`, `mean`, `std`, `min`, `max`, and as `published`.

    A row a (latent_dim, space, predictor). `beyond`: the published slope, which is of one network, lies outside the 95 % interval
    for one more seed, mean -+ t std sqrt(1 + 1 / count).
    """
    groups = rows.groupby(["latent_dim", "space", "predictor"])
    spread = groups["test_slope"].agg(["count", "mean", "std", "min", "max"])
    spread = spread.assign(published=groups["test_slope_published"].first())
    half = next_margin(spread["count"], spread["std"])
    return spread.assign(beyond=np.abs(spread["mean"] - spread["published"]) > half)


def controlled_by_seed(summaries: Sequence[Summary], **keys: Any) -> pd.DataFrame:
    """The slopes of `controlled` over the seeds of several runs: `size`, `min` and `max`, a row a set of controls."""
    rows = pd.concat([controls_rows(summary, **keys) for summary in summaries])
    return rows.groupby("controls")["slope"].agg(["size", "min", "max"])


def lost_by_seed(summaries: Sequence[Summary]) -> pd.DataFrame:
    """The directions lost in networks that differ only by their seed, as in `by_seed`; the data have classes 0, 1 and more.

    A row a `latent_dim` and `seed`, at the tables' depth: the number `lost`, and the mean number of small eigenvalues of
    J_L at a point: of `all`, of `class_one`, and of `others`, the largest of any other class.
    """
    shared = shared_dims([summary.run for summary in summaries])
    keys, frames = ["latent_dim", "seed"], []
    for summary in summaries:
        depth = summary.run.table_depth
        lost = select_rows(lost_directions(summary), depth=depth).set_index(keys)["lost"]
        small = {"quantity": "small_eigenvalues", "space": "latent", "split": "all", "depth": depth}
        by_label = select_rows(summary.statistics, **small).pivot(index=keys, columns="label", values="mean")
        others = by_label.drop(columns=[-1, CLASS_ONE]).max(axis=1)
        columns = {"lost": lost.reindex(by_label.index, fill_value=0)}
        columns |= {"all": by_label[-1], "class_one": by_label[CLASS_ONE], "others": others}
        frames.append(pd.DataFrame(columns).reset_index())
    rows = pd.concat(frames)
    return rows[rows["latent_dim"].isin(shared)].sort_values(keys, ignore_index=True)


def shared_dims(runs: Sequence[Run]) -> set[int]:
    """The latent dimensions that all runs have; raises `InputError` unless they are of one specification but for the seeds."""
    first, *others = runs
    for other in others:
        same = replace(first, name=other.name, seeds=other.seeds, latent_dims=other.latent_dims, depths=other.depths)
        same = replace(same, snapshots=other.snapshots, committed=other.committed, hidden_widths=other.hidden_widths)
        if same != other or tables_widths(first) != tables_widths(other) or set(first.seeds) & set(other.seeds):
            raise InputError(f"Runs {first.name} and {other.name} differ in more than their seeds; vary nothing else.")
    return set.intersection(*(set(run.latent_dims) for run in runs))


def tables_widths(run: Run) -> str | tuple[int, ...]:
    """The hidden widths of a run at the depth of its tables, as its file gives them: in words, or as numbers."""
    return run.hidden_widths if isinstance(run.hidden_widths, str) else run.hidden_widths[run.table_depth]
