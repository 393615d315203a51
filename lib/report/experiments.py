"""Figures and tables of the page `experiments`: the data, the networks, their training and their reconstructions."""

from collections.abc import Sequence
from itertools import zip_longest

import matplotlib
import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis import evidence, sensitivity
from lib.analysis.evidence import by_dim
from lib.report.layout import Summaries, by_run, markdown, table
from lib.report.sensitivity import SERIES
from lib.report.style import BLACK, BY_DEPTH, depth_styles, draw_image, finish, grid, legend, series
from lib.runs import Run
from lib.runs.results import Summary, evenly_spaced, select_rows


def loss_curves(summaries: Summaries) -> Figure:
    """The test error during training at the table depth, for the smallest, a middle and the largest d; training error dashed."""
    figure, axes = grid(summaries, rows=1, height=3.2)
    for column, summary in enumerate(summaries.values()):
        dims = sorted(summary.run.latent_dims)
        shown = dict.fromkeys([dims[0], dims[len(dims) // 4], dims[len(dims) // 2], dims[-1]])
        for latent_dim, (color, _, _) in zip(shown, BY_DEPTH, strict=False):
            rows = select_rows(
                summary.history, depth=summary.run.table_depth, latent_dim=latent_dim, seed=summary.run.seeds[0]
            )
            axes[0, column].plot(rows["epoch"], rows["train_mse"], color=color, linestyle="--", linewidth=1)
            measured = rows.dropna(subset="test_mse")
            axes[0, column].plot(measured["epoch"], measured["test_mse"], color=color, marker="o")
            last = measured.iloc[-1]
            axes[0, column].annotate(
                f"$d={latent_dim}$",
                (last["epoch"], last["test_mse"]),
                (5, 0),
                textcoords="offset points",
                color=color,
                va="center",
            )
        axes[0, column].plot([], [], color="#555555", marker="o", label="test")
        axes[0, column].plot([], [], color="#555555", linestyle="--", label="train, epoch average")
        axes[0, column].set(xlabel="epoch", ylabel="mean squared error", yscale="log")
        axes[0, column].set_xscale("symlog", linthresh=1)
        axes[0, column].set_xlim(left=-0.1)
        axes[0, column].xaxis.set_major_formatter(matplotlib.ticker.ScalarFormatter())
        legend(axes[0, column])
    return figure


def final_errors(summaries: Summaries) -> Figure:
    """Mean squared error of train and test points after training, against d, by depth."""
    figure, axes = grid(summaries, rows=1, height=3.0)
    for column, summary in enumerate(summaries.values()):
        for depth, (color, marker, _) in depth_styles(summary).items():
            rows = by_dim(summary.members, depth=depth)
            series(axes[0, column], rows, (color, marker, "-"), f"$n={depth}$, test", value="test_mse", band=())
            series(axes[0, column], rows, (color, "none", "--"), f"$n={depth}$, train", value="train_mse", band=())
        axes[0, column].set(ylabel="mean squared error", yscale="log")
        legend(axes[0, column], ncols=2)
    finish(axes)
    return figure


def reconstructions(summary: Summary) -> Figure:
    """One test image of every class (top row) and its reconstructions at the tables' depth, by d."""
    examples = select_rows(summary.examples, depth=summary.run.table_depth, seed=summary.run.seeds[0])
    shown = evenly_spaced(examples["latent_dim"].unique().tolist(), 5)
    labels = sorted(examples["label"].unique())
    figure = Figure(figsize=(0.68 * len(labels) + 0.6, 0.68 * (len(shown) + 1)))
    axes = figure.subplots(len(shown) + 1, len(labels), squeeze=False)
    for column, label in enumerate(labels):
        images = examples[examples["label"] == label].set_index("latent_dim")
        pictures = [images["original"].iloc[0], *(images["reconstruction"][latent_dim] for latent_dim in shown)]
        for row, picture in enumerate(pictures):
            draw_image(axes[row, column], picture, summary.image_shape)
    for row, name in enumerate(["test image", *(f"$d={latent_dim}$" for latent_dim in shown)]):
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def samples(images: np.ndarray, labels: np.ndarray, image_shape: Sequence[int], rows: int = 2) -> Figure:
    """The first images of every class, a column a class."""
    names = np.unique(labels)
    figure = Figure(figsize=(0.68 * len(names) + 0.6, 0.78 * rows))
    axes = figure.subplots(rows, len(names), squeeze=False)
    for column, name in enumerate(names):
        for axis, image in zip_longest(axes[:, column], images[labels == name][:rows]):
            if image is None:
                axis.set_axis_off()
            else:
                draw_image(axis, image, image_shape)
        axes[0, column].set_title(str(name), loc="center")
    return figure


def precisions(rows: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Test slopes by latent dimension, a panel a column of the tables; each seed in two precisions, joined by a line.

    `rows`: of `lib.analysis.sensitivity.precision`; `names`: of the two precisions.
    """
    figure = Figure(figsize=(8.4, 2.9))
    axes = figure.subplots(1, len(SERIES), sharey=True)
    places = {latent_dim: place for place, latent_dim in enumerate(sorted(rows["latent_dim"].unique()))}
    for axis, ((space, predictor), (color, _, _, title)) in zip(axes, SERIES.items(), strict=True):
        of_column = select_rows(rows, space=space, predictor=predictor)
        for latent_dim, same in of_column.groupby("latent_dim"):
            for height, (_, row) in enumerate(same.iterrows()):
                across = places[latent_dim] + 0.25 * (height - (len(same) - 1) / 2)
                values = [row["test_slope"], row["test_slope_other"]]
                axis.plot([across, across], values, color=color, linewidth=0.8)
                axis.plot([across], values[:1], "o", color=color)
                axis.plot([across], values[1:], "x", color=BLACK)
        axis.set_title(title)
        axis.set_xticks(list(places.values()), list(places))
        axis.set_xlabel("latent dimension $d$")
        axis.axhline(0, color=BLACK, linewidth=0.7)
    axes[0].set_ylabel("test slope $b_1+b_3$")
    for marker, name in zip(("o", "x"), names, strict=True):
        axes[-1].plot([], [], marker, color=BLACK, label=name)
    axes[-1].legend(fontsize=8)
    return figure


def coverage(summaries: Summaries) -> str:
    """The extent of each run: data, latent dimensions, depths, epochs, and how many of its members are there."""
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
    rows = []
    for name, summary in summaries.items():
        run, present = summary.run, len(summary.members)
        dims = sorted(run.latent_dims)
        whole = dims == list(range(dims[0], dims[-1] + 1))
        latent = f"{dims[0]} to {dims[-1]}" if whole else ", ".join(map(str, dims))
        pixels = "×".join(map(str, summary.image_shape))
        points = f"{summary.members['points_train'].iloc[0]:,} + {summary.members['points_test'].iloc[0]:,}"
        members = f"{present} of {present + summary.absent}"
        rows.append([name, run.dataset, pixels, points, latent, ", ".join(map(str, run.depths)), run.epochs, members])
    return markdown(header, rows, left=2)


def settings_table(summaries: Summaries) -> str:
    """The settings that a run leaves open, by run."""
    names = [
        "dataset",
        "hidden_widths",
        "initialisation",
        "output",
        "epochs",
        "batch_size",
        "learning_rate",
        "precision",
    ]
    runs = [summary.run for summary in summaries.values()]
    rows = [[name.replace("_", " "), *(_setting(run, name) for run in runs)] for name in names]
    return markdown(["setting", *summaries], rows, left=1 + len(summaries))


def _setting(run: Run, name: str) -> str:
    value = getattr(run, name)
    if not isinstance(value, dict):
        return str(value)
    return "; ".join(f"$n={depth}$: {'-'.join(map(str, widths))}" for depth, widths in value.items())


def precision_table(pairs: pd.DataFrame | None, runs: Sequence[Summary]) -> str:
    """The test slopes of two runs that differ in precision alone (`lib.analysis.sensitivity.precision`), in words."""
    if pairs is None:
        return "Two runs are needed to say more, and both are not there."
    effect = sensitivity.precision_effect(pairs)
    return (
        f"Runs `{runs[0].run.name}` and `{runs[1].run.name}`: the test slopes $b_1+b_3$ of the paper's equations 6 and 7 (page "
        "[prediction](prediction)); a line joins the two precisions of one seed. In the median the two differ by "
        f"{effect['apart']:.2f} for the same seed, which after some epochs no longer is the same network, and the "
        f"{effect['seeds']} seeds of one precision span {effect['span']:.2f}. The means over the seeds differ by "
        f"{effect['means_apart']:.2f}, and by more than the seeds span in {effect['beyond']} of {effect['cases']} cases. "
        "At the size of MNIST this was not tried: products in bfloat16 take too long where they are not built in."
    )


def health_table(summaries: Summaries) -> str:
    """`lib.analysis.evidence.health` of each run: mean errors, and the shares of unsound cores."""
    columns = [
        ("run", "{run}"),
        ("$n$", "{depth}"),
        ("members", "{networks}"),
        ("train MSE", "{train_mse:.4f}"),
        ("test MSE", "{test_mse:.4f}"),
        ("singular", "{singular:.2%}"),
        ("$\\sigma_d/\\sigma_1<10^{-6}$", "{ill_conditioned:.2%}"),
        ("$\\omega\\le0$", "{nonpositive:.2%}"),
        ("most $\\omega\\le0$", "$d$ = {most_d}: {most_nonpositive:.1%}"),
    ]
    return table(by_run({name: evidence.health(summary) for name, summary in summaries.items()}), columns)
