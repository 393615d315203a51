"""Figures and tables of the page `twice`: errors of two trainings, what foretells them, optimizers, widths, chunks of units."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.optimizers import LOW_TARGET, TARGET
from lib.report.layout import markdown, table
from lib.report.numbers import record
from lib.report.style import ABOVE, BLACK, BLUE, GREEN, GREY, PURPLE, interval_rows, legend, panel, plain_logarithm

MARKS = {"Adam": (PURPLE, "o"), "SOAP": (BLACK, "s")}
NOISE_STYLES = {0.0: (BLACK, "o", "-"), 0.2: (PURPLE, "s", "--"), 1.0: (GREY, "^", ":")}
WIDTH_PANELS = {
    "test_error": "test error",
    "agreement": "agreement of two trainings",
    "fragments": "pieces on a plane",
    "shared": "wrong for another seed too",
}
LAYER_STYLES = {
    "trained": (BLUE, "o", "-"),
    "stopped early": (BLUE, "s", "--"),
    "untrained": (GREY, "^", ":"),
    "copies": (GREEN, "D", "-"),
    "mixing": (BLACK, "v", "--"),
}
LAYER_NAMES = {"copies": "planted: 16 groups of copies", "mixing": "planted: rank 16, no copies"}


def two_trainings(errors: pd.DataFrame, first: str, second: str) -> Figure:
    """The error of each image for two networks."""
    figure, axis = panel(3.3)
    axis.loglog(errors[first], errors[second], ".", color=PURPLE, alpha=0.6)
    plain_logarithm(axis.xaxis, axis.yaxis)
    ends = [errors[[first, second]].min().min(), errors[[first, second]].max().max()]
    axis.plot(ends, ends, color=GREY, linewidth=0.8)
    axis.set(xlabel="error, first seed", ylabel="error, second seed")
    record(axis, pd.DataFrame({"first": errors[first], "second": errors[second]}))
    return figure


def foretold(rows: pd.DataFrame) -> Figure:
    """The rank correlation with the error of a network for each thing that may foretell it, with its interval."""
    rows = rows.sort_values("value", ascending=False)
    alone = rows["needs"].isin(["the training data", "nothing"])
    figure, axis = interval_rows(rows, [(GREEN, "s") if one else (PURPLE, "o") for one in alone], "value", margin=0.6)
    axis.set(xlabel="rank correlation with the error")
    record(axis, rows[["measure", "needs", "value", "low", "high"]])
    return figure


def seeds_table(rows: pd.DataFrame) -> str:
    """`lib.analysis.twice.seeds_alike` as a table."""
    columns = [
        ("$d$", "{latent_dim:.0f}"),
        ("rank correlation", "{agreement:.2f}"),
        ("worst tenth shared", "{shared:.2f}"),
    ]
    columns += [("share between images", "{image_share:.2f}"), ("variance over seeds", "{variance:.2f}")]
    return table(rows, columns)


def gap_by_epochs(rows: pd.DataFrame) -> Figure:
    """Epochs and gap of networks at the same training error, for all learning rates; the tuned ones are filled."""
    figure, axis = panel(3.1, width=4.6)
    for name, (color, marker) in MARKS.items():
        for tuned, label in ((False, f"{name}, other rates"), (True, name)):
            part = rows[(rows["optimizer"] == name) & (rows["tuned"] == tuned)]
            face = color if tuned else "none"
            axis.plot(part["epochs"], part["gap"], marker, color=color, markerfacecolor=face, label=label)
    axis.set_xscale("log")
    plain_logarithm(axis.xaxis)
    axis.set(xlabel="epochs", ylabel="test MSE minus training MSE")
    legend(axis, **ABOVE | {"ncols": 2, "fontsize": 8})
    record(axis, rows[["optimizer", "rate", "tuned", "seed", "epochs", "gap"]])
    return figure


def twins_table(rows: pd.DataFrame) -> str:
    """Means over seeds, with standard deviations, for both optimizers and both training errors."""
    order = [(name, target) for target in (TARGET, LOW_TARGET) for name in MARKS]
    parts = [rows[(rows["optimizer"] == name) & (rows["target"] == target)] for name, target in order]
    columns = {
        "epochs": ("epochs", 0, 1),
        "gap": ("test MSE minus training MSE, $10^{-4}$", 1, 1e4),
        "trace_latent": ("mean trace of J_L over $d$", 2, 1),
        "within": ("agreement, same optimizer", 2, 1),
        "same_seed": ("agreement, other optimizer, same seed", 2, 1),
        "across": ("agreement, other optimizer, other seed", 2, 1),
    }
    lines = []
    for column, (label, digits, factor) in columns.items():
        values = [factor * part[column] for part in parts]
        lines.append([label, *(f"{one.mean():.{digits}f} ± {one.std():.{digits}f}" for one in values)])
    return markdown(["", *(f"{name}, {target:g}" for name, target in order)], lines)


def by_width(tables: Mapping[float, pd.DataFrame], column: str, label: str) -> Figure:
    """A column against the width of the hidden layer, a line for each share of noisy labels."""
    names = {0.0: "clean labels", 1.0: "random labels"}
    names |= {noise: f"{100 * noise:.0f} % noisy labels" for noise in tables if noise not in names}
    curves = [(means[column], NOISE_STYLES[noise], names[noise]) for noise, means in tables.items()]
    figure = _over_sizes(curves, "units in the hidden layer", label, "best" if column == "test_error" else "")
    for noise, means in tables.items():
        record(figure, means[[column]].reset_index(), noise=noise)
    figure.axes[0].set_ylim(bottom=0)
    return figure


def _over_sizes(curves: Sequence[tuple[pd.Series, tuple, str]], x: str, y: str, place: str) -> Figure:
    """Curves over numbers of units, the index of each series, by powers of two; `place` of the legend, if any."""
    figure, axis = panel(2.7)
    for values, (color, marker, dashes), label in curves:
        axis.plot(values.index, values, color=color, marker=marker, linestyle=dashes, label=label)
    axis.set_xscale("log", base=2)
    axis.set(xlabel=x, ylabel=y)
    if place:
        legend(axis, fontsize=8, loc=place)
    return figure


def decision_planes(regions: Mapping[int, Sequence[np.ndarray]]) -> Figure:
    """The classes on one plane: a row a seed, a column a width."""
    seeds = len(next(iter(regions.values())))
    figure = Figure(figsize=(1.7 * len(regions) + 0.3, 1.7 * seeds + 0.3))
    axes = figure.subplots(seeds, len(regions), squeeze=False)
    for (width, of_seeds), column in zip(regions.items(), axes.T, strict=True):
        column[0].set_title(f"{width} units")
        for axis, classes in zip(column, of_seeds, strict=True):
            axis.imshow(classes, cmap="tab10", vmin=0, vmax=9, origin="lower", interpolation="nearest")
            axis.set(xticks=[], yticks=[])
    for seed, axis in enumerate(axes[:, 0]):
        axis.set_ylabel(f"training {seed + 1}")
    return figure


def chunk_curves(rows: pd.DataFrame, column: str, label: str) -> Figure:
    """R2 or residual correlation against the size of the chunk, a line for each layer."""
    by_layer = rows.set_index(["layer", "size"])[column]
    curves = [(by_layer.loc[layer], style, LAYER_NAMES.get(layer, layer)) for layer, style in LAYER_STYLES.items()]
    figure = _over_sizes(curves, "units in the chunk", label, "upper right" if column == "correlation" else "")
    top = rows[column].max()
    figure.axes[0].set_ylim(0, 1.9 * top if column == "correlation" else 1.05 * top)  # room for the legend
    record(figure, rows[["layer", "size", column]])
    return figure
