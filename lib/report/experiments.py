"""Figures and tables of the page `experiments`: the data, the networks, their training and their reconstructions."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import matplotlib
import matplotlib.ticker
import numpy as np
from matplotlib.figure import Figure

from lib.analysis import evidence
from lib.analysis.evidence import by_dim
from lib.report.layout import Summaries, by_run, markdown, table
from lib.report.numbers import record
from lib.report.style import ABOVE, PURPLE, against_dimension, depth_styles, draw_image, grid, legend, series
from lib.runs import Run
from lib.runs.results import Summary, evenly_spaced, select_rows

PURPLES = ("#DDA6C4", PURPLE, "#94467A", "#4B1B3D")  # errors, from light to dark


def loss_curves(summary: Summary) -> Figure:
    """The test error during training at the tables' depth, for up to four d; training error dashed."""
    figure, (axis,) = grid(summary, rows=1)
    keys = {"depth": summary.run.table_depth, "seed": summary.run.seeds[0]}
    for latent_dim, color in zip(evenly_spaced(summary.run.latent_dims, len(PURPLES)), PURPLES, strict=False):
        rows = select_rows(summary.history, latent_dim=latent_dim, **keys)
        measured = rows.dropna(subset="test_mse")
        axis.plot(rows["epoch"], rows["train_mse"], "--", color=color, linewidth=1)
        axis.plot(measured["epoch"], measured["test_mse"], "o-", color=color, label=f"$d={latent_dim}$")
        record(axis, rows[["epoch", "train_mse", "test_mse"]], latent_dim=latent_dim, **keys)
    axis.set(xlabel="epoch", ylabel="mean squared error", yscale="log")
    axis.set_xscale("symlog", linthresh=1)
    axis.set_xlim(left=-0.1)
    axis.xaxis.set_major_formatter(matplotlib.ticker.ScalarFormatter())
    legend(axis, **ABOVE)
    return figure


def final_errors(summary: Summary) -> Figure:
    """Mean squared error of test points after training, against d, by depth; of training points dashed."""
    figure, (axis,) = grid(summary, rows=1)
    for (depth, (_, marker, _)), color in zip(depth_styles(summary).items(), PURPLES, strict=False):
        rows = by_dim(summary.members, depth=depth)
        series(axis, rows, (color, marker, "-"), f"$n={depth}$", value="test_mse", band=())
        series(axis, rows, (color, "none", "--"), "_train", value="train_mse", band=())
    axis.set(ylabel="mean squared error", yscale="log")
    legend(axis, **ABOVE)
    against_dimension(axis)
    return figure


def reconstructions(summary: Summary) -> list[Figure]:
    """One test image of every class (top row) and its reconstructions at the tables' depth, by d; five classes to a figure."""
    examples = select_rows(summary.examples, depth=summary.run.table_depth, seed=summary.run.seeds[0])
    shown = evenly_spaced(examples["latent_dim"].unique().tolist(), 5)
    columns = {}
    for label, of_class in examples.groupby("label"):
        by_d = of_class.set_index("latent_dim")
        columns[label] = [by_d["original"].iloc[0], *(by_d["reconstruction"][d] for d in shown)]
    return _pictures(columns, ["test image", *(f"$d={d}$" for d in shown)], summary.image_shape)


def samples(images: np.ndarray, labels: np.ndarray, image_shape: Sequence[int], rows: int = 2) -> list[Figure]:
    """The first images of every class, a column per class; five classes to a figure."""
    columns = {name: images[labels == name][:rows] for name in np.unique(labels)}
    return _pictures(columns, [""] * rows, image_shape)


def _pictures(columns: Mapping[Any, Sequence[Any]], names: Sequence[str], image_shape: Sequence[int]) -> list[Figure]:
    """Images by class (columns) and by what the rows are named; five columns to a figure, which fit a phone."""
    labels, figures = list(columns), []
    for shown in (labels[place : place + 5] for place in range(0, len(labels), 5)):
        figure = Figure(figsize=(3.7, 0.62 * len(names)))
        axes = figure.subplots(len(names), len(shown), squeeze=False)
        for column, label in enumerate(shown):
            for axis, image in zip_longest(axes[:, column], columns[label]):
                if image is None:
                    axis.set_axis_off()
                else:
                    draw_image(axis, image, image_shape)
        for axis, name in zip(axes[:, 0], names, strict=True):
            axis.set_ylabel(name, rotation=0, ha="right", va="center")
        figures.append(figure)
    return figures


def coverage(summaries: Summaries) -> str:
    """The extent of each run: data, latent dimensions, depths, epochs, and how many of its networks are there."""
    header = ["run", "data", "train + test images", "$d$", "$n$", "epochs", "networks"]
    rows = []
    for name, summary in summaries.items():
        run, present = summary.run, len(summary.members)
        dims = sorted(run.latent_dims)
        whole = dims == list(range(dims[0], dims[-1] + 1))
        latent = f"{dims[0]} to {dims[-1]}" if whole else ", ".join(map(str, dims))
        pixels = "×".join(map(str, summary.image_shape))
        points = f"{summary.members['points_train'].iloc[0]:,} + {summary.members['points_test'].iloc[0]:,}"
        networks = f"{present} of {present + summary.absent}" if summary.absent else present
        depths = ", ".join(map(str, run.depths))
        rows.append([name, f"{run.dataset}, {pixels}", points, latent, depths, run.epochs, networks])
    return markdown(header, rows, left=2)


def settings_table(summaries: Summaries) -> str:
    """The settings that a run leaves open, by run."""
    names = ["hidden_widths", "initialisation", "output", "batch_size", "learning_rate", "precision"]
    runs = [summary.run for summary in summaries.values()]
    rows = [[name.replace("_", " "), *(_setting(run, name) for run in runs)] for name in names]
    return markdown(["setting", *summaries], rows, left=1 + len(summaries))


def _setting(run: Run, name: str) -> str:
    value = getattr(run, name)
    if not isinstance(value, dict):
        return str(value)
    return "; ".join(f"$n={depth}$: {'-'.join(map(str, widths))}" for depth, widths in value.items())


def health_table(summaries: Summaries) -> str:
    """`lib.analysis.evidence.health` of each run: the shares of unsound cores."""
    columns = [
        ("run", "{run}"),
        ("$n$", "{depth}"),
        ("singular", "{singular:.2%}"),
        ("$\\sigma_d/\\sigma_1<10^{-6}$", "{ill_conditioned:.2%}"),
        ("$\\omega\\le0$", "{nonpositive:.1%}"),
        ("most $\\omega\\le0$", "{most_nonpositive:.0%} ($d$ = {most_d})"),
    ]
    return table(by_run({name: evidence.health(summary) for name, summary in summaries.items()}), columns)
