"""The table of measures in the report of `python -m lib diagnose --measures`."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lib.analysis.diagnosis import Diagnosis, correlations
from lib.analysis.measuring import unranked
from lib.measures.protocol import TRAINING, every
from lib.report.diagnose import MARKUP


def measures_table(found: Diagnosis, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row a measure of `lib.analysis.user_measures.measure_sets`: its need, whether it sees the error, and in each set its
    median and its rank correlation with the error. Rows go from the largest correlation in the first set of data down."""
    rows, ranks, first = {}, {}, next(iter(found.data))
    for measure in (one for one in every("point") if all(one.name in table for table in tables.values())):
        rows[measure.name] = {"needs": measure.scarcest, "sees the error": "yes" if measure.sees_error else "no"}
        for name, one in found.sets.items():
            itself = one is found.reference and TRAINING in measure.needs
            cell, rho = _in_set(tables[name][measure.name], one.measured["error"])
            rows[measure.name][f"in {name}"] = "not against itself" if itself else cell
            if name == first:
                ranks[measure.name] = rho
    order = pd.Series(ranks, dtype=float).sort_values(ascending=False, kind="stable").index
    return pd.DataFrame.from_dict(rows, orient="index").loc[order]


def _in_set(values: pd.Series, error: pd.Series) -> tuple[str, float]:
    known = pd.DataFrame({"error": error, "measure": values}).dropna()
    why = unranked(values.to_numpy(), error.to_numpy())
    if not len(known):
        return why, np.nan
    rho, low, high = correlations(known, ["measure"]).loc["measure"]
    rank = why or f"ρ = {rho:.2f}, {low:.2f} to {high:.2f}"
    at = f"; at {len(known)} points" if len(known) < len(values) else ""
    return f"{known['measure'].median():.3g}; {rank}{at}", np.nan if why else rho


def left_out_sentence(left_out: Mapping[str, str]) -> str:
    """Which measures are left out, and why."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        by_reason.setdefault(MARKUP.sub(r"\\\1", reason), []).append(f"`{name}`")
    parts = [f"{', '.join(names)} ({reason})" for reason, names in by_reason.items()]
    return f"Measures left out: {'; '.join(parts)}."
