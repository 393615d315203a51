"""Figures and tables of the page `controls`: slopes that control for other variables."""

from collections.abc import Iterable

from matplotlib.figure import Figure

from lib.analysis import evidence
from lib.analysis.intervals import with_interval
from lib.analysis.published import PREDICTOR_NAMES
from lib.measures.regression import CONTROLS, WITHOUT_ONE
from lib.report.layout import Summaries, by_run, markdown, table
from lib.report.prediction import BAND, reference
from lib.report.style import BLUE, GREEN, against_dimension, grid, series
from lib.runs import Summary

RAW, CLASS_AND_INK, ALL = evidence.HEADLINE_CONTROLS
CONTROL_NAMES = {name: name for name in CONTROLS} | {
    RAW: "nothing",
    WITHOUT_ONE: "nothing, without class 1",
    ALL: "class, ink, distance",
}  # of the sets of controls, in the order of the tables
BY_CONTROL = {
    RAW: (BLUE, "o", "--", "nothing (raw)"),
    CLASS_AND_INK: (GREEN, "s", "-", "class and ink"),
    ALL: ("#66c2a5", "^", ":", "class, ink, distance"),
}  # blue and dashed: eigenvalues of J_I


def slopes_by_control(summary: Summary, split: str) -> Figure:
    """The slope of the error on the log volume (top) and on the trace (bottom) against d: raw, and controlling for others.

    On J_I at the depth of the tables, for one split, with 95 % intervals.
    """
    figure, axes = grid(summary, rows=2, height=2.7)
    for axis, predictor in zip(axes, PREDICTOR_NAMES, strict=True):
        for controls, (*style, label) in BY_CONTROL.items():
            keys = {"predictor": predictor, "space": "input", "split": split}
            rows = with_interval(evidence.controlled(summary, controls=controls, **keys), "slope").drop(columns="seed")
            series(axis, rows, style, label, value="slope", band=BAND, **keys, controls=controls)
        reference(axis)
        axis.set_ylabel(f"slope on {PREDICTOR_NAMES[predictor]}")
    against_dimension(axes[-1])
    labels = axes[0].get_legend_handles_labels()
    figure.legend(*labels, title="controlling for", loc="outside lower center", ncols=2, frameon=False)
    return figure


def left_in_words(raw: float, controlled: float) -> str:
    """What remains of a raw slope, in words.

    >>> [left_in_words(0.5, left) for left in (-0.1, 0.1, 0.3, 0.4, 0.6)]
    ['it changes sign', 'little of it is left', 'about half of it is left', 'most of it is left', 'it is larger in size']
    """
    steps = {0.0: "it changes sign", 0.25: "little of it is left", 0.65: "about half of it is left"}
    steps |= {0.95: "most of it is left", 1.05: "all of it is left"}
    return next((word for limit, word in steps.items() if controlled / raw < limit), "it is larger in size")


def controlled_table(
    summaries: Summaries, pattern: str, predictors: Iterable[str] = PREDICTOR_NAMES, split: str = "test"
) -> str:
    """What `pattern` says of the slope on J_I over a split's images: a row per predictor and set of controls, a column per run.

    At the depth of the tables and the largest intact d of each run; fields: those of `lib.analysis.evidence.controlled`, and
    `half`, half of the 95 % interval.
    """
    header, columns = ["predictor", "controlling for"], []
    for name, summary in summaries.items():
        latent_dim = evidence.largest_intact(summary)
        rows = with_interval(evidence.controlled(summary, latent_dim=latent_dim, split=split), "slope")
        rows = rows.assign(half=rows["high"] - rows["slope"]).set_index(["predictor", "controls"])
        columns.append({key: pattern.format(**row) for key, row in rows.to_dict("index").items()})
        header.append(f"{name}, $d$ = {latent_dim}")
    keys = [(predictor, controls) for predictor in predictors for controls in CONTROL_NAMES]
    rows = [
        [PREDICTOR_NAMES[predictor] if controls == RAW else "", CONTROL_NAMES[controls]]
        + [column.get((predictor, controls), "") for column in columns]
        for predictor, controls in keys
    ]
    return markdown(header, rows, left=2)


def counts_table(summaries: Summaries) -> str:
    """`lib.analysis.evidence.control_counts` of each run: above 0, below 0 or neither, and under half of the raw slope."""
    frames = {name: evidence.control_counts(summary).reset_index() for name, summary in summaries.items()}
    rows = by_run(frames)
    columns = [
        ("run", "{run}"),
        ("predictor", "{name}"),
        ("networks", "{networks}"),
        ("above 0", "{above}"),
        ("below 0", "{below}"),
        ("undecided", "{undecided}"),
        ("halved", "{halved}"),
    ]
    return table(rows.assign(name=rows["predictor"].map(PREDICTOR_NAMES)), columns, left=2)
