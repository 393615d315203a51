"""Figures and tables of the page `sensitivity`: the settings that the paper does not state."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.analysis.published import PREDICTOR_NAMES
from lib.analysis.search import UNITS
from lib.analysis.sensitivity import FITTED
from lib.report.layout import markdown, span, table
from lib.report.numbers import record
from lib.report.style import BLACK, BLUE, BY_RUN, GREY, NAVY, SPACE_SYMBOLS, panel, plain_logarithm

SPACE_LOOKS = {"latent": {"log_volume": (NAVY, "s", "-"), "trace": (BLUE, "o", "-")}}
SPACE_LOOKS["input"] = {
    predictor: (color, marker, "--") for predictor, (color, marker, _) in SPACE_LOOKS["latent"].items()
}
SERIES = {  # the four columns of the tables, by space and predictor: colour, marker, line, name
    (space, predictor): (*SPACE_LOOKS[space][predictor], f"{SPACE_SYMBOLS[space]}, {PREDICTOR_NAMES[predictor]}")
    for space, predictor in FITTED
}
COEFFICIENT_NAMES = {"test": "train-test gap $b_2$", "test_slope": "test slope $b_1+b_3$"}
LABELS_APART = 1.17  # at least, as a ratio: of names beside a logarithmic axis
DISTANCE_NAMES = {"slopes": "test slopes", "indicators": "train-test gaps"}


def search_table(rows: pd.DataFrame) -> str:
    """Each setting and seed of a search at its nearest epoch, the nearest first, those without a distance last.

    `rows`: `lib.analysis.search.search_rows`.
    """
    nearest = rows.sort_values("distance").drop_duplicates(["setting", "seed"])
    columns = [
        ("setting", "{setting}"),
        ("seed", "{seed}"),
        ("epochs", "{epochs}"),
        ("slopes", "{slopes:.2f}"),
        ("gaps", "{indicators:.2f}"),
        ("small $\\lambda$", "{small:.2f}"),
        ("distance", "{distance:.1f}"),
    ]
    return logistic(table(nearest, columns))


def logistic(text: str) -> str:
    """Settings in words, with the name of the output that the book uses."""
    return text.replace("sigmoid", "logistic")


def search_courses(rows: pd.DataFrame) -> Figure:
    """The distance of each setting of a search against the epoch, a line a setting and seed; grey where it was not followed.

    Second seeds are dashed. Dotted: the distance of a network that is off by a unit in each respect.
    `rows`: `lib.analysis.search.search_rows`.
    """
    figure, axis = panel(3.6)
    rows = rows.dropna(subset="distance")
    record(axis, rows[["setting", "seed", "epochs", "distance"]])
    followed = rows.loc[rows["epochs"] == rows["epochs"].max(), "setting"].unique()
    looks = dict(zip(followed, BY_RUN, strict=False))
    for _, course in rows.groupby(["setting", "seed"], sort=False):
        color, marker, _ = looks.get(course["setting"].iloc[0], (GREY, "", ""))
        dashes = "--" if course["seed"].iloc[0] else "-"
        axis.plot(course["epochs"], course["distance"], color=color, marker=marker, linestyle=dashes)
    ends = rows[rows["seed"] == 0].groupby("setting").last().sort_values("distance")
    for epoch, stopped in ends.groupby("epochs"):
        height = 0.0
        for setting, distance in stopped["distance"].items():
            height = max(distance, height * LABELS_APART)
            look = {"color": BLACK, "va": "center", "fontsize": 8}
            axis.annotate(logistic(str(setting)), (epoch, height), (6, 0), textcoords="offset points", **look)
    axis.axhline(len(UNITS), color=GREY, linestyle=":", linewidth=0.8)
    axis.set(yscale="log", xlabel="epochs of training", ylabel="distance from the published values")
    plain_logarithm(axis.yaxis)
    axis.set_xticks(sorted(rows["epochs"].unique()))
    axis.set_xlim(None, rows["epochs"].max() * 1.45)
    return figure


def training_length(latent_dim: int, rows: pd.DataFrame, wanted: Mapping[str, float]) -> Figure:
    """Train-test gaps (top) and test slopes (bottom) against the epoch, at one latent dimension.

    `rows`: `lib.analysis.sensitivity.length`; `wanted`: `published_values`, a grey band from the least to the largest.
    """
    figure = Figure(figsize=(3.7, 4.8))
    axes = figure.subplots(2, 1, sharex=True)
    axes[0].set_title(f"$d={latent_dim}$")
    for axis, (kind, label) in zip(axes, COEFFICIENT_NAMES.items(), strict=True):
        published = [value for key, value in wanted.items() if key.endswith(f"_{kind}")]
        axis.axhspan(min(published), max(published), color=GREY, alpha=0.3, linewidth=0, label="published")
        for (space, predictor), (color, marker, dashes, name) in SERIES.items():
            drawn = rows[["epoch", f"{space}_{predictor}_{kind}"]].set_axis(["epoch", kind], axis=1)
            record(axis, drawn, latent_dim=latent_dim, space=space, predictor=predictor)
            axis.plot(drawn["epoch"], drawn[kind], color=color, marker=marker, linestyle=dashes, label=name)
        axis.axhline(0, color=BLACK, linewidth=0.7)
        axis.set_ylabel(label)
        _epochs(axis, rows["epoch"])
    axes[1].set_xlabel("epochs of training")
    axes[0].legend(loc="upper left")
    return figure


def settings_plane(rows: pd.DataFrame, tolerance: float, named: Sequence[str]) -> Figure:
    """For each network its distances from the published slopes and train-test gaps, with the square where both are near.

    Filled: fewer than one small eigenvalue per point. `rows`: `lib.analysis.sensitivity.after_training`; `named`: the runs
    whose names are written beside their marks.
    """
    figure = Figure(figsize=(3.8, 4.4))
    axis = figure.subplots()
    record(axis, rows)
    for output, marker in (("sigmoid", "o"), ("affine", "s")):
        for few in (True, False):
            some = rows[(rows["output"] == output) & ((rows["small_eigenvalues"] < 1) == few)]
            look = {"color": BLUE, "marker": marker, "markerfacecolor": BLUE if few else "white", "markersize": 6}
            label = (
                f"{'logistic' if output == 'sigmoid' else output} output, {'few' if few else 'more'} small eigenvalues"
            )
            axis.plot(some["slopes"], some["indicators"], linestyle="none", label=label, **look)
    for run, *place in rows.loc[rows["run"].isin(named), ["run", "slopes", "indicators"]].to_numpy().tolist():
        axis.annotate(run, (place[0], place[1]), (5, 3), textcoords="offset points", fontsize=9)
    axis.set(xscale="log", yscale="log", xlabel="distance of the test slopes", ylabel="distance of the train-test gaps")
    left, bottom = axis.get_xlim()[0], axis.get_ylim()[0]
    axis.fill_between([left, tolerance], bottom, tolerance, color=GREY, alpha=0.2, linewidth=0)
    axis.set(xlim=(left, None), ylim=(bottom, None))
    plain_logarithm(axis.xaxis, axis.yaxis)
    figure.legend(loc="outside lower center")
    return figure


def courses(by_run: Mapping[str, pd.DataFrame]) -> list[Figure]:
    """The distances of slopes and train-test gaps from the published ones during training: two parts, a line per run.

    `by_run`: `lib.analysis.sensitivity.coefficient_course`.
    """
    figures = [Figure(figsize=(3.7, 3.0)) for _ in DISTANCE_NAMES]
    for figure, (kind, label) in zip(figures, DISTANCE_NAMES.items(), strict=True):
        axis = figure.subplots()
        for (run, rows), (color, marker, dashes) in zip(by_run.items(), BY_RUN, strict=False):
            record(axis, rows[["epoch", kind]], run=run)
            axis.plot(rows["epoch"], rows[kind], color=color, marker=marker, linestyle=dashes, label=run)
        _epochs(axis, pd.concat([rows["epoch"] for rows in by_run.values()]))
        axis.set(title=label, xlabel="epochs of training", ylabel="distance from published", ylim=(0, None))
    figures[0].axes[0].legend()
    return figures


def _epochs(axis: Axes, epochs: pd.Series) -> None:
    """An axis of epochs that is logarithmic from 1 on, and begins at 0."""
    axis.set_xscale("symlog", linthresh=1)
    ticks = sorted({epoch for epoch in epochs if str(int(epoch))[0] in "013"})
    axis.set_xticks(ticks, [f"{epoch:g}" for epoch in ticks])
    axis.minorticks_off()


def distances_table(rows: pd.DataFrame) -> str:
    """A row per setting (`lib.analysis.sensitivity.settings`) or run (`after_training`), at one latent dimension."""
    columns = [
        ("setting", "{setting}") if "setting" in rows else ("run", "{run} ({output})"),
        ("epochs", "{epochs}"),
        ("slopes", "{slopes:.2f}"),
        ("gaps", "{indicators:.2f}"),
        ("small $\\lambda$", "{small_eigenvalues:.1f}"),
    ]
    return logistic(table(rows, columns))


def seed_distances_table(rows: pd.DataFrame) -> str:
    """A row per latent dimension, the least and the largest over seeds. `rows`: `lib.analysis.sensitivity.distances_by_seed`."""
    names = {"slopes": "slopes", "indicators": "gaps", "small_eigenvalues": "small $\\lambda$"}
    spans = [[str(d)] + [span(of_dim[name]) for name in names] for d, of_dim in rows.groupby("latent_dim")]
    return markdown(["$d$", *names.values()], spans)


PLAIN_QUANTITIES = {
    "slopes": "distance of the slopes",
    "indicators": "distance of the gaps",
    "small_eigenvalues": "small eigenvalues per image",
    "arithmetic_mean": "mean eigenvalue",
}


def plain_loop_table(found: Mapping[str, Any]) -> str:
    """Networks of a plain training loop beside the seeds of a run (benchmarks/plain_loop.json)."""
    rows = []
    for name, label in PLAIN_QUANTITIES.items():
        one = found[name]
        plain = " and ".join(f"{value:.2f}" for value in one["plain"])
        seeds = f"{min(one['seeds']):.2f} to {max(one['seeds']):.2f}"
        rows.append([label, plain, seeds, f"{one['low']:.2f} to {one['high']:.2f}"])
    return markdown(["quantity", "plain loop", "seeds of the run", "95 % interval"], rows)
