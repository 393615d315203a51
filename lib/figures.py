"""The book's figures: one function a figure, from summaries to a matplotlib figure. Nothing here computes a result.

Every function takes the summaries of one or more runs by name; runs stand side by side, a column each, unless the
docstring says otherwise. One style serves the whole book: text stays text in the SVG, the same bytes come out of the
same numbers, and every series differs by marker or dash as well as by colour, so that the figures read in grey.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib
import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib import published
from lib.errors import InputError
from lib.runs.results import Summary

Summaries = Mapping[str, Summary]

# Okabe and Ito's colours, which colour-blind readers can tell apart, in an order whose greys differ too.
BLUE, ORANGE, GREEN, PURPLE, SKY, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#222222"
BY_DEPTH = ((GREEN, "^", ":"), (BLUE, "o", "-"), (ORANGE, "s", "--"), (PURPLE, "D", "-."))
BY_SPACE = {"input": (ORANGE, "s", "--"), "latent": (BLUE, "o", "-")}
BY_SPLIT = {"train": (SKY, "s", "--"), "test": (BLACK, "o", "-")}
SPACE_NAMES = {"input": "$J_I$", "latent": "$J_L$"}
PREDICTOR_NAMES = {"log_volume": "log volume", "trace": "trace"}
LATENT_DIMENSION = "latent dimension $d$"
EMPHASISED_CLASS = 1

STYLE = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "geometry-and-generalization",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.5,
    "lines.markersize": 4,
}


def use_style() -> None:
    """Set the book's style for all figures that follow, and SVG as what a notebook shows of them."""
    matplotlib.rcParams.update(STYLE)
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # no notebook: nothing to set
        return
    set_matplotlib_formats("svg", metadata={"Date": None, "Creator": None})


# --- selection ---------------------------------------------------------------------------------------------------


def statistics(summary: Summary, quantity: str, **keys: Any) -> pd.DataFrame:
    """The rows of one quantity that match the keys (depth, space, split, label), by latent dimension, over seeds their mean."""
    rows = _matching(summary.statistics, quantity=quantity, **keys)
    return rows.groupby("latent_dim", as_index=False).mean(numeric_only=True)


def slopes(summary: Summary, predictor: str, **keys: Any) -> pd.DataFrame:
    """The rows of `regressions` that match, by latent dimension."""
    rows = _matching(summary.regressions, predictor=predictor, **keys)
    return rows.groupby("latent_dim", as_index=False).mean(numeric_only=True)


def _matching(rows: pd.DataFrame, **keys: Any) -> pd.DataFrame:
    chosen = np.logical_and.reduce([rows[key] == value for key, value in keys.items()])
    return rows[chosen]


def classes(summary: Summary) -> list[int]:
    """The classes of the data, without the -1 that stands for all of them."""
    return sorted(int(label) for label in summary.statistics["label"].unique() if label >= 0)


def _grid(
    summaries: Summaries, rows: int, width: float = 4.6, height: float = 2.6, **options: Any
) -> tuple[Figure, np.ndarray]:
    if not summaries:
        raise InputError("No run was given to draw; name at least one.")
    columns = len(summaries)
    figure = Figure(figsize=(max(7.0, width * columns), height * rows))
    axes = figure.subplots(rows, columns, squeeze=False, **{"sharex": "col"} | options)
    for column, name in enumerate(summaries):
        axes[0, column].annotate(
            f"run {name}", (0, 1), (0, 20), xycoords="axes fraction", textcoords="offset points", weight="bold"
        )
    return figure, axes


def _finish(axes: np.ndarray) -> None:
    for axis in axes[-1]:
        axis.set_xlabel(LATENT_DIMENSION)
        axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))


def _series(
    axis: Axes,
    rows: pd.DataFrame,
    style: tuple[str, str, str],
    label: str,
    value: str = "median",
    band: Sequence[str] = ("q25", "q75"),
) -> None:
    color, marker, dashes = style
    axis.plot(rows["latent_dim"], rows[value], color=color, marker=marker, linestyle=dashes, label=label)
    if band:
        axis.fill_between(rows["latent_dim"], rows[band[0]], rows[band[1]], color=color, alpha=0.12, linewidth=0)


def _by_class(axis: Axes, rows_of: Any, labels: Iterable[int]) -> None:
    """One line a class: class 1 in colour, the others grey, each named by its digit at the end of its line."""
    for label in labels:
        rows = rows_of(label)
        if not len(rows):
            continue
        emphasised = label == EMPHASISED_CLASS
        color, width = (ORANGE, 2.0) if emphasised else (matplotlib.colormaps["Greys"](0.45 + 0.05 * (label % 10)), 0.9)
        axis.plot(rows["latent_dim"], rows["value"], color=color, linewidth=width, zorder=3 if emphasised else 2)
        axis.plot(
            rows["latent_dim"],
            rows["value"],
            color=color,
            linestyle="none",
            marker=f"${label}$",
            markersize=5.5,
            zorder=4,
        )
    axis.plot([], [], color=ORANGE, linewidth=2, label=f"class {EMPHASISED_CLASS}")
    axis.plot([], [], color="#777777", linewidth=0.9, label="other classes, by digit")


def _legend(axis: Axes, **options: Any) -> None:
    axis.legend(**{"loc": "best", "handlelength": 2.4} | options)


def _depth_styles(summary: Summary) -> dict[int, tuple[str, str, str]]:
    return dict(zip(sorted(summary.run.depths), BY_DEPTH, strict=False))


# --- the paper's figures -----------------------------------------------------------------------------------------


def spectral_distance(summaries: Summaries) -> Figure:
    """Figure 2: the distance of the spectra of J_I and J_L, divided by d, against d: L1 norm above, L2 norm below."""
    figure, axes = _grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for row, norm in enumerate(("l1", "l2")):
            for depth, style in _depth_styles(summary).items():
                rows = statistics(summary, f"distance_{norm}", depth=depth, split="all", label=-1)
                _series(axes[row, column], rows, style, f"$n={depth}$")
            axes[row, column].set_ylabel(f"$L^{norm[1]}$ distance$\\,/\\,d$")
            axes[row, column].set_ylim(bottom=0)
        _legend(axes[0, column])
    _finish(axes)
    return figure


def argument_distribution(summaries: Summaries) -> Figure:
    """Figure 3: arguments of the eigenvalues of J_L by depth (top); the angle of rotation |arg| of J_I, table depth (bottom)."""
    figure, axes = _grid(summaries, rows=2, sharex=False)
    for column, summary in enumerate(summaries.values()):
        for depth, (color, _, dashes) in _depth_styles(summary).items():
            degrees, share = argument_shares(summary, "latent", depth)
            axes[0, column].plot(degrees, share, color=color, linestyle=dashes, label=f"$J_{{L,{depth}}}$")
        degrees, share = argument_shares(summary, "input", summary.run.table_depth)
        folded = pd.Series(share).groupby(np.abs(degrees)).sum()
        axes[1, column].bar(folded.index, folded, width=4, color=ORANGE, label=f"$J_{{I,{summary.run.table_depth}}}$")
        axes[0, column].set_ylabel("share of eigenvalues")
        axes[1, column].set_ylabel("share of eigenvalues")
        axes[0, column].set_xlabel("argument, degrees")
        axes[1, column].set_xlabel("angle of rotation |argument|, degrees")
        for axis in axes[:, column]:
            axis.set_yscale("log")
            axis.xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(45))
            _legend(axis)
    return figure


def argument_shares(summary: Summary, space: str, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Bin centres in whole degrees, and the share of all eigenvalues of this depth, pooled over d, in each."""
    rows = _matching(summary.histograms, quantity="argument", space=space, depth=depth, label=-1)
    counts = np.sum(rows["counts"].tolist(), axis=0)
    first = rows.iloc[0]
    degrees = np.degrees(first["left"] + first["width"] * (np.arange(len(counts)) + 0.5)).round().astype(int)
    return degrees, counts / counts.sum()


def mean_eigenvalue(summaries: Summaries, quantity: str) -> Figure:
    """Figures 4 and 5: the arithmetic or geometric mean of a point's eigenvalues against d.

    J_L by depth (top), by class at the table depth (centre), and J_I beside J_L at the table depth (bottom): medians,
    with the middle half of the points as a band.
    """
    figure, axes = _grid(summaries, rows=3)
    for column, summary in enumerate(summaries.values()):
        depth = summary.run.table_depth
        for one, style in _depth_styles(summary).items():
            rows = statistics(summary, quantity, space="latent", depth=one, split="all", label=-1)
            _series(axes[0, column], rows, style, f"$J_{{L,{one}}}$")
        _by_class(axes[1, column], _class_medians(summary, quantity), classes(summary))
        for space, style in BY_SPACE.items():
            rows = statistics(summary, quantity, space=space, depth=depth, split="all", label=-1)
            _series(axes[2, column], rows, style, f"{SPACE_NAMES[space]}, $n={depth}$")
        for axis in axes[:, column]:
            axis.axhline(1, color="#888888", linewidth=0.8, zorder=1)
            axis.set_ylabel(f"{quantity.replace('_', ' ')}")
            _legend(axis)
    _finish(axes)
    return figure


def _class_medians(summary: Summary, quantity: str, value: str = "median") -> Any:
    depth = summary.run.table_depth

    def rows_of(label: int) -> pd.DataFrame:
        rows = statistics(summary, quantity, space="latent", depth=depth, split="all", label=label)
        return rows.rename(columns={value: "value"})

    return rows_of


def small_eigenvalues(summaries: Summaries) -> Figure:
    """Figure 6: the mean number of eigenvalues of J_L with modulus below 0.1 against d: by depth (top), by class (bottom)."""
    figure, axes = _grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for depth, style in _depth_styles(summary).items():
            rows = statistics(summary, "small_eigenvalues", space="latent", depth=depth, split="all", label=-1)
            _series(axes[0, column], rows, style, f"$J_{{L,{depth}}}$", value="mean", band=())
        _by_class(axes[1, column], _class_medians(summary, "small_eigenvalues", value="mean"), classes(summary))
        for axis in axes[:, column]:
            axis.set_ylabel("eigenvalues below 0.1 a point")
            axis.set_ylim(bottom=0)
            _legend(axis)
    _finish(axes)
    return figure


def orientation(summaries: Summaries) -> Figure:
    """Figure 7: the share of points with omega < 0: of J_L, train and test by depth (top); of J_I and J_L (bottom)."""
    figure, axes = _grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for depth, (color, marker, _) in _depth_styles(summary).items():
            for split, dashes in (("train", "--"), ("test", "-")):
                rows = statistics(summary, "reversed", space="latent", depth=depth, split=split, label=-1)
                style = (color, marker if split == "test" else "none", dashes)
                _series(axes[0, column], rows, style, f"$J_{{L,{depth}}}$, {split}", value="mean", band=())
        for space, style in BY_SPACE.items():
            rows = statistics(summary, "reversed", space=space, depth=summary.run.table_depth, split="all", label=-1)
            _series(
                axes[1, column],
                rows,
                style,
                f"{SPACE_NAMES[space]}, $n={summary.run.table_depth}$",
                value="mean",
                band=(),
            )
        for axis in axes[:, column]:
            axis.set_ylabel("share of points with $\\omega<0$")
            axis.set_ylim(bottom=0)
            _legend(axis, ncols=2)
    _finish(axes)
    return figure


def error_slopes(summaries: Summaries, predictor: str) -> Figure:
    """Figures 8 and 9: the slope b1 + b3 of the test MSE on the predictor, both in standard deviations, against d.

    J_L by depth with 95 % intervals (top), and by class at the table depth (bottom). Where the run is on the paper's data
    set, the published values stand beside it.
    """
    figure, axes = _grid(summaries, rows=2)
    for column, summary in enumerate(summaries.values()):
        for depth, style in _depth_styles(summary).items():
            rows = slopes(summary, predictor, space="latent", depth=depth, label=-1)
            _interval(axes[0, column], rows, style, f"$J_{{L,{depth}}}$")
        if summary.run.dataset == "mnist":
            _published_slopes(axes[0, column], predictor, "latent")
        _by_class(axes[1, column], _class_slopes(summary, predictor), classes(summary))
        for axis in axes[:, column]:
            axis.axhline(0, color="#888888", linewidth=0.8, zorder=1)
            axis.set_ylabel(f"test slope on {PREDICTOR_NAMES[predictor]}")
            _legend(axis)
    _finish(axes)
    return figure


def _interval(axis: Axes, rows: pd.DataFrame, style: tuple[str, str, str], label: str) -> None:
    half = 1.96 * rows["test_slope_se"]
    banded = rows.assign(low=rows["test_slope"] - half, high=rows["test_slope"] + half)
    _series(axis, banded, style, label, value="test_slope", band=("low", "high"))


def _published_slopes(axis: Axes, predictor: str, space: str) -> None:
    table = published.table(1 if predictor == "log_volume" else 2)
    rows = table[table["space"] == space]
    axis.plot(
        rows["latent_dim"], rows["test_slope"], color=BLACK, marker="x", linestyle="none", label="published, $n=4$"
    )


def _class_slopes(summary: Summary, predictor: str) -> Any:
    def rows_of(label: int) -> pd.DataFrame:
        rows = slopes(summary, predictor, space="latent", depth=summary.run.table_depth, label=label)
        return rows.rename(columns={"test_slope": "value"})

    return rows_of


# --- the experiments ---------------------------------------------------------------------------------------------


def loss_curves(summaries: Summaries) -> Figure:
    """The test error during training at the table depth, for the smallest, a middle and the largest d; training error dashed."""
    figure, axes = _grid(summaries, rows=1, height=3.2)
    for column, summary in enumerate(summaries.values()):
        dims = sorted(summary.run.latent_dims)
        shown = dict.fromkeys([dims[0], dims[len(dims) // 4], dims[len(dims) // 2], dims[-1]])
        for latent_dim, (color, _, _) in zip(shown, BY_DEPTH, strict=False):
            rows = _matching(
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
        _legend(axes[0, column])
    return figure


def final_errors(summaries: Summaries) -> Figure:
    """Mean squared error of train and test points after training, against d, by depth."""
    figure, axes = _grid(summaries, rows=1, height=3.0)
    for column, summary in enumerate(summaries.values()):
        for depth, (color, marker, _) in _depth_styles(summary).items():
            rows = _matching(summary.members, depth=depth).groupby("latent_dim", as_index=False).mean(numeric_only=True)
            _series(axes[0, column], rows, (color, marker, "-"), f"$n={depth}$, test", value="test_mse", band=())
            _series(axes[0, column], rows, (color, "none", "--"), f"$n={depth}$, train", value="train_mse", band=())
        axes[0, column].set(ylabel="mean squared error", yscale="log")
        _legend(axes[0, column], ncols=2)
    _finish(axes)
    return figure


def reconstructions(summary: Summary) -> Figure:
    """One test image of every class (top row) and what the members of the table depth make of it, by d."""
    own = _matching(summary.examples, depth=summary.run.table_depth, seed=summary.run.seeds[0])
    dims = sorted(own["latent_dim"].unique())
    shown = [dims[index] for index in sorted({round(i) for i in np.linspace(0, len(dims) - 1, 5)})]
    labels = sorted(own["label"].unique())
    figure = Figure(figsize=(0.68 * len(labels) + 0.6, 0.68 * (len(shown) + 1)))
    axes = figure.subplots(len(shown) + 1, len(labels), squeeze=False)
    for column, label in enumerate(labels):
        images = own[own["label"] == label].set_index("latent_dim")
        pictures = [images["original"].iloc[0], *(images["reconstruction"][latent_dim] for latent_dim in shown)]
        for row, picture in enumerate(pictures):
            _picture(axes[row, column], picture, summary.image_shape)
    for row, name in enumerate(["test image", *(f"$d={latent_dim}$" for latent_dim in shown)]):
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def samples(images: np.ndarray, labels: np.ndarray, image_shape: Sequence[int], rows: int = 2) -> Figure:
    """The first images of every class, a column a class."""
    names = np.unique(labels)
    figure = Figure(figsize=(0.68 * len(names) + 0.6, 0.78 * rows))
    axes = figure.subplots(rows, len(names), squeeze=False)
    for column, name in enumerate(names):
        for row in range(rows):
            _picture(axes[row, column], images[labels == name][row], image_shape)
        axes[0, column].set_title(str(name), loc="center")
    return figure


def _picture(axis: Axes, pixels: Any, image_shape: Sequence[int]) -> None:
    axis.imshow(np.reshape(pixels, image_shape), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set(visible=True, color="#bbbbbb", linewidth=0.5)


# --- the bounds --------------------------------------------------------------------------------------------------


def bound_against_actual(checks: Mapping[str, Any]) -> Figure:
    """Bounds (`lib.bounds.Check`, by caption) against what they bound, a panel each, a dot a point; on the line both are equal."""
    columns = 3
    rows = -(-len(checks) // columns)
    figure = Figure(figsize=(7.4, 2.5 * rows))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, (name, check) in zip(axes, checks.items(), strict=False):
        bound, actual = check.bound.numpy(), check.actual.numpy()
        color, marker = (BLUE, "o") if check.kind == "lower" else (ORANGE, "s")
        axis.plot(actual, bound, color=color, marker=marker, markersize=2, linestyle="none", alpha=0.5, rasterized=True)
        high = float(actual.max())
        axis.plot([0, high], [0, high], color=BLACK, linewidth=0.9)
        axis.set(title=name, xlim=(0, 1.05 * high), ylim=(0, 2.1 * high if check.kind == "upper" else 1.05 * high))
        axis.set(xlabel="actual", ylabel=f"{check.kind} bound")
    for axis in axes[len(checks) :]:
        axis.set_visible(False)
    return figure
