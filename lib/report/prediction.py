"""Figures and tables of the page `prediction`: the slopes of Tables 1 and 2, published and reproduced."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.analysis import comparisons, published
from lib.analysis.evidence import classes, slopes
from lib.analysis.intervals import with_interval
from lib.analysis.published import PREDICTOR_NAMES, SPACE_NAMES
from lib.report.layout import Summaries, by_run, markdown, table
from lib.report.sensitivity import SERIES
from lib.report.style import (
    BLACK,
    BY_RUN,
    SPACE_SYMBOLS,
    by_class,
    depth_styles,
    finish,
    grid,
    legend,
    series,
)
from lib.runs.results import Summary, select_rows


def error_slopes(summaries: Summaries, predictor: str) -> Figure:
    """Figures 8 and 9: the slope b1 + b3 of the test MSE on the predictor, both in standard deviations, against d.

    J_L by depth with 95 % intervals (top), and by class at the table depth (bottom). Where the run is on the paper's data
    set, the published values stand beside it.
    """
    figure, axes = grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for depth, style in depth_styles(summary).items():
            rows = slopes(summary, predictor, space="latent", depth=depth)
            _interval(axes[0, column], rows, style, f"$J_{{L,{depth}}}$")
        if summary.run.dataset == "mnist":
            published_slopes(axes[0, column], predictor, "latent")
        by_class(axes[1, column], _class_slopes(summary, predictor), classes(summary))
        for axis in axes[:, column]:
            axis.axhline(0, color="#888888", linewidth=0.8, zorder=1)
            axis.set_ylabel(f"test slope on {PREDICTOR_NAMES[predictor]}")
            legend(axis)
    finish(axes)
    return figure


def _interval(axis: Axes, rows: pd.DataFrame, style: tuple[str, str, str], label: str) -> None:
    series(axis, with_interval(rows, "test_slope"), style, label, value="test_slope", band=("low", "high"))


def published_slopes(axis: Axes, predictor: str, space: str) -> None:
    rows = select_rows(published.tables(), predictor=predictor, space=space)
    axis.plot(
        rows["latent_dim"], rows["test_slope"], color=BLACK, marker="x", linestyle="none", label="published, $n=4$"
    )


def _class_slopes(summary: Summary, predictor: str) -> Any:
    def rows_of(label: int) -> pd.DataFrame:
        rows = slopes(summary, predictor, space="latent", label=label)
        return rows.rename(columns={"test_slope": "value"})

    return rows_of


def published_beside_reproduced(summaries: Summaries) -> Figure:
    """The published test slopes and those of the runs at the depth of the tables, against d: a panel a predictor and space.

    Bands hold 95 % of the slopes of resampled points; with several seeds, the mean of the seeds' bands.
    """
    figure = Figure(figsize=(7.4, 5.2))
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for row, predictor in enumerate(PREDICTOR_NAMES):
        for column, space in enumerate(SPACE_SYMBOLS):
            axis = axes[row, column]
            for (name, summary), style in zip(summaries.items(), BY_RUN, strict=False):
                rows = slopes(summary, predictor, space=space)
                series(axis, rows, style, f"run {name}", value="test_slope", band=("test_slope_low", "test_slope_high"))
            published_slopes(axis, predictor, space)
            axis.axhline(0, color="#888888", linewidth=0.8, zorder=1)
            axis.set_title(f"{PREDICTOR_NAMES[predictor]}, {SPACE_SYMBOLS[space]}")
        axes[row, 0].set_ylabel("test slope")
    legend(axes[0, 0], fontsize=8)
    finish(axes)
    return figure


def slopes_by_seed(rows: pd.DataFrame) -> Figure:
    """Test slopes by latent dimension, a panel a column of the tables: a dot for each seed, a cross for the published one.

    `rows`: of `lib.analysis.comparisons.by_seed`.
    """
    figure = Figure(figsize=(8.4, 2.9))
    axes = figure.subplots(1, len(SERIES), sharey=True)
    places = {latent_dim: place for place, latent_dim in enumerate(sorted(rows["latent_dim"].unique()))}
    for axis, ((space, predictor), (color, _, _, title)) in zip(axes, SERIES.items(), strict=True):
        of_column = select_rows(rows, space=space, predictor=predictor)
        across = [places[latent_dim] for latent_dim in of_column["latent_dim"]]
        axis.plot(across, of_column["test_slope"], "o", color=color, markerfacecolor="none")
        axis.plot(across, of_column["test_slope_published"], "x", color=BLACK)
        axis.set_title(title)
        axis.set_xticks(list(places.values()), list(places))
        axis.set_xlim(-0.5, len(places) - 0.5)
        axis.set_xlabel("latent dimension $d$")
        axis.axhline(0, color=BLACK, linewidth=0.7)
    axes[0].set_ylabel("test slope $b_1+b_3$")
    axes[-1].plot([], [], "o", color=BLACK, markerfacecolor="none", label="one seed")
    axes[-1].plot([], [], "x", color=BLACK, label="published")
    axes[-1].legend(fontsize=8)
    return figure


SYMBOLS = ("$b_0$", "$b_1$", "$b_2$", "$b_3$", "$b_1+b_3$")
COEFFICIENTS = dict(zip(published.COLUMNS.values(), SYMBOLS, strict=True))
SPACE_HEADERS = {
    space: f"${SPACE_NAMES[space][-1]}$" for space in ("latent", "input")
}  # in the order of the printed tables


def coefficients_table(summaries: Summaries, number: int) -> str:
    """Table 1 or 2 as published and as reproduced, a block of rows a latent dimension; standard errors in brackets.

    For a run on MNIST the differences follow, from the published table with its misprints corrected.
    """
    printed, misprints = published.published_table(number), select_rows(published.misprints(), number=number)
    ours = {name: comparisons.beside_published(summary, number) for name, summary in summaries.items()}
    header = [
        "$d$",
        "run",
        *(f"{symbol}: {sign}" for symbol in SPACE_HEADERS.values() for sign in COEFFICIENTS.values()),
    ]
    rows = []
    for latent_dim in sorted(printed["latent_dim"].unique()):
        cells = _cells(printed, latent_dim, "{*:.4g}")
        for space in select_rows(misprints, latent_dim=latent_dim)["space"]:
            cells[len(COEFFICIENTS) * list(SPACE_HEADERS).index(space)] += " (!)"
        rows.append([latent_dim, "published", *cells])
        for name, frame in ours.items():
            cells = _cells(frame, latent_dim, "{*_ours:.3f} ({*_se:.3f})")
            if any(cells):
                rows.append(["", name, *cells])
                if summaries[name].run.dataset == "mnist":
                    rows.append(["", "difference", *_cells(frame, latent_dim, "{*_difference:+.3f}")])
    return markdown(header, rows, left=2)


def _cells(frame: pd.DataFrame, latent_dim: int, pattern: str) -> list[str]:
    """The coefficients of both spaces at one d as text, `*` in the pattern standing for their names; blank where there are none."""
    cells = []
    for space in SPACE_HEADERS:
        rows = select_rows(frame, latent_dim=latent_dim, space=space).to_dict("records")
        cells += [pattern.replace("*", name).format(**rows[0]) if rows else "" for name in COEFFICIENTS]
    return cells


def agreement_table(summaries: Summaries) -> str:
    """The agreement of each run's test slopes with the published ones (`lib.analysis.comparisons.agreement`).

    The last column is over every d, the others from `comparisons.AGREE_FROM` on.
    """
    frames = {}
    for name, summary in summaries.items():
        of_all = comparisons.agreement(summary, 0)[["number", "space", "rms"]]
        frames[name] = comparisons.agreement(summary).merge(of_all, on=["number", "space"], suffixes=("", "_all"))
    rows = by_run(frames)
    columns = [
        ("run", "{run}"),
        ("published in", "Table {number}"),
        ("space", "{letter}"),
        (f"values of $d\\ge{comparisons.AGREE_FROM}$", "{dims}"),
        ("RMS difference", "{rms:.3f}"),
        ("Spearman", "{spearman:.2f}"),
        ("same sign", "{same_sign:.0%}"),
        ("RMS difference at all $d$", "{rms_all:.3f}"),
    ]
    return table(rows.assign(letter=rows["space"].map(SPACE_HEADERS)), columns, left=3)


def agreement_sentence(summary: Summary) -> str:
    """`agreement` of a run, as a sentence."""
    name, least = summary.run.name, comparisons.AGREE_FROM
    rows, of_all = comparisons.agreement(summary), comparisons.agreement(summary, 0)
    if rows.empty:
        return f"The run {name} has no $d$ from {least} on, so there is nothing to sum up."
    return (
        f"For the run {name} the root mean square difference from the published slopes is {rows['rms'].min():.2f} to "
        f"{rows['rms'].max():.2f} from $d$ = {least} on, and {of_all['rms'].min():.2f} to {of_all['rms'].max():.2f} over all "
        f"$d$; from {least} on at least {100 * rows['same_sign'].min():.0f} % of the signs agree."
    )


def seeds_sentence(rows: pd.DataFrame) -> str:
    """The spread over the seeds of `lib.analysis.comparisons.by_seed`, beside the published slopes, as a sentence."""
    spread = comparisons.seed_spread(rows)
    dims, count = sorted(rows["latent_dim"].unique()), int(spread["count"].min())
    if count < 2:
        return "There is one seed only, so nothing is known of chance."
    printed = spread["published"]
    inside, below = printed.between(spread["min"], spread["max"]).sum(), (printed < spread["min"]).sum()
    spans, apart = spread["max"] - spread["min"], (spread["mean"] - printed).abs()
    return (
        f"At $d$ = {', '.join(map(str, dims))} the {count} seeds span {spans.median():.2f} in the median over $d$ and the four "
        f"columns, and {spans.max():.2f} at most; their standard deviation is {spread['std'].median():.3f} in the median. "
        f"The published slopes are {apart.min():.2f} to {apart.max():.2f} from the means over the seeds, and "
        f"{inside or 'none'} of the {len(spread)} lie between the least and the largest seed, {below or 'none'} below the least."
    )
