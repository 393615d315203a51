"""The book's tables, as MyST Markdown made from summaries. Nothing here computes a result."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lib import claims, evidence, published
from lib.runs import Run, Summary

Summaries = Mapping[str, Summary]
COEFFICIENTS = {
    "intercept": "$b_0$",
    "slope": "$b_1$",
    "test": "$b_2$",
    "interaction": "$b_3$",
    "test_slope": "$b_1+b_3$",
}
SPACES = {"latent": "$L$", "input": "$I$"}
VERDICTS = (claims.REPRODUCED, claims.NOT_REPRODUCED, claims.NOT_TESTABLE)


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are left-aligned, the others right-aligned."""
    rules = [":--" if position < left else "--:" for position in range(len(header))]
    lines = [header, rules, *rows]
    return "\n".join("| " + " | ".join(_typeset(str(cell)) for cell in line) + " |" for line in lines)


def _typeset(text: str) -> str:
    """The two Jacobians, named J_I and J_L in plain text, as formulas."""
    return re.sub(r"(?<![$\w])J_([IL])\b", r"$J_\1$", text)


def numbered(name: str, caption: str, body: str) -> str:
    """A Markdown table as a numbered, referable table of the book."""
    return f"````{{table}} {caption}\n:name: {name}\n\n{body}\n````"


def verdicts(summaries: Summaries, page: str | None = None) -> str:
    """The ledger, of one page or whole: a row a claim and run, with what was found."""
    ledger = claims.ledger(dict(summaries))
    if page is not None:
        ledger = ledger[ledger["page"] == page]
    rows = []
    for row in ledger.to_dict("records"):
        found = " ".join(filter(None, [row["reason"], row["reproduced"]]))
        verdict = f"**{row['verdict']}**"
        source = f"[{row['source']}]({row['page']})"
        rows.append([row["statement"], source, row["published"], row["run"], verdict, found])
    header = ["The paper says", "where", "published", "run", "verdict", "what the run shows (positive: as claimed)"]
    return f"```{{div}} verdicts\n\n{markdown(header, rows, left=6)}\n```"


def standing(summaries: Summaries) -> str:
    """Where each run stands: its networks, and how many of the paper's claims it reproduces."""
    ledger = claims.ledger(dict(summaries))
    rows = []
    for name, summary in summaries.items():
        found = list(ledger[ledger["run"] == name]["verdict"])
        there = len(summary.members)
        rows.append([name, f"{there} of {there + summary.absent}", *map(found.count, VERDICTS)])
    return markdown(["run", "networks computed", "reproduced", "not reproduced", "not testable there"], rows)


def basis(summaries: Summaries, page: str) -> str:
    """What the verdicts of a page rest on, a list item a run: networks, seeds, points, and how many claims are decided."""
    ids = [claim.id for claim in claims.CLAIMS if claim.page == page]
    items = []
    for name, summary in summaries.items():
        there, seeds = summary.members, len(summary.run.seeds)
        at_depth = int((there["depth"] == summary.run.table_depth).sum())
        points = int(there["points_train"].iloc[0] + there["points_test"].iloc[0])
        planned = f" of {len(there) + summary.absent}" if summary.absent else ""
        text = (
            f"**{name}**: {len(there)}{planned} networks, {at_depth} of them at the depth of the tables; "
            f"{seeds} seed{'s' if seeds > 1 else ''} for each $d$ and depth; {points:,} points a network."
        )
        verdicts = [one.verdict for one in claims.evaluate(summary, ids)]
        if ids:
            counts = (f"{verdicts.count(one)} {one}" for one in VERDICTS)
            text += f" Of the {len(ids)} claims of this page: {', '.join(counts)}."
        items.append(f"- {text}")
    return "\n".join(items)


def tests(page: str | None = None, of: Sequence[claims.Claim] = claims.CLAIMS) -> str:
    """How each claim is tested, fixed before a run is looked at."""
    rows = [[claim.statement, claim.tolerance] for claim in of if page is None or claim.page == page]
    return markdown(["Claim", "holds when"], rows, left=2)


def our_verdicts(summaries: Summaries) -> str:
    """Our own claims: a row a claim and run, with what was found."""
    rows = []
    for row in claims.ledger(dict(summaries), claims.OUR_CLAIMS).to_dict("records"):
        found = " ".join(filter(None, [row["reason"], row["reproduced"]]))
        rows.append([f"[{row['statement']}]({row['page']})", row["run"], f"**{row['verdict']}**", found])
    header = ["We say", "run", "verdict", "what the run shows (positive: as claimed)"]
    return f"```{{div}} verdicts\n\n{markdown(header, rows, left=4)}\n```"


def coefficients(summaries: Summaries, number: int) -> str:
    """Table 1 or 2 as published and as each run has it, a block of rows a latent dimension; standard errors in brackets."""
    wrong = published.misprints()
    wrong = set(zip(wrong["number"], wrong["latent_dim"], wrong["space"], strict=True))
    frames = {"published": published.table(number)} | {
        name: evidence.beside_published(one, number) for name, one in summaries.items()
    }
    header = ["$d$", "run", *(f"{symbol}: {sign}" for symbol in SPACES.values() for sign in COEFFICIENTS.values())]
    rows = []
    for latent_dim in sorted(published.table(number)["latent_dim"].unique()):
        for name, frame in frames.items():
            cells = [_cells(frame, latent_dim, space, name != "published") for space in SPACES]
            for cell, space in zip(cells, SPACES, strict=True):
                if name == "published" and (number, latent_dim, space) in wrong:
                    cell[0] += " (!)"
            if any(cell[0] for cell in cells):
                rows.append([latent_dim if name == "published" else "", name, *cells[0], *cells[1]])
                if name != "published" and summaries[name].run.dataset == "mnist":
                    cells = [_differences(frame, latent_dim, space) for space in SPACES]
                    rows.append(["", "difference", *cells[0], *cells[1]])
    return markdown(header, rows, left=2)


def _cells(frame: pd.DataFrame, latent_dim: int, space: str, ours: bool) -> list[str]:
    found = frame[(frame["latent_dim"] == latent_dim) & (frame["space"] == space)]
    if found.empty:
        return [""] * len(COEFFICIENTS)
    row = found.iloc[0]
    if not ours:
        return [f"{row[name]:.4g}" for name in COEFFICIENTS]
    return [f"{row[f'{name}_ours']:.3f} ({row[f'{name}_se']:.3f})" for name in COEFFICIENTS]


def _differences(frame: pd.DataFrame, latent_dim: int, space: str) -> list[str]:
    """Ours less the published values, in the cells of one space."""
    row = frame[(frame["latent_dim"] == latent_dim) & (frame["space"] == space)].iloc[0]
    return [f"{row[f'{name}_ours'] - row[name]:+.3f}" for name in COEFFICIENTS]


def agreement(summaries: Summaries) -> str:
    """How each run's test slopes agree with the published ones (`lib.evidence.agreement`)."""
    rows = []
    for name, summary in summaries.items():
        for row in evidence.agreement(summary).to_dict("records"):
            spearman = "" if pd.isna(row["spearman"]) else f"{row['spearman']:.2f}"
            cells = [row["dims"], f"{row['rms']:.3f}", spearman, f"{100 * row['same_sign']:.0f} %"]
            rows.append([name, f"Table {row['number']}", SPACES[row["space"]], *cells])
    header = ["run", "published in", "space", "values of $d$", "RMS difference", "Spearman", "same sign"]
    return markdown(header, rows, left=3)


def coverage(summaries: Summaries) -> str:
    """What each run has: data, latent dimensions, depths, epochs, and how many of its members are there."""
    rows = []
    for name, summary in summaries.items():
        run, there = summary.run, len(summary.members)
        dims = sorted(run.latent_dims)
        whole = dims == list(range(dims[0], dims[-1] + 1))
        latent = f"{dims[0]} to {dims[-1]}" if whole else ", ".join(map(str, dims))
        pixels = "×".join(map(str, summary.image_shape))
        points = f"{summary.members['points_train'].iloc[0]:,} + {summary.members['points_test'].iloc[0]:,}"
        depths = ", ".join(map(str, run.depths))
        rows.append(
            [name, run.dataset, pixels, points, latent, depths, run.epochs, f"{there} of {there + summary.absent}"]
        )
    header = [
        "run",
        "data",
        "pixels",
        "train + test points",
        "latent dimensions $d$",
        "depths $n$",
        "epochs",
        "members",
    ]
    return markdown(header, rows, left=2)


def controlled(summaries: Summaries, space: str = "input", split: str = "test") -> str:
    """The slopes at each run's largest d and table depth, by what is held fixed: slope (robust standard error), partial R2."""
    rows = []
    for name, summary in summaries.items():
        own = summary.controls
        latent_dim = max(summary.run.latent_dims)
        keys = {"space": space, "split": split, "depth": summary.run.table_depth, "latent_dim": latent_dim}
        own = own[np.logical_and.reduce([own[key] == value for key, value in keys.items()])]
        for held, group in own.groupby("controls", sort=False):
            by = group.groupby("predictor").mean(numeric_only=True)
            cells = []
            for predictor in ("log_volume", "trace"):
                if predictor not in by.index:
                    cells += ["", ""]
                    continue
                row = by.loc[predictor]
                cells += [f"{row['slope']:.3f} ({row['slope_se']:.3f})", f"{row['partial_r2']:.3f}"]
            rows.append([name, f"{latent_dim}", held, *cells])
    header = ["run", "$d$", "held fixed", "slope on log volume", "partial $R^2$", "slope on trace", "partial $R^2$"]
    return markdown(header, rows, left=3)


def control_counts(summaries: Summaries, space: str = "input", split: str = "test") -> str:
    """At how many members the slope given class and ink is above 0, below 0 or neither (95 %), and under half the raw one."""
    rows = []
    for name, summary in summaries.items():
        own = summary.controls.query("space == @space and split == @split")
        keys = ["predictor", "depth", "latent_dim", "seed"]
        wide = own.pivot_table(index=keys, columns="controls", values=["slope", "slope_se"])
        held, raw = wide["slope", "class and ink"], wide["slope", "none"]
        half = evidence.Z * wide["slope_se", "class and ink"]
        outcomes = pd.DataFrame({"above": held > half, "below": held < -half, "halved": held.abs() < raw.abs() / 2})
        for predictor, group in outcomes.groupby(level="predictor"):
            above, below, halved = (int(group[one].sum()) for one in ("above", "below", "halved"))
            rows.append(
                [name, str(predictor).replace("_", " "), len(group), above, below, len(group) - above - below, halved]
            )
    header = ["run", "predictor", "members", "above 0", "below 0", "undecided", "halved"]
    return markdown(header, rows, left=2)


def settings(summaries: Summaries) -> str:
    """The settings that a run leaves open, by run."""
    names = (
        "dataset",
        "hidden_widths",
        "initialisation",
        "output",
        "epochs",
        "batch_size",
        "learning_rate",
        "precision",
    )
    rows = [[name.replace("_", " "), *(_setting(one.run, name) for one in summaries.values())] for name in names]
    return markdown(["setting", *summaries], rows, left=1 + len(summaries))


def _setting(run: Run, name: str) -> str:
    value = getattr(run, name)
    if not isinstance(value, dict):
        return str(value)
    return "; ".join(f"$n={depth}$: {'-'.join(map(str, widths))}" for depth, widths in value.items())


def health(summaries: Summaries) -> str:
    """By run and depth: mean errors and the shares of singular, ill-conditioned and non-positive points, pooled over members."""
    rows = []
    for name, summary in summaries.items():
        for depth, family in summary.members.groupby("depth"):
            shares = [family[f"{kind}_input"].mean() for kind in ("singular", "ill_conditioned", "nonpositive")]
            rows.append(
                [name, depth, len(family), f"{family['train_mse'].mean():.4f}", f"{family['test_mse'].mean():.4f}"]
                + [f"{100 * share:.2f} %" for share in shares]
            )
    header = [
        "run",
        "$n$",
        "members",
        "train MSE",
        "test MSE",
        "singular",
        "$\\sigma_d/\\sigma_1<10^{-6}$",
        "$\\omega\\le0$",
    ]
    return markdown(header, rows)


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
    """The checks (`lib.runs.checks.bound_checks`) of the `STATEMENTS` of some sections, a row a statement and run.

    Under each latent dimension: the median of bound / actual, and in brackets what it is no looser than at 95 % of the
    points; of an identity the largest error; "no bound" where it is vacuous at more than half of the points. Violations
    are of the checks at which the assumption holds.
    """
    dims = sorted({int(d) for frame in by_run.values() for d in frame["latent_dim"]})
    rows = []
    labels = {statement: label for section in sections for statement, label in STATEMENTS[section].items()}
    for statement, label in labels.items():
        named = f"{{prf:ref}}`{label}`: {statement}"
        for name, frame in by_run.items():
            own = frame[frame["statement"] == statement].set_index("latent_dim")
            if own.empty:
                continue
            cells = [_tightness(own.loc[d].to_dict()) if d in own.index else "" for d in dims]
            counts = f"{int(own['violations'].sum())} of {int(own['applies'].sum()):,}"
            rows.append([named, RELATIONS[own["kind"].iloc[0]], name, counts, *cells])
            named = ""
    header = ["statement", "", "run", "violations", *(f"$d={d}$" for d in dims)]
    return f"```{{div}} checks\n\n{markdown(header, rows, left=3)}\n```"


def _tightness(row: Mapping[str, Any]) -> str:
    kind, error, median = (row[name] for name in ("kind", "largest_error", "tightness_median"))
    if kind == "identity":
        return f"{error:.0e}" if _known(error) else ""
    if row["vacuous"] > 0.5:
        return "no bound"
    loose = row["tightness_q05" if kind == "lower" else "tightness_q95"]
    return f"{median:.3g} ({loose:.3g})" if _known(median) else ""


def _known(value: object) -> bool:
    return value is not None and value == value
