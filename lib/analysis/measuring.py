"""Measures asked of a run: what `python -m lib measure` computes and says."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from lib import runs
from lib.analysis import tournament
from lib.base.errors import InputError, check_known
from lib.base.progress import tell_progress
from lib.measures import judging
from lib.measures.protocol import (
    CLASSIFIER,
    HISTORY,
    INITIAL,
    LABELS,
    POINTS,
    SEEDS,
    TRAINING,
    WEIGHTS,
    Lacking,
    Measure,
    every,
)

REMEDIES = {
    **dict.fromkeys(
        (WEIGHTS, POINTS, TRAINING, LABELS, INITIAL), "name a run that is trained on this machine, such as digits"
    ),
    SEEDS: "name a run with several seeds, such as digits-seeds",
    HISTORY: "name a run whose summaries hold its training",
    CLASSIFIER: "the page unseen shows it; name a measure of autoencoders",
}
ALIKE = 1e-9  # relative: numbers that differ by less differ by rounding


def measures_named(names: Sequence[str], offered: Collection[str] = ()) -> list[Measure]:
    """The measures of these names, all where none is given. Raises `InputError`, which offers some or all, for an unknown name."""
    known = {measure.name: measure for measure in every()}
    for name in names:
        check_known("measure", name, known if name in known else offered or known)
    return [known[name] for name in dict.fromkeys(names)] or list(known.values())


def measure_run(
    name: str, names: Sequence[str] = (), only: Mapping[str, Collection[int]] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measures of a run's networks: those of `names`, else all that its networks have the parts for.

    `only`: the networks (default: `lib.runs.reference_members`). Returns two tables:

    - a row per network and measure: `network` (as n4-d20-s0), `measure`, `value` (the median over test points, or the
      network's number), `spearman` with the test errors and the `auroc` for their worst tenth, each with its band
      (`lib.measures.judging.judge`), and a `note` where it ranks nothing or is left out;
    - a row per test point: `network`, `label`, `mse` and the point measures.

    Raises `InputError` for an unknown measure, and where a measure that was named lacks what it needs.
    """
    chosen, run = measures_named(names), runs.read(name)
    networks = runs.members(run, only) if only else runs.reference_members(run)
    summary = runs.summary(name)
    rows, tables = [], []
    for member in networks:
        tell_progress(f"Measuring {member.name} ...")
        keys = {"network": member.name}
        points, subject = tournament.subject_of(summary, member)
        columns = {"label": points["label"].to_numpy(), "mse": points["mse"].to_numpy()}
        for measure in chosen:
            row = keys | {"measure": measure.name}
            try:
                values = measure.of(subject)
            except Lacking as lacking:
                if names:
                    raise InputError(
                        f"The measure {measure.name} needs {lacking.need}, which run {name} lacks for {member.name}; "
                        f"{REMEDIES[lacking.need]}."
                    ) from None
                rows.append(row | {"note": f"needs {lacking.need}"})
                continue
            if measure.level == "point":
                columns[measure.name] = values
            rows.append(row | _described(values, columns["mse"]))
        tables.append(pd.DataFrame(keys | columns))
    return pd.DataFrame(rows), pd.concat(tables, ignore_index=True)


def unranked(values: np.ndarray, error: np.ndarray) -> str:
    """Why values (points,), NaN where undefined, cannot be ranked beside errors (points,), in words; empty where they can."""
    known, beside = values[~np.isnan(values)], error[~np.isnan(values)]
    if not known.size:
        return "undefined here"
    if known.size < judging.LEAST_JUDGED:
        return "defined at too few points"
    if not np.isfinite(known).all():
        return "infinite at some points"
    if np.ptp(known) <= ALIKE * np.abs(known).max():
        return "constant here"
    return "the errors are all alike" if np.ptp(beside) <= ALIKE * np.abs(beside).max() else ""


def _described(values: np.ndarray, error: np.ndarray) -> dict[str, object]:
    known = values[~np.isnan(values)]
    row: dict[str, object] = {"value": float(np.median(known))} if known.size else {}
    if not values.ndim:
        return row or {"note": "undefined here"}
    why = unranked(values, error)
    return row | ({"note": why} if why else judging.judge(error, values))


def _in_digits(values: pd.Series) -> list[str]:
    return ["" if pd.isna(value) else f"{value:.3g}" for value in values]


def measures_report(table: pd.DataFrame) -> str:
    """The first table of `measure_run` for a terminal: by network, from the best predictor of its errors to the worst."""
    known = {measure.name: measure for measure in every()}
    blocks = []
    for name, rows in table.groupby("network", sort=False):
        shown = rows.reindex(columns=[*rows.columns, *({"value", "spearman", "auroc", "note"} - set(rows.columns))])
        shown = shown.sort_values("spearman", ascending=False, kind="stable")
        measures = [known[name] for name in shown["measure"]]
        cells = {
            "measure": [f"{one.name}{' *' if one.sees_error else ''}" for one in measures],
            "value": _in_digits(shown["value"]),
            "Spearman": _in_digits(shown["spearman"]),
            "AUROC": _in_digits(shown["auroc"]),
            "needs": [one.scarcest for one in measures],
            "note": shown["note"].fillna(""),
        }
        sides = ("left", "right", "right", "right", "left", "left")
        body = pd.DataFrame(cells).to_markdown(index=False, tablefmt="simple", disable_numparse=True, colalign=sides)
        blocks.append(f"{name}\n{body}")
    told = "value: median over test points; Spearman: with their errors; AUROC: for the worst tenth; *: sees the error."
    return "\n\n".join([*blocks, told])
