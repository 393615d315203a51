"""The figure and the tables of the pages `geometry` and `bounds`: statements checked on the runs."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lib.report.layout import markdown
from lib.report.style import BLACK, BLUE, ORANGE


def bound_against_actual(checks: Mapping[str, Any]) -> Figure:
    """Bounds (`lib.geometry.bounds.Check`, by caption) against what they bound, a panel each, a dot a point; on the
    line both are equal.
    """
    columns = 3
    rows = -(-len(checks) // columns)
    figure = Figure(figsize=(7.4, 2.5 * rows))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, (name, check) in zip(axes, checks.items(), strict=False):
        bound, actual = check.bound.cpu().numpy(), check.actual.cpu().numpy()
        color, marker = (BLUE, "o") if check.kind == "lower" else (ORANGE, "s")
        axis.plot(actual, bound, color=color, marker=marker, markersize=2, linestyle="none", alpha=0.5, rasterized=True)
        high = float(actual.max())
        axis.plot([0, high], [0, high], color=BLACK, linewidth=0.9)
        axis.set(title=name, xlim=(0, 1.05 * high), ylim=(0, 2.1 * high if check.kind == "upper" else 1.05 * high))
        axis.set(xlabel="actual", ylabel=f"{check.kind} bound")
    for axis in axes[len(checks) :]:
        axis.set_visible(False)
    return figure


# The statements of the pages geometry and bounds, by the section that shows their checks, with their labels there.
STATEMENTS = {
    "geometry": {
        "core identity": "prop-spectrum",
        "certified radius": "cor-radius",
        "flipped units": "prop-flipped",
        "traces apart": "prop-traces",
        "volume split": "prop-volume",
    },
    "split": {
        "secant identity": "thm-secant",
        "tangent-normal split": "thm-normal",
        "normal part": "cor-lower",
        "distance from the flat": "cor-lower",
        "tangent plane": "cor-lower",
        "two-sided, lower": "cor-two-sided",
        "two-sided, upper": "cor-two-sided",
    },
    "orthogonal": {
        "orthogonal eigenvectors, identity": "thm-orthogonal",
        "orthogonal eigenvectors, lower": "thm-orthogonal",
        "orthogonal eigenvectors, upper": "thm-orthogonal",
    },
    "departure": {
        "Schur form, lower": "thm-schur",
        "Schur form, upper": "thm-schur",
        "departure, identity": "thm-schur",
        "departure": "thm-schur",
        "departure, lower": "thm-schur",
    },
    "average": {
        "virtual fixed point": "prop-fixed",
        "second application, lower": "thm-second",
        "second application, upper": "thm-second",
        "neighbourhood": "thm-neighbourhood",
        "neighbourhood, tangential": "thm-neighbourhood",
        "eigenvalues": "cor-trace",
        "trace": "cor-trace",
        "trace of the square": "cor-trace",
        "volume": "cor-trace",
        "determinant of I - K": "cor-trace",
        "reversed orientation": "rem-reversed",
        "shrinking": "rem-reversed",
        "Stein, z-score": "thm-stein",
        "Stein, lower": "thm-stein",
    },
}
RELATIONS = {"lower": "$\\ge$", "upper": "$\\le$", "identity": "$=$"}


def checks(by_run: Mapping[str, pd.DataFrame], *sections: str) -> str:
    """The checks (`lib.analysis.bound_checks.bound_checks`) of the `STATEMENTS` of some sections, a row a statement and run.

    Under each latent dimension: the median of bound / actual, and in brackets the ratio that 95 % of the points
    reach; of an identity the largest error, of a simulated one the largest z-score; "no bound" where it is vacuous at
    more than half of the points. Violations are of the checks at which the assumption holds.
    """
    dims = sorted({int(d) for frame in by_run.values() for d in frame["latent_dim"]})
    rows = []
    labels = {statement: label for section in sections for statement, label in STATEMENTS[section].items()}
    for statement, label in labels.items():
        named = f"{{prf:ref}}`{label}`: {statement}"
        for name, frame in by_run.items():
            by_dim = frame[frame["statement"] == statement].set_index("latent_dim")
            if by_dim.empty:
                continue
            cells = [_tightness(statement, by_dim.loc[d].to_dict()) if d in by_dim.index else "" for d in dims]
            counts = f"{int(by_dim['violations'].sum())} of {int(by_dim['applies'].sum()):,}"
            rows.append([named, RELATIONS[by_dim["kind"].iloc[0]], name, counts, *cells])
            named = ""
    header = ["statement", "", "run", "violations", *(f"$d={d}$" for d in dims)]
    return f"```{{div}} checks\n\n{markdown(header, rows, left=3)}\n```"


def _tightness(statement: str, row: Mapping[str, Any]) -> str:
    kind, error, median = (row[name] for name in ("kind", "largest_error", "tightness_median"))
    if kind == "identity":
        form = ".1f" if statement.endswith("z-score") else ".0e"
        return f"{error:{form}}" if pd.notna(error) else ""
    if row["vacuous"] > 0.5:
        return "no bound"
    loose = row["tightness_q05" if kind == "lower" else "tightness_q95"]
    return f"{median:.3g} ({loose:.3g})" if pd.notna(median) else ""
