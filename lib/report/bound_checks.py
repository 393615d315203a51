"""The figure and the tables of the page `bound_checks`: the statements of the page `proofs`, checked on the runs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.report.layout import markdown
from lib.report.numbers import record
from lib.report.style import BLACK, BLUE, NAVY, panel

# The statements that are checked, by table, with their labels on the page `proofs`.
STATEMENTS = {
    "identities": {
        "core identity": "prop-spectrum",
        "certified radius": "cor-radius",
        "volume split": "prop-volume",
        "secant identity": "thm-secant",
        "tangent-normal split": "thm-normal",
        "departure, identity": "thm-schur",
        "virtual fixed point": "prop-fixed",
        "neighbourhood": "thm-neighbourhood",
        "neighbourhood, tangential": "thm-neighbourhood",
    },
    "residual": {
        "normal part": "cor-lower",
        "distance from the flat": "cor-lower",
        "tangent plane": "cor-lower",
        "two-sided, lower": "cor-two-sided",
        "two-sided, upper": "cor-two-sided",
        "Schur form, lower": "thm-schur",
        "Schur form, upper": "thm-schur",
        "departure": "thm-schur",
        "departure, lower": "thm-schur",
        "second application, lower": "thm-second",
        "second application, upper": "thm-second",
    },
    "gain": {
        "eigenvalues": "cor-trace",
        "trace": "cor-trace",
        "trace of the square": "cor-trace",
        "volume": "cor-trace",
        "determinant of I - K": "cor-trace",
        "reversed orientation": "rem-reversed",
        "shrinking": "rem-reversed",
        "Stein, lower": "thm-stein",
        "traces apart": "prop-traces",
    },
    "orthogonal": {
        "orthogonal eigenvectors, identity": "thm-orthogonal",
        "orthogonal eigenvectors, lower": "thm-orthogonal",
        "orthogonal eigenvectors, upper": "thm-orthogonal",
    },
    "in words": {"flipped units": "prop-flipped", "Stein, z-score": "thm-stein"},
}


def bound_against_actual(check: Any, **constants: object) -> Figure:
    """A bound (`lib.geometry.bounds.Check`) against the values that it bounds, a dot per point; on the line both are equal.

    A point above the panel is a triangle at its upper edge, and the title tells their number. `constants`: further columns
    of the recorded rows.
    """
    figure, axis = panel(2.6)
    bound, actual = check.bound.cpu().numpy(), check.actual.cpu().numpy()
    record(axis, pd.DataFrame({"actual": actual, "bound": bound}), **constants, statement=check.name, kind=check.kind)
    high = float(actual.max())
    top = high * (1.05 if check.kind == "lower" else 2.1)
    color, marker = (BLUE, "o") if check.kind == "lower" else (NAVY, "s")
    style = {"color": color, "alpha": 0.5, "rasterized": True}
    above = bound > top
    axis.plot(actual[~above], bound[~above], marker, markersize=2.5, **style)
    axis.plot([0, high], [0, high], color=BLACK, linewidth=0.9)
    if above.any():
        axis.plot(actual[above], np.full(above.sum(), 0.98 * top), "^", markersize=4, **style)
        axis.set_title(f"{above.sum():,} above", loc="right", fontsize=9)
    axis.set(title=check.name, xlim=(0, 1.05 * high), ylim=(0, top), xlabel="actual", ylabel=f"{check.kind} bound")
    return figure


def check_summary(rows: pd.DataFrame, table: str) -> str:
    """The checks of the `STATEMENTS` of a table, a row per statement, over all networks of `rows`.

    `rows`: frames of `lib.analysis.bound_checks.bound_checks`. The last column: of an identity the largest error; of a bound
    the median of bound / actual, from the lowest to the highest of the networks, "no bound" if it is vacuous at most points
    of each. Statements whose assumption holds at no point are left out.
    """
    cells = []
    for statement, label in STATEMENTS[table].items():
        of_statement = rows.loc[(rows["statement"] == statement) & (rows["applies"] > 0)]
        if of_statement.empty:
            continue
        if of_statement["kind"].iloc[0] == "identity":
            shown = _short(of_statement["largest_error"].max())
        elif (of_statement["vacuous"] > 0.5).all():
            shown = "no bound"
        else:
            medians = of_statement["tightness_median"]
            shown = " to ".join(dict.fromkeys(_short(end) for end in (medians.min(), medians.max())))
        counts = f"{int(of_statement['violations'].sum())} of {int(of_statement['applies'].sum()):,}"
        cells.append([f"[{statement}](#{label})", counts, shown])
    return markdown(["statement", "violations", "largest error" if table == "identities" else "bound / actual"], cells)


def checks_by_dim(rows: pd.DataFrame) -> str:
    """The checks of a run, a row per statement, a column per latent dimension.

    Of a bound: the median of bound / actual, and in brackets the ratio that 95 % of the points reach; "no bound" if it is
    vacuous at most points. Of an identity: the largest error (Stein's: the largest z-score).
    """
    dims = sorted(rows["latent_dim"].unique())
    cells = []
    for statement, label in (pair for table in STATEMENTS.values() for pair in table.items()):
        by_dim = rows[(rows["statement"] == statement) & (rows["applies"] > 0)].set_index("latent_dim")
        if len(by_dim):
            tight = [_tightness(by_dim.loc[d].to_dict()) if d in by_dim.index else "" for d in dims]
            cells.append([f"[{statement}](#{label})", *tight])
    return markdown(["statement", *(f"$d={d}$" for d in dims)], cells)


def _tightness(row: Mapping[str, Any]) -> str:
    if row["kind"] == "identity":
        return _short(row["largest_error"])
    if row["vacuous"] > 0.5:
        return "no bound"
    loose = row["tightness_q05" if row["kind"] == "lower" else "tightness_q95"]
    return f"{_short(row['tightness_median'])} ({_short(loose)})"


def _short(value: float) -> str:
    """Two significant digits, such as 4e-12, 0.97, 28 or 2,300."""
    return f"{float(f'{value:.2g}'):,.0f}" if value >= 10 else f"{value:.2g}"
