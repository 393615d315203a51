"""The table of measures in the report of `python -m lib diagnose --measures`."""

from collections.abc import Mapping

import pandas as pd

from lib.analysis.diagnosis import Diagnosis, correlations
from lib.analysis.measuring import unranked
from lib.measures.protocol import TRAINING, every
from lib.report.diagnose import MARKUP


def measures_table(found: Diagnosis, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row a measure of `lib.analysis.user_measures.measure_sets`: its need, whether it sees the error, and in each set its
    median and its rank correlation with the error."""
    rows = {}
    for measure in (one for one in every("point") if all(one.name in table for table in tables.values())):
        rows[measure.name] = {"needs": measure.scarcest, "sees the error": "yes" if measure.sees_error else "no"}
        for name, one in found.sets.items():
            itself = one is found.reference and TRAINING in measure.needs
            cell = "not against itself" if itself else _in_set(tables[name][measure.name], one.measured["error"])
            rows[measure.name][f"in {name}"] = cell
    return pd.DataFrame.from_dict(rows, orient="index")


def _in_set(values: pd.Series, error: pd.Series) -> str:
    known = pd.DataFrame({"error": error, "measure": values}).dropna()
    why = unranked(values.to_numpy(), error.to_numpy())
    if not len(known):
        return why
    rank = why or "ρ = {:.2f}, {:.2f} to {:.2f}".format(*correlations(known, ["measure"]).loc["measure"])
    at = f"; at {len(known)} points" if len(known) < len(values) else ""
    return f"{known['measure'].median():.3g}; {rank}{at}"


def left_out_sentence(left_out: Mapping[str, str]) -> str:
    """Which measures are left out, and why."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        by_reason.setdefault(MARKUP.sub(r"\\\1", reason), []).append(f"`{name}`")
    parts = [f"{', '.join(names)} ({reason})" for reason, names in by_reason.items()]
    return f"Measures left out: {'; '.join(parts)}."
