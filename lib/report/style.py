"""The style of the book's figures, and their common parts: grids of panels, series, classes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import matplotlib
import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from lib.analysis.published import SPACE_NAMES
from lib.measures.regression import CLASS_ONE
from lib.report.numbers import csv, record
from lib.runs.results import Summary

# Okabe and Ito's colours, which colour-blind readers can tell apart, in an order whose greys differ too.
BLUE, ORANGE, GREEN, PURPLE, SKY, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#222222"
# The colour code of the book. Data sets and setups: by column, never by colour. The eigenvalues' quantities: blue, J_L
# solid and J_I dashed, depths from light to dark. Class 1: orange, and nothing else. Rivals that use no eigenvalue, and what
# is controlled for: green. The error and what sees it: purple. Published values: black crosses. References: grey.
NAVY, GREY = "#00335c", "#888888"
# By depth modulo 4: 4, 5, 6, 3.
BY_DEPTH = ((BLUE, "o", "-"), (NAVY, "s", "--"), (BLACK, "D", "-."), (SKY, "^", ":"))
BY_SPACE = {"latent": (BLUE, "o", "-"), "input": (NAVY, "s", "--")}
BY_RUN = ((BLUE, "o", "-"), (NAVY, "s", "--"), (SKY, "^", ":"), (GREY, "D", "-."))  # where runs share a panel
SPACE_SYMBOLS = {space: f"${name}$" for space, name in SPACE_NAMES.items()}
LATENT_DIMENSION = "latent dimension $d$"

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
    """Set the book's style for all later figures; a notebook shows them as SVG and keeps their numbers as CSV.

    Nothing remains of a reader's matplotlibrc but the backend: LaTeX or a font that it asks for may not be there.
    """
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(STYLE)
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # no notebook: nothing to set
        return
    set_matplotlib_formats("svg", metadata={"Date": None, "Creator": None})
    if shell := get_ipython():
        shell.display_formatter.mimebundle_formatter.for_type(Figure, _with_numbers)


def _with_numbers(figure: Figure, **_: object) -> dict[str, str]:
    numbers = csv(figure)
    return {"text/csv": numbers} if numbers else {}


def grid(summary: Summary, rows: int, height: float = 2.6) -> tuple[Figure, np.ndarray]:
    """Panels of a run, one below the other, with its name above them and one horizontal axis."""
    figure = Figure(figsize=(3.7, height * rows))
    axes = figure.subplots(rows, 1, squeeze=False, sharex=True)[:, 0]
    name, count = f"run {summary.run.name}", len(summary.members)
    for axis in axes:
        axis.set_label(name)  # not drawn; `lib.report.numbers` names the panel by it
    present = f" ({count} of {count + summary.absent} networks)" if summary.absent else ""
    place = {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes[0].annotate(f"{name}{present}", (0, 1), (0, 20), weight="bold", **place)
    return figure, axes


def against_dimension(axis: Axes) -> None:
    """Name the horizontal axis: the latent dimension, a whole number."""
    axis.set_xlabel(LATENT_DIMENSION)
    axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))


def panel(height: float, width: float = 3.7) -> tuple[Figure, Axes]:
    """A figure with one panel, in inches; 3.7 are the width that a phone shows whole."""
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots()


def row_panel(
    labels: Sequence[str], height: float = 0.3, margin: float = 0.9, width: float = 3.7
) -> tuple[Figure, Axes]:
    """A panel with a row of this height for each label, the first on top."""
    figure, axis = panel(height * len(labels) + margin, width)
    axis.set_yticks(range(len(labels)), labels, fontsize=8)
    axis.set_ylim(len(labels) - 0.5, -0.5)
    return figure, axis


def interval_rows(
    rows: pd.DataFrame,
    looks: Iterable[tuple[str, str]],
    value: str,
    low: str = "low",
    high: str = "high",
    **size: float,
) -> tuple[Figure, Axes]:
    """A `row_panel` of the column `label`: for each row a mark (colour, marker) at its value, and its interval as a line."""
    figure, axis = row_panel(rows["label"].tolist(), **size)
    for place, ((color, marker), row) in enumerate(zip(looks, rows.to_dict("records"), strict=True)):
        axis.plot([row[low], row[high]], [place, place], color=color)
        axis.plot(row[value], place, marker, color=color)
    axis.axvline(0, color=GREY, linewidth=0.8)
    return figure, axis


DOT_LOOKS = {"geometric": (BLUE, "o"), "rival": (GREEN, "s"), "error": (PURPLE, "D"), "control": (GREY, "x")}
DOT_KEYS = ("digit", "latent_dim", "seed", "graph", "features", "score", "measure")


def dots(
    entries: Mapping[str, pd.DataFrame],
    column: str,
    label: str,
    title: str,
    looks: Sequence[str],
    middle: Literal["mean", "median"] = "mean",
) -> Figure:
    """A row per entry, a dot per row of it, and a bar at their middle; an entry without rows has the word "constant".

    `looks`: for each entry a name of `DOT_LOOKS`.
    """
    figure, axis = row_panel(list(entries))
    for place, ((name, rows), look) in enumerate(zip(entries.items(), looks, strict=True)):
        color, marker = DOT_LOOKS[look]
        axis.plot(rows[column], [place] * len(rows), marker, color=color, markerfacecolor="none")
        if len(rows):
            axis.plot(rows[column].agg(middle), place, "|", color=BLACK, markersize=11)
        else:
            axis.annotate("constant", (0.5, place), xycoords=("axes fraction", "data"), ha="center", va="center")
        record(axis, rows[[*(key for key in DOT_KEYS if key in rows), column]], entry=name)
    axis.set(xlabel=label, title=title, xlim=(min(0, axis.get_xlim()[0]), None))
    return figure


def numbered(axis: Axes, values: np.ndarray, faint: np.ndarray | bool = False) -> None:
    """A matrix of values from -1 to 1 as shades with its numbers written in; those of `faint` cells in grey italics."""
    axis.imshow(values, cmap="RdBu", vmin=-1, vmax=1, aspect="auto", interpolation="nearest", alpha=0.85)
    axis.grid(False)
    weak = np.broadcast_to(faint, values.shape)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            text = f"{round(value, 2) + 0.0:.2f}".replace("0.", ".").replace("-", "−")
            look = {"color": "white" if abs(value) > 0.72 else BLACK, "weight": "bold"}
            if weak[row, column]:
                look = {"color": "#666666", "style": "italic"}
            axis.text(column, row, text, ha="center", va="center", fontsize=7, **look)


def plain_logarithm(*sides: Axis) -> None:
    """Ticks of a logarithmic axis at 1, 2 and 5 times powers of ten, as plain numbers."""
    for side in sides:
        side.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        side.set_major_formatter("{x:g}")
        side.set_minor_locator(matplotlib.ticker.NullLocator())


COLUMNS_KEPT = ("depth", "latent_dim", "seed", "epoch", "space", "predictor", "split", "label")


def series(
    axis: Axes,
    rows: pd.DataFrame,
    style: tuple[str, str, str],
    label: str,
    value: str = "median",
    band: Sequence[str] = ("q25", "q75"),
    x: str = "latent_dim",
    **constants: object,
) -> None:
    """A line of the column `value` against `x`, with a band between two columns, whose rows are recorded.

    `style`: colour, marker, dashes. `constants`: what else the file of the figure's numbers says of the line.
    """
    color, marker, dashes = style
    axis.plot(rows[x], rows[value], color=color, marker=marker, linestyle=dashes, label=label)
    if band:
        axis.fill_between(rows[x], rows[band[0]], rows[band[1]], color=color, alpha=0.12, linewidth=0)
    kept = dict.fromkeys([*(key for key in COLUMNS_KEPT if key in rows), x, value, *band])
    record(axis, rows[list(kept)], **constants)


def by_class(axis: Axes, rows_of: Mapping[int, pd.DataFrame], value: str, **constants: object) -> None:
    """A column by class: class 1 as a line, and the range of the other classes as a band; the rows of every class are recorded."""
    classes = pd.concat(rows_of, names=["class"]).reset_index("class").rename(columns={value: "value"})
    classes = classes[["class", "latent_dim", "value"]]
    record(axis, classes, **constants)
    ours, others = classes[classes["class"] == CLASS_ONE], classes[classes["class"] != CLASS_ONE]
    if len(ours):
        axis.plot(ours["latent_dim"], ours["value"], color=ORANGE, marker="o", label=f"class {CLASS_ONE}", zorder=3)
    span = others.groupby("latent_dim")["value"].agg(["min", "max"])
    look = {"color": GREY, "alpha": 0.35, "linewidth": 0, "label": "other classes"}
    if len(span):
        axis.fill_between(span.index, span["min"], span["max"], **look)


# Options of a legend in one row above a panel that lines fill.
ABOVE = {"loc": "lower right", "bbox_to_anchor": (1, 0.97), "ncols": 4, "columnspacing": 1.2, "handlelength": 1.6}


def legend(axis: Axes, **options: Any) -> None:
    axis.legend(**{"loc": "best", "handlelength": 2.4} | options)


def depth_styles(summary: Summary) -> dict[int, tuple[str, str, str]]:
    """The style of every depth of the run: the same depth looks the same in every figure."""
    return {depth: BY_DEPTH[depth % len(BY_DEPTH)] for depth in sorted(summary.run.depths)}


def draw_image(axis: Axes, pixels: Any, image_shape: Sequence[int]) -> None:
    """Draw an image, 0 white and 1 black."""
    axis.imshow(np.reshape(pixels, image_shape), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set(visible=True, color="#bbbbbb", linewidth=0.5)
