"""The effect of the settings that the paper does not state: one varied at a time, beside the published numbers.

A variant is a run that differs from a base in one field of its specification, and in its number of epochs, for which
the base has a snapshot. What is compared, for one latent dimension: the test slopes of equations 6 and 7 (b1 + b3) and
the test indicators (b2), in both spaces.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from itertools import product
from types import MappingProxyType

import numpy as np
import pandas as pd

from lib.analysis import published
from lib.base.errors import InputError, check_known
from lib.runs import Run, Summary, members, read, select_rows, store, summary

FITTED = [(space, predictor) for space in ("latent", "input") for predictor in published.PREDICTOR_NAMES]
NO_SETTINGS = ("name", "epochs", "latent_dims", "depths", "seeds", "table_depth", "snapshots", "committed")


def difference(variant: Run, base: Run) -> dict[str, object]:
    """The fields in which two runs differ, with the variant's values; epochs, grid and snapshots left out."""
    values, of_base = asdict(variant), asdict(base)
    return {key: value for key, value in values.items() if key not in NO_SETTINGS and value != of_base[key]}


def length(base: Summary, latent_dim: int) -> pd.DataFrame:
    """A row an epoch after which the base's weights were kept: `epoch`, and the columns of `coefficients`."""
    rows = base.progress_regressions
    if not rows.empty:
        rows = select_rows(rows, latent_dim=latent_dim, depth=base.run.table_depth)
    if rows.empty:
        raise InputError(f"Run {base.run.name} has no snapshots at d = {latent_dim}; add `snapshots` to its file.")
    return pd.DataFrame([{"epoch": int(epoch)} | coefficients(fits) for epoch, fits in rows.groupby("epoch")])


def coefficients(regressions: pd.DataFrame) -> dict[str, float]:
    """`SPACE_PREDICTOR_test_slope`, `..._test_slope_se`, `..._test` and `..._test_se` of one latent dimension, pooled.

    Of several seeds the means. NaN where there is no regression: an untrained network may have no point with a logarithm.
    """
    pooled = regressions[regressions["label"] == -1].groupby(["space", "predictor"]).mean(numeric_only=True)
    pooled = pooled.reindex(FITTED)
    return {
        f"{space}_{predictor}_{name}": float(pooled.loc[(space, predictor), name])
        for space, predictor in FITTED
        for name in ("test_slope", "test_slope_se", "test", "test_se")
    }


@cache
def published_values(latent_dim: int) -> Mapping[str, float]:
    """The same keys, without standard errors, as printed in Tables 1 and 2."""
    values: dict[str, float] = {}
    for number, predictor in published.TABLE_PREDICTORS.items():
        rows = published.published_table(number).query("latent_dim == @latent_dim").set_index("space")
        if rows.empty:
            raise InputError(f"The paper prints nothing for d = {latent_dim}; its tables go from 2 to 20.")
        for space in ("latent", "input"):
            for name in ("test_slope", "test"):
                values[f"{space}_{predictor}_{name}"] = float(rows.loc[space, name])
    return MappingProxyType(values)


def distances(row: dict[str, float], latent_dim: int) -> dict[str, float]:
    """The root mean square difference from the published values over the four columns: `slopes` and `indicators`."""
    wanted = published_values(latent_dim)
    return {
        kind: float(
            np.sqrt(np.mean([(row[key] - value) ** 2 for key, value in wanted.items() if key.endswith(ending)]))
        )
        for kind, ending in (("slopes", "_test_slope"), ("indicators", "_test"))
    }


def deviations(run: Summary, latent_dims: Iterable[int]) -> list[tuple[str, float]]:
    """The test slopes and indicators of a run less the published ones, each after its key in `published_values`.

    At the depth of its tables, over the `latent_dims` that it has; eight values each.
    """
    values = []
    for latent_dim in sorted(set(latent_dims) & set(run.run.latent_dims)):
        ours = coefficients(select_rows(run.regressions, depth=run.run.table_depth, latent_dim=latent_dim))
        values += [(key, ours[key] - value) for key, value in published_values(latent_dim).items()]
    return values


def within(run: Summary, latent_dims: Iterable[int], tolerance: float) -> tuple[int, int]:
    """How many of the `deviations` are within a tolerance, and of how many."""
    near = [abs(value) <= tolerance for _, value in deviations(run, latent_dims)]
    return sum(near), len(near)


def final(run: Summary, latent_dims: Sequence[int]) -> dict[str, float]:
    """The `distances` to the published values after the last epoch, over all points: root mean squares over latent dimensions.

    At the depth of the run's tables; `coefficient_course` has the last epoch, too, over the points watched in training.
    """
    depth = run.run.table_depth
    rows = [distances(coefficients(select_rows(run.regressions, depth=depth, latent_dim=d)), d) for d in latent_dims]
    return {kind: float(np.sqrt(np.mean([row[kind] ** 2 for row in rows]))) for kind in ("slopes", "indicators")}


def after_training(runs: Iterable[Summary], latent_dim: int) -> pd.DataFrame:
    """A row per run: `run`, `output`, `epochs`, and `final` and `eigenvalue_statistics` at one latent dimension."""
    rows = [
        {"run": one.run.name, "output": one.run.output, "epochs": one.run.epochs}
        | final(one, [latent_dim])
        | eigenvalue_statistics(one, latent_dim)
        for one in runs
    ]
    return pd.DataFrame(rows)


def distances_by_seed(runs: Sequence[Summary], latent_dims: Sequence[int]) -> pd.DataFrame:
    """A row a latent dimension and seed of runs that differ by their seeds: `latent_dim`, `seed`, `distances`, `mean_eigenvalues`.

    After the last epoch, at the depth of the runs' tables.
    """
    rows = []
    networks = [(one, seed) for one in runs for seed in one.run.seeds]
    for latent_dim, (one, seed) in product(latent_dims, networks):
        where = {"depth": one.run.table_depth, "latent_dim": latent_dim, "seed": seed}
        fits = coefficients(select_rows(one.regressions, **where))
        spectra = mean_eigenvalues(select_rows(one.statistics, **where))
        rows.append({"latent_dim": latent_dim, "seed": seed} | distances(fits, latent_dim) | spectra)
    return pd.DataFrame(rows)


def crossing(rows: pd.DataFrame, latent_dim: int) -> dict[str, float]:
    """Where the mean of the four test indicators of `length` first passes that of the published ones.

    `before` and `after`: the epochs on either side; `last`: our mean at the last epoch; `target`: the published mean.
    Raises `InputError` where it does not.
    """
    means = pd.Series(rows.filter(regex="_test$").mean(axis=1))
    target = np.mean([value for key, value in published_values(latent_dim).items() if key.endswith("_test")])
    above = means.to_numpy() > target
    if above[0] or not above.any():
        raise InputError(f"The test indicators do not pass the published ones at d = {latent_dim}; name another one.")
    place = int(np.argmax(above))
    epochs = {"before": rows["epoch"].iloc[place - 1], "after": rows["epoch"].iloc[place]}
    return epochs | {"last": float(means.iloc[-1]), "target": float(target)}


def eigenvalue_statistics(run: Summary, latent_dim: int) -> dict[str, float]:
    """After the last epoch, of J_L at the tables' depth: means over points of `arithmetic_mean` and `small_eigenvalues`."""
    return mean_eigenvalues(select_rows(run.statistics, depth=run.run.table_depth, latent_dim=latent_dim))


def coefficient_course(run: Summary, latent_dims: Sequence[int]) -> pd.DataFrame:
    """A row an epoch after which a run's weights were kept: `epoch`, and the `distances` to the published values.

    Over the points that are watched during training. Of several latent dimensions together: root mean squares over them, too.
    """
    rows = [
        {"epoch": row["epoch"]} | distances(row, latent_dim)
        for latent_dim in latent_dims
        for row in length(run, latent_dim).to_dict("records")
    ]
    squares = pd.DataFrame(rows).set_index("epoch").pow(2).groupby("epoch").mean()
    return squares.pow(0.5).reset_index()


def precision(usual: Summary, other: Summary) -> pd.DataFrame:
    """A row a latent dimension, seed, space and predictor of two runs that differ in precision alone.

    Columns: `test_slope` as usual and `test_slope_other` in the other precision. Raises `InputError` where the runs differ
    in more, or in nothing.
    """
    changed = difference(other.run, usual.run)
    if set(changed) != {"precision"} or other.run.epochs != usual.run.epochs:
        raise InputError(
            f"Runs {usual.run.name} and {other.run.name} do not differ in precision alone; vary nothing else."
        )
    keys = ["latent_dim", "seed", "space", "predictor"]
    one, two = (
        select_rows(rows, label=-1, depth=usual.run.table_depth).set_index(keys)["test_slope"]
        for rows in (usual.regressions, other.regressions)
    )
    return one.to_frame().join(two, rsuffix="_other", how="inner").reset_index()


def precision_effect(pairs: pd.DataFrame) -> dict[str, float | int]:
    """The effect of the precision beside the spread over seeds, from the rows of `precision`.

    `apart`: the median difference between the precisions of one seed; `span`: the median of largest less smallest slope
    over the `seeds`, as usual; `means_apart`: the median difference between the means over seeds, which is larger than
    the span in `beyond` of the `cases`, of (latent_dim, space, predictor).
    """
    groups = pairs.groupby(["latent_dim", "space", "predictor"])
    spans = np.subtract(groups["test_slope"].max(), groups["test_slope"].min())
    means_apart = np.abs(np.subtract(groups["test_slope_other"].mean(), groups["test_slope"].mean()))
    return {
        "apart": float((pairs["test_slope"] - pairs["test_slope_other"]).abs().median()),
        "seeds": int(pairs["seed"].nunique()),
        "span": float(np.median(spans)),
        "means_apart": float(np.median(means_apart)),
        "beyond": int(np.sum(means_apart > spans)),
        "cases": len(spans),
    }


def settings(base: Summary, variants: Sequence[str], latent_dim: int, watched: bool = False) -> pd.DataFrame:
    """A row a variant that has been computed, led by the base at their number of epochs (from its snapshot); at the tables' depth.

    Columns: `run`, `setting` (what differs), `epochs`, `train_mse`, `test_mse`, `ill_conditioned`, the means over points of
    `arithmetic_mean` and `small_eigenvalues` (of J_L), `coefficients`, `distances`. The base's row is over the points that
    are watched during training, the variants' over all points, or where `watched` over the watched ones, too.
    Raises `InputError` where a variant differs from the base in nothing or in several fields, or the base has no
    snapshot after that many epochs.
    """
    rows = []
    for name in variants:
        run = read(name)
        asked = [
            member for member in members(run) if (member.depth, member.latent_dim) == (run.table_depth, latent_dim)
        ]
        if run.committed and not all(store.summary_path(run, member).exists() for member in asked):
            continue  # not computed yet
        variant = summary(name)
        changed = difference(run, base.run)
        if len(changed) != 1:
            raise InputError(f"Run {name} differs from {base.run.name} in {sorted(changed)}; vary one field at a time.")
        check_known(f"latent dimension of run {name}", latent_dim, variant.run.latent_dims)
        where = {"latent_dim": latent_dim, "depth": variant.run.table_depth}
        member = select_rows(variant.members, **where).iloc[0]
        regressions, statistics = variant.regressions, variant.statistics
        if watched:
            where["epoch"] = variant.run.epochs
            regressions, statistics = variant.progress_regressions, variant.progress_statistics
        fits = coefficients(select_rows(regressions, **where))
        setting = _named(*next(iter(changed.items())))
        keys = {"run": name, "setting": setting, "epochs": variant.run.epochs}
        sizes = {"train_mse": member["train_mse"], "test_mse": member["test_mse"]}
        sizes["ill_conditioned"] = member["ill_conditioned_input"]
        spectra = mean_eigenvalues(select_rows(statistics, **where))
        rows.append(keys | sizes | spectra | fits | distances(fits, latent_dim))
    if not rows:
        raise InputError(f"None of the runs {list(variants)} has been computed; make one with: python -m lib run NAME")
    of_base = [_base_row(base, epochs, latent_dim) for epochs in sorted({row["epochs"] for row in rows})]
    if len(of_base) > 1:
        of_base = [row | {"setting": f"{row['setting']}, {row['epochs']} epochs"} for row in of_base]
    return pd.DataFrame(of_base + rows)


def _base_row(base: Summary, epochs: int, latent_dim: int) -> dict[str, object]:
    by_epoch = length(base, latent_dim).set_index("epoch")
    if epochs not in by_epoch.index:
        raise InputError(f"Run {base.run.name} has no snapshot after {epochs} epochs; add it to its `snapshots`.")
    fits = by_epoch.loc[epochs].to_dict()
    history = select_rows(base.history, latent_dim=latent_dim, depth=base.run.table_depth, epoch=epochs).iloc[0]
    sizes = {"train_mse": history["train_mse"], "test_mse": history["test_mse"], "ill_conditioned": float("nan")}
    where = {"latent_dim": latent_dim, "depth": base.run.table_depth, "epoch": epochs}
    spectra = mean_eigenvalues(select_rows(base.progress_statistics, **where))
    keys = {"run": base.run.name, "setting": "as the run " + base.run.name, "epochs": epochs}
    return keys | sizes | spectra | fits | distances(fits, latent_dim)


def mean_eigenvalues(statistics: pd.DataFrame) -> dict[str, float]:
    """Means over all points of two quantities of the eigenvalues of J_L; `statistics` of one latent dimension (and epoch)."""
    of_all = select_rows(statistics, space="latent", split="all", label=-1).groupby("quantity")["mean"].mean()
    return {name: float(of_all[name]) for name in ("arithmetic_mean", "small_eigenvalues")}


def _named(key: str, value: object) -> str:
    return f"{key.replace('_', ' ')}: {in_words(value)}"


def in_words(value: object) -> str:
    """A setting as text: hidden widths of one depth as 230-230-230."""
    if isinstance(value, dict):
        return "-".join(map(str, next(iter(value.values()))))
    return f"{value:g}" if isinstance(value, float) else str(value)
