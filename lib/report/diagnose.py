"""What a diagnosis says, in words: Markdown sentences whose verdicts come from the numbers."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.diagnosis import (
    BASELINES,
    PREDICTORS,
    SIGNALS,
    UNSURE,
    Diagnosis,
    compared_correlations,
    compared_shares,
    correlations,
    expected_share,
    flag_shares,
    more_than_chance,
    most_unusual,
)
from lib.analysis.limits import least_reference
from lib.report.layout import markdown
from lib.report.numbers import record
from lib.report.point_pictures import short_name
from lib.report.style import BLACK, BLUE, GREEN, GREY

NAMES = SIGNALS | BASELINES
NEARLY_ALL = 0.9  # the share of a set's points from which flags come before the errors
OTHER_SCALE = 10  # how many times as far, or as little, values range on another scale
MARKUP = re.compile(r"([\\`*_$|<])")  # characters of a user's names that Markdown would read as its own


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def setting(found: Diagnosis) -> str:
    """What was examined, and how it came here."""
    model = found.model
    name = model.name if model.code else Path(model.name).name.replace("`", "'")
    origin = "code, which was imported and run" if model.code else "weights, filled into the stated architecture"
    lines = [
        f"The model is `{name}` ({origin}); it takes *N* = {found.input_dim} numbers to *d* = {found.latent_dim}. "
        f"Everything is computed in {str(model.weight.dtype).removeprefix('torch.')}.",
        *([f"\nTaken as the model: {'; '.join(model.notes)}."] if model.notes else []),
        "",
    ]
    if found.passes:
        lines[0] += " " + _estimated(found)
    for examined in found.sets.values():
        role, points = "reference" if examined is found.reference else "data", len(examined.measured)
        part = "" if examined.given == points else f" of {examined.given}, drawn with a fixed seed"
        lines.append("; ".join([f"- {role}: `{examined.name}`, {points} points{part}", *examined.notes]))
    return "\n".join(lines)


def _estimated(found: Diagnosis) -> str:
    """How large the errors of the estimates are, and where the log volume is without worth."""
    measured = pd.concat([one.measured for one in found.sets.values()])
    trace, volume = (measured[f"{name}_error"].median() for name in ("trace", "log_volume"))
    return (
        f"Estimated from {found.passes} passes a point: median errors are {trace:.2g} (trace) and {volume:.2g} (log volume, "
        f"unresolved and too large at {(~measured['resolved']).sum()} points); tangent distances are upper bounds."
    )


def no_limits(found: Diagnosis) -> str:
    """Why nothing can be flagged; empty where it can."""
    if found.reference is None:
        return (
            "There is no reference, so no point can be called unusual. Give `--reference` points of the kind that the network "
            "is meant for, best such as it was not trained on."
        )
    needed = least_reference(found.coverage)
    if len(found.reference.measured) < needed:
        return (
            f"The reference has {len(found.reference.measured)} points, and it takes {needed} to say where its central "
            f"{_percent(found.coverage)} end. Nothing is flagged; give more points, or a smaller share."
        )
    return ""


def _verdict(found: Diagnosis, name: str) -> str:
    return "more than chance explains" if more_than_chance(found, name) else "which chance explains"


def flags(found: Diagnosis) -> str:
    """For every set: how many points are flagged, whether that is more than chance, and what flags most."""
    if why := no_limits(found):
        return why
    shares = flag_shares(found)
    lines = [
        f"Of points like the reference's, at most {_percent(expected_share(found))} are flagged by any of the three, in "
        f"expectation. Were all data like the reference, a report would say *more than chance explains* with a probability of "
        f"at most {_percent(UNSURE)}.",
        "",
    ]
    for name in found.data:
        any_share = float(shares.loc[name, "any"])
        first, second, difference, half = compared_shares(found, name)
        if abs(difference) <= half:
            beside = f"the two cannot be told apart (difference {_percent(difference)}, within ±{_percent(half)})"
        else:
            beside = f"the eigenvalues notice {'more' if difference > 0 else 'less'} than what needs no Jacobian"
        lines.append(
            f"- `{name}`: {_percent(any_share)} are flagged, {_verdict(found, name)}. "
            f"Of trace and log volume, the {NAMES[first]} flags most, {_percent(float(shares.loc[name, first]))}; "
            f"of what needs no Jacobian, the {NAMES[second]}, {_percent(float(shares.loc[name, second]))}: {beside}."
        )
    return "\n".join(lines)


def shares_table(found: Diagnosis) -> pd.DataFrame:
    """`flag_shares` in percent, under readable names."""
    shown = flag_shares(found)[["points", *SIGNALS, "any", *BASELINES]]
    for name in shown.columns[1:]:
        shown[name] = (100 * shown[name].astype(float)).round(1)
    return shown.rename(columns=NAMES)


def most_unusual_table(found: Diagnosis, most: int = 3) -> pd.DataFrame:
    """`most_unusual` of every set, one below the other."""
    columns = ["point", *SIGNALS, "error"]
    parts = {name: most_unusual(one, most)[columns] for name, one in found.data.items()}
    table = pd.concat(parts, names=["data", "row"]).droplevel("row").reset_index()
    return table.rename(columns=NAMES | {"error": "MSE"}).set_index(["data", "point"]).astype(float).round(4)


def as_markdown(frame: pd.DataFrame, first: str = "data") -> str:
    """A table of this module in Markdown, led by its index under the name `first`; numbers with three significant digits."""
    frame = frame.rename_axis(frame.index.names if any(frame.index.names) else first).reset_index()
    cells = [
        [f"{cell:.3g}" if isinstance(cell, float) else MARKUP.sub(r"\\\1", str(cell)) for cell in row]
        for row in frame.to_numpy().tolist()
    ]
    return markdown([MARKUP.sub(r"\\\1", str(name)) for name in frame.columns], cells)


def quoted(text: str) -> str:
    """Lines of Markdown as a quotation."""
    return "\n".join(f"> {line}" for line in text.splitlines())


def medians_sentence(found: Diagnosis) -> str:
    """The median of each signal in each set, in plain text."""
    parts = [
        f"{name}: " + ", ".join(f"{label} {one.measured[key].median():.3g}" for key, label in SIGNALS.items())
        for name, one in found.sets.items()
    ]
    return f"Medians. {'; '.join(parts)}."


def orientation_table(found: Diagnosis) -> pd.DataFrame:
    """Of every set, how many points reverse orientation, are singular, or ill conditioned."""
    rows = {}
    for name, one in found.sets.items():
        marks = {
            "reversed": one.measured["sign"] < 0,
            "structurally singular": one.measured["singular"],
            "ill conditioned": one.measured["ill_conditioned"],
        }
        rows[name] = {"points": str(len(one.measured))}
        rows[name] |= {mark: f"{values.sum()} ({_percent(float(values.mean()))})" for mark, values in marks.items()}
    return pd.DataFrame(rows).T


def orientation_sentence(found: Diagnosis) -> str:
    """What these counts mean here."""
    if found.passes:
        return "The sign of ω and singular points are known from exact cores only; estimates leave them out."
    measured = pd.concat([one.measured for one in found.data.values()])
    turned, singular = measured["sign"] < 0, int(measured["singular"].sum())
    doubtful = int((turned & measured["ill_conditioned"]).sum())
    if not turned.any() and not singular:
        return f"At none of the {len(measured)} points of data is orientation reversed or the core singular."
    text = f"Of the {len(measured)} points of data, {turned.sum() or 'none'} reverse orientation"
    text += ": some direction comes back turned round." if turned.any() else "."
    if doubtful:
        text += f" {doubtful} of these are ill conditioned, and their sign may be rounding."
    if singular:
        text += f" At {singular} the core is singular: the network loses a latent dimension there."
    return text


def tangent_table(found: Diagnosis) -> pd.DataFrame:
    """Of every set the medians of the distance to the decoded tangent plane, the residual's length, and its share across."""
    rows = {
        name: {
            "median distance": round(float(one.measured["tangent_distance"].median()), 4),
            "median residual length": round(float(np.sqrt(found.input_dim * one.measured["error"]).median()), 4),
            "median share across": round(float(one.measured["across"].median()), 3),
        }
        for name, one in found.sets.items()
    }
    return pd.DataFrame(rows).T


def errors(found: Diagnosis) -> str:
    """For every set: what trace and log volume say about the errors, and whether that is more than the baselines say."""
    lines = []
    for name, one in found.data.items():
        table = correlations(one.measured)
        parts = [_correlated(each, table.loc[each]) for each in PREDICTORS["eigenvalues"]]
        compared = compared_correlations(one.measured)
        if compared is None:
            parts.append("they cannot be compared with the baselines")
        else:
            first, second, low, high = compared
            verdict = (
                "as much as (within the uncertainty)" if low <= 0 <= high else "more than" if low > 0 else "less than"
            )
            parts.append(f"the {NAMES[first]} says {verdict} the {NAMES[second]}")
        lines.append(f"- `{name}`: {'; '.join(parts)}.")
    return "\n".join(lines)


def _correlated(name: str, row: pd.Series) -> str:
    if np.isnan(row["rho"]):
        return f"the {NAMES[name]} cannot be correlated with the error (too few points, or all alike)"
    interval = f"ρ = {row['rho']:.2f}, 95 % interval {row['low']:.2f} to {row['high']:.2f}"
    if row["low"] <= 0 <= row["high"]:
        return f"the {NAMES[name]} shows no clear connection with the errors here ({interval})"
    return f"where the {NAMES[name]} is large, the error is {'large' if row['rho'] > 0 else 'small'} ({interval})"


def conclusion(found: Diagnosis) -> str:
    """The findings in a list: data on another scale, what ranks the errors, and flags."""
    tables = {f"`{name}`": correlations(one.measured) for name, one in found.data.items()}
    lines, silent = [], list(tables)
    for quantity in PREDICTORS["eigenvalues"]:
        rises = [name for name, table in tables.items() if table.loc[quantity, "low"] > 0]
        falls = [name for name, table in tables.items() if table.loc[quantity, "high"] < 0]
        silent = [name for name in silent if name not in (*rises, *falls)]
        parts = [f"{verb} within {', '.join(sets)}" for verb, sets in (("rises", rises), ("falls", falls)) if sets]
        if parts:
            lines.append(f"- With the {NAMES[quantity]} the error {', and '.join(parts)}.")
    undefined = [name for name in silent if tables[name].loc[[*PREDICTORS["eigenvalues"]], "rho"].isna().all()]
    silent = [name for name in silent if name not in undefined]
    for sets, words in ((silent, "shows a clear connection"), (undefined, "can be correlated")):
        if sets:
            lines.append(f"- Within {', '.join(sets)} neither trace nor log volume {words} with the errors.")
    better: dict[str, list[str]] = {}
    for name, one in found.data.items():
        first, second, low, high = compared_correlations(one.measured) or ("", "", 0, 0)
        if low > 0 or high < 0:
            better.setdefault(first if low > 0 else second, []).append(f"`{name}`")
    for best, sets in better.items():
        others = "what needs no Jacobian" if best in PREDICTORS["eigenvalues"] else "trace and log volume"
        lines.append(f"- On {', '.join(sets)} the {NAMES[best]} ranks the errors better than {others}.")
    if why := no_limits(found):
        lines.append(f"- {why}")
    else:
        shares = flag_shares(found)
        worst = max(found.data, key=lambda name: float(shares.loc[name, "any"]))
        most = float(shares.loc[worst, "any"])
        where = f"Most flags fall on `{worst}`: {_percent(most)} of its points"
        if len(found.data) == 1:
            where = f"Of `{worst}`, {_percent(most)} are flagged"
        flagged = [f"- {where}, {_verdict(found, worst)}." if most > 0 else "- No point is flagged."]
        if missed := [f"`{name}`" for name in found.data if sum(compared_shares(found, name)[2:]) < 0]:
            flagged.append(
                f"- On {', '.join(missed)} a look at the errors, the ink or the nearest reference points notices more than "
                "trace and log volume do."
            )
        lines = [*flagged, *lines] if most >= NEARLY_ALL else [*lines, *flagged]
    return "\n".join([*_other_scales(found), *lines])


def _other_scales(found: Diagnosis) -> list[str]:
    if found.reference is None:
        return []
    ends = {name: (one.rows.min(), one.rows.max()) for name, one in found.sets.items()}
    low, high = ends.pop(found.reference.name)
    return [
        f"- `{name}` has values from {least:.3g} to {most:.3g}, the reference from {low:.3g} to {high:.3g}: "
        "is its scale that of training?"
        for name, (least, most) in ends.items()
        if not high - low <= OTHER_SCALE * (most - least) <= OTHER_SCALE**2 * (high - low)
    ]


SHOWN_QUANTILES = [0.005, 0.25, 0.5, 0.75, 0.995]
WIDE = 30  # times the central range: what spreads farther is drawn on a scale that is logarithmic outside of it


def quantile_bars(
    sets: Mapping[str, pd.DataFrame], quantities: Mapping[str, str], limits: Mapping[str, tuple[float, float]]
) -> Figure:
    """A panel a quantity, a row a set of points: median (mark), middle half (thick), middle 99 % (thin).

    `quantities`: columns and their labels. A grey band: the `limits` of the reference, where they are known and finite.
    Infinite values (log volume where omega is 0) are left out.
    """
    figure = Figure(figsize=(7.2, 1.1 + 0.36 * len(sets)))
    axes = figure.subplots(1, len(quantities), sharey=True, squeeze=False)[0]
    for axis, (quantity, label) in zip(axes, quantities.items(), strict=True):
        low, high = limits.get(quantity, (-np.inf, np.inf))
        if np.isfinite([low, high]).all():
            axis.axvspan(low, high, color="#dddddd", zorder=0, linewidth=0)
        for place, (name, frame) in enumerate(sets.items()):
            values = frame[quantity][np.isfinite(frame[quantity])]
            if len(values):
                ends = np.quantile(values, SHOWN_QUANTILES)
                record(axis, pd.DataFrame({"quantile": SHOWN_QUANTILES, "value": ends}), set=name, quantity=quantity)
                axis.plot(ends[[0, 4]], [place, place], color=BLUE, linewidth=1)
                axis.plot(ends[[1, 3]], [place, place], color=BLUE, linewidth=4, solid_capstyle="butt")
                axis.plot(ends[2], place, color=BLACK, marker="o", markersize=5)
        left, right = axis.get_xlim()
        if high > low and right - left > WIDE * (high - low) and np.isfinite([low, high]).all():
            axis.set_xscale("symlog", linthresh=max(abs(low), abs(high)))
        axis.set(
            xlabel=label,
            yticks=range(len(sets)),
            yticklabels=[short_name(name) for name in sets],
            ylim=(len(sets) - 0.5, -0.5),
        )
        axis.grid(axis="y", visible=False)
    return figure


def error_correlations(tables: Mapping[str, pd.DataFrame], labels: Mapping[str, str], strong: Sequence[str]) -> Figure:
    """A panel a set of points: Spearman's rho with the error, its 95 % interval, a row a predictor; filled marks: `strong`."""
    rows = [name for name in labels if any(name in table.index for table in tables.values())]
    figure = Figure(figsize=(max(5.0, 1.2 + 1.9 * len(tables)), 1.2 + 0.3 * len(rows)))
    axes = figure.subplots(1, len(tables), sharey=True, sharex=True, squeeze=False)[0]
    for axis, (name, table) in zip(axes, tables.items(), strict=True):
        axis.axvline(0, color=GREY, linewidth=0.8)
        record(axis, table.loc[table.index.isin(rows)].rename_axis("predictor").reset_index(), set=name)
        for place, predictor in enumerate(rows):
            if predictor in table.index:
                rho, low, high = table.loc[predictor, ["rho", "low", "high"]]
                color = BLUE if predictor in strong else GREEN
                axis.plot([low, high], [place, place], color=color)
                fill = color if predictor in strong else "white"
                axis.plot(rho, place, color=color, marker="o", markerfacecolor=fill, markersize=6)
        axis.set(
            title=short_name(name),
            yticks=range(len(rows)),
            yticklabels=[labels[row] for row in rows],
            ylim=(len(rows) - 0.5, -0.5),
        )
        axis.set(xlim=(-1.1, 1.1), xlabel=r"Spearman's $\rho$")
        axis.grid(axis="y", visible=False)
    return figure
