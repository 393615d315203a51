"""Figures and tables of the page `unseen`: scores at misclassified digits, errors by coverage, neural collapse."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis import unseen
from lib.analysis.neural_collapse import GAP_DECAYS, SET_LABELS
from lib.measures.judging import risk_coverage
from lib.report.layout import markdown
from lib.report.numbers import record
from lib.report.style import (
    BLACK,
    BLUE,
    BY_RUN,
    DOT_LOOKS,
    GREEN,
    GREY,
    draw_image,
    interval_rows,
    legend,
    panel,
    plain_logarithm,
    series,
)

JACOBIANS = {"logit_spectral", "logit_frobenius", "tangent_norm"}
COVERAGE = {  # the scores whose curves are drawn
    "ensemble": (GREEN, "-"),
    "max_softmax": (GREEN, "--"),
    "neighbours": (GREEN, ":"),
    "logit_spectral": (BLUE, "-"),
    "random": (GREY, "-."),
}
MOST_LEFT_OUT = 0.9  # beyond, the error rate is that of a few digits


def score_strip(rows: pd.DataFrame, name: str) -> Figure:
    """The AUROC of every score on one set, with its interval, in the order of the scores on all sets."""
    of_set = rows[rows["set"] == name].set_index("score")
    of_set = of_set.loc[rows.groupby("score")["auroc"].mean().sort_values(ascending=False).index]
    looks = [DOT_LOOKS["geometric" if score in JACOBIANS else "rival"] for score in of_set.index]
    known = {measure.name: measure.label for measure in unseen.measures()}
    labelled = of_set.assign(label=of_set.index.map(known))
    figure, axis = interval_rows(labelled, looks, "auroc", "auroc_low", "auroc_high", height=0.22)
    axis.axvline(of_set.loc[unseen.BASELINE, "auroc"], color=BLACK, linewidth=0.9, linestyle=":")
    axis.axvline(0.5, color=GREY, linewidth=0.8)
    axis.set(xlim=(0.38, 1.02), xlabel="AUROC", title=f"{SET_LABELS[name]}: {of_set['wrong'].iloc[0]:.1%} wrong")
    record(axis, of_set.reset_index())
    return figure


def score_table(rows: pd.DataFrame, value: str) -> str:
    """A column (`auroc` or `saved`) with its interval, by score and set."""
    known = {measure.name: measure.label for measure in unseen.measures()}
    cells = [
        [known[score]]
        + [
            f"{row[value]:.2f} ({row[f'{value}_low']:.2f} to {row[f'{value}_high']:.2f})"
            for _, row in of_score.iterrows()
        ]
        for score, of_score in rows.groupby("score", sort=False)
    ]
    return markdown(["score", *(SET_LABELS[name] for name in rows["set"].unique())], cells)


def error_left(points: pd.DataFrame, name: str) -> Figure:
    """The error rate among the digits of a set that remain as those of highest score are left out; mean over networks."""
    known = {measure.name: measure.label for measure in unseen.measures()}
    figure, axis = panel(3.0)
    networks = [of_seed for _, of_seed in points[points["set"] == name].groupby("seed")]
    errors = [np.asarray(one["wrong"], dtype=float) for one in networks]
    rate = float(np.mean(errors))
    for score, (color, dashes) in COVERAGE.items():
        curves = [risk_coverage(error, np.asarray(one[score])) for error, one in zip(errors, networks, strict=True)]
        risk = np.mean([relative * error.mean() for (_, relative), error in zip(curves, errors, strict=True)], axis=0)
        curve = pd.DataFrame({"left_out": 1 - curves[0][0], "error_rate": risk})
        curve = curve[curve["left_out"] <= MOST_LEFT_OUT]
        axis.plot(curve["left_out"], curve["error_rate"], color=color, linestyle=dashes, label=known[score])
        record(axis, curve, score=score)
    axis.axhline(rate, color=GREY, linewidth=0.9)
    axis.set(xlabel="share left out", ylabel="error rate of the rest", title=SET_LABELS[name])
    axis.set(xlim=(0, MOST_LEFT_OUT), ylim=(0, 2.1 * rate))
    legend(axis, loc="upper left", fontsize=8)
    return figure


def mistakes(points: pd.DataFrame, images: np.ndarray, labels: np.ndarray, count: int = 6) -> Figure:
    """The misclassified digits that the softmax is surest of, with their class and the class that is chosen."""
    wrong = points[points["wrong"]].sort_values(unseen.BASELINE).drop_duplicates("image").head(count)
    figure = Figure(figsize=(7.4, 1.7))
    for axis, row in zip(figure.subplots(1, count, squeeze=False)[0], wrong.to_dict("records"), strict=False):
        draw_image(axis, images[row["image"]], (8, 8))
        words = f"{labels[row['image']]} taken for {row['chosen']}\nsoftmax {1 - row[unseen.BASELINE]:.3f}"
        axis.set_title(words, fontsize=8)
    record(figure, wrong)
    return figure


def collapse_lines(rows: pd.DataFrame, column: str, label: str) -> Figure:
    """A column along training for each kind of network: the median over folds, and their range."""
    figure, axis = panel(3.0)
    for (run, of_run), style in zip(rows.groupby("run", sort=False), BY_RUN, strict=False):
        span = of_run.groupby("epoch")[column].agg(["median", "min", "max"]).reset_index()
        series(axis, span, style, run, band=("min", "max"), x="epoch", run=run, measure=column)
    axis.set(xscale="log", yscale="log", xlabel="epoch", ylabel=label)
    plain_logarithm(axis.xaxis, axis.yaxis)
    legend(axis, fontsize=8)
    return figure


def gap_scatter(networks: pd.DataFrame) -> Figure:
    """NC1 and the gap of the error of every network, weight decays apart."""
    figure, axis = panel(3.0)
    for decay, (color, marker, _) in zip(GAP_DECAYS, BY_RUN, strict=False):
        some = networks[np.isclose(networks["decay"], decay)]
        axis.plot(some["nc1"], 100 * some["gap"], marker, color=color, label=f"weight decay {decay:g}")
        record(axis, some[["width", "decay", "seed", "nc1", "gap"]])
    axis.set_xscale("log")
    plain_logarithm(axis.xaxis)
    axis.set(xlabel="NC1 on the training digits", ylabel="test minus training error, %")
    legend(axis, fontsize=8)
    return figure


def ends_table(ends: pd.DataFrame) -> str:
    """NC1 to NC4 and the test errors, at the first snapshot without training errors and at the end, for each kind of network."""
    kinds = ends.groupby(["run", "at"], sort=False)
    middle, mean = kinds[["nc1", "nc2", "nc3", "nc4"]].median(), kinds["test_error"].mean()
    cells = [
        [run]
        + [f"{middle[name][run, 'first']:.3f} → {middle[name][run, 'last']:.3f}" for name in middle]
        + [f"{mean[run, 'first']:.2%} → {mean[run, 'last']:.2%}"]
        for run in ends["run"].unique()
    ]
    return markdown(["network", "NC1", "NC2", "NC3", "NC4", "test error"], cells)
