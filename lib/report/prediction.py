"""Figures and tables of the page `prediction`: the slopes of Tables 1 and 2, published and reproduced."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.analysis import comparisons, evidence, published
from lib.analysis.claims.paper import PAPERS_DATA
from lib.analysis.published import PREDICTOR_NAMES, SPACE_NAMES
from lib.report.layout import Summaries, markdown, span
from lib.report.numbers import record
from lib.report.style import (
    BLACK,
    BLUE,
    BY_RUN,
    GREY,
    SPACE_SYMBOLS,
    against_dimension,
    by_class,
    depth_styles,
    grid,
    series,
)
from lib.runs.results import Summary, select_rows

BAND = ("low", "high")
TABLE_SPACES = ("latent", "input")  # in the order of the printed tables
SHOWN_DIMS = (5, 10, 15, 20)  # the rows of Tables 1 and 2 that stand open


def error_slopes(summary: Summary, predictor: str) -> Figure:
    """Figures 8 and 9: the slope b1 + b3 of the test MSE on the predictor, both in standard deviations, against d.

    J_L by depth with 95 % intervals (top); at the table depth, class 1 and the range of the others (bottom). The published
    values stand beside runs on the paper's data set.
    """
    figure, (top, bottom) = grid(summary, rows=2, height=2.9)
    keys = {"predictor": predictor, "space": "latent"}
    for depth, style in depth_styles(summary).items():
        rows = evidence.raw_slopes(summary, depth=depth, **keys)
        series(top, rows, style, f"$J_{{L,{depth}}}$", value="slope", band=BAND, **keys)
    if summary.run.dataset == PAPERS_DATA:
        published_slopes(top, predictor, "latent")
    rows = {label: evidence.slopes(summary, label=label, **keys) for label in evidence.classes(summary)}
    by_class(bottom, rows, "test_slope", predictor=predictor)
    for axis in (top, bottom):
        reference(axis)
        axis.set_ylabel(f"test slope on {PREDICTOR_NAMES[predictor]}")
        axis.margins(y=0.25)
        axis.legend(ncols=2, loc="best", handlelength=1.8, columnspacing=1)
    against_dimension(bottom)
    return figure


def course_sentence(summaries: Summaries, predictor: str) -> str:
    """The test slopes on J_L of each run, as a sentence, and as the figure's alternative text: at the smallest and the largest d,
    and the least and the largest slope where these lie between."""
    parts = []
    for run, summary in summaries.items():
        rows = evidence.raw_slopes(summary, predictor=predictor, space="latent").sort_values("latent_dim")
        told = [f"{row['slope'] + 0.0:.2f} at d = {row['latent_dim']:.0f}" for row in rows.round(2).to_dict("records")]
        ends, extremes = (0, len(told) - 1), (int(rows["slope"].argmin()), int(rows["slope"].argmax()))
        inner = "" if set(extremes) <= set(ends) else f" (between {' and '.join(told[one] for one in extremes)})"
        parts.append(f"from {' to '.join(told[one] for one in ends)}{inner} in the run {run}")
    return f"The slope on the {PREDICTOR_NAMES[predictor]} of J_L goes {'; '.join(parts)}."


def on_papers_data(summaries: Summaries) -> Summaries:
    """The runs on the data of the published tables, or else all."""
    return {name: one for name, one in summaries.items() if one.run.dataset == PAPERS_DATA} or summaries


def reference(axis: Axes) -> None:
    """The grey line at 0 of a panel."""
    axis.axhline(0, color=GREY, linewidth=0.8, zorder=1)


def published_slopes(axis: Axes, predictor: str, space: str) -> None:
    """The test slopes of the paper's tables, as black crosses."""
    rows = select_rows(published.tables(), predictor=predictor, space=space)
    rows = rows[["latent_dim", "space", "predictor", "test_slope"]].rename(columns={"test_slope": "slope"})
    axis.plot(rows["latent_dim"], rows["slope"], "x", color=BLACK, markersize=5, label="published", zorder=4)
    record(axis, rows, run="published")


def published_beside_reproduced(summaries: Summaries, predictor: str, seeded: pd.DataFrame) -> Figure:
    """The published test slopes and those of the runs at the table depth, with 95 % intervals, against d: a panel per Jacobian.

    `seeded`: slopes of networks from several seeds (`lib.analysis.comparisons.by_seed`), drawn as circles.
    """
    figure = Figure(figsize=(3.7, 5.8))
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    for axis, space in zip(axes, TABLE_SPACES, strict=True):
        keys = {"predictor": predictor, "space": space}
        for (name, summary), style in zip(summaries.items(), BY_RUN, strict=False):
            rows = evidence.raw_slopes(summary, **keys)
            series(axis, rows, style, f"run {name}", value="slope", band=BAND, run=name, **keys)
        rows = select_rows(seeded, **keys)
        look = {"color": BLUE, "markersize": 6, "markerfacecolor": "none"}
        axis.plot(rows["latent_dim"], rows["test_slope"], "o", label="several seeds", **look)
        seeds = rows.rename(columns={"test_slope": "slope"}).drop(columns="test_slope_published")
        record(axis, seeds, run="several seeds")
        published_slopes(axis, predictor, space)
        reference(axis)
        axis.set_title(f"{PREDICTOR_NAMES[predictor]}, {SPACE_SYMBOLS[space]}")
        axis.set_ylabel("test slope")
    against_dimension(axes[-1])
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


SYMBOLS = ("$b_0$", "$b_1$", "$b_2$", "$b_3$", "$b_1+b_3$")
COEFFICIENTS = dict(zip(published.COLUMNS.values(), SYMBOLS, strict=True))


def coefficients_table(summaries: Summaries, number: int, space: str) -> str:
    """One Jacobian's half of Table 1 or 2: for each latent dimension the published row, and below it that of each run.

    A misprint is marked (!).
    """
    printed = select_rows(published.published_table(number), space=space).set_index("latent_dim")
    misprints = select_rows(published.misprints(), number=number, space=space)["latent_dim"].tolist()
    ours = {name: comparisons.beside_published(summary, number) for name, summary in summaries.items()}
    rows = []
    for latent_dim, row in printed.iterrows():
        cells = [f"{row[name]:.4g}" for name in COEFFICIENTS]
        cells[0] += " (!)" if latent_dim in misprints else ""
        rows.append([latent_dim, "published", *cells])
        for name, frame in ours.items():
            for fit in select_rows(frame, latent_dim=latent_dim, space=space).to_dict("records"):
                rows.append(["", name, *(f"{fit[f'{column}_ours']:.3f}" for column in COEFFICIENTS)])
    return markdown(["$d$", "", *SYMBOLS], rows, left=2)


def slopes_table(summaries: Summaries) -> str:
    """The test slopes of Tables 1 and 2 at a few latent dimensions, published and of each run with 95 % intervals."""
    dims = {d for summary in summaries.values() for d in summary.run.latent_dims}
    shown = sorted(dims & set(SHOWN_DIMS)) or sorted(dims)[:4]
    columns = [(predictor, space) for predictor in PREDICTOR_NAMES for space in TABLE_SPACES]
    rows = []
    for latent_dim in shown:
        block = [("published", _at(published.tables(), latent_dim, "{test_slope:.2f}", columns))]
        for name, summary in summaries.items():
            fits = [evidence.raw_slopes(summary, space=space).assign(space=space) for space in TABLE_SPACES]
            fits = pd.concat(fits).assign(half=lambda rows: rows["high"] - rows["slope"]).round(2)
            block.append((name, _at(fits, latent_dim, "{slope:.2f} ± {half:.2f}", columns)))
        rows += [["" if place else latent_dim, *row] for place, row in enumerate([n, *c] for n, c in block if any(c))]
    header = [f"{PREDICTOR_NAMES[predictor]}, {SPACE_NAMES[space]}" for predictor, space in columns]
    return markdown(["$d$", "", *header], rows, left=2)


def _at(rows: pd.DataFrame, latent_dim: int, pattern: str, columns: list[tuple[str, str]]) -> list[str]:
    """The rows at one latent dimension as text, a cell per predictor and space; blank where there is none."""
    found = select_rows(rows, latent_dim=latent_dim).set_index(["predictor", "space"]).to_dict("index")
    return [pattern.format(**found[column]) if column in found else "" for column in columns]


def agreement_table(summaries: Summaries) -> str:
    """The agreement of each run's test slopes with the published ones (`lib.analysis.comparisons.agreement`).

    Ranges over the four columns of the tables; from d = `comparisons.AGREE_FROM` on, and over all d.
    """
    least, rows = comparisons.AGREE_FROM, []
    for name, summary in summaries.items():
        found, of_all = comparisons.agreement(summary), comparisons.agreement(summary, 0)
        if len(of_all):
            signs = span(100 * found["same_sign"], "{:.0f}", " %") if len(found) else ""
            rows.append([name, span(found["rms"]), span(of_all["rms"]), signs])
    header = ["run", f"RMS difference, $d\\ge{least}$", "RMS difference, all $d$", f"same sign, $d\\ge{least}$"]
    return markdown(header, rows)
