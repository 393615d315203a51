"""The numbers that a figure shows, for readers to download."""

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

_RECORDED: WeakKeyDictionary[Figure, list[pd.DataFrame]] = WeakKeyDictionary()
CSV_COLUMNS = ["panel", "series", "mark", "x", "y", "value"]
PICTURE = 500  # cells of a picture whose numbers are given: those of a chart, not those of a photograph
Mark = tuple[str, Any, Any, Any, Any]  # series; mark; x, y and value: numbers, or arrays of one length


def record(place: Axes | Figure, rows: pd.DataFrame, **constants: object) -> None:
    """Keep rows that are drawn in a figure (or in a panel of it), under their own column names, for readers to download.

    `constants`: further columns, the same for all these rows, such as run="mnist". The run of a panel that `style.grid` made
    is added.
    """
    panel = str(place.get_label()).removeprefix("run ") if isinstance(place, Axes) else ""
    columns = {"run": panel} | constants if panel else constants
    rows = rows.drop(columns=[name for name in columns if name in rows])
    for position, (name, value) in enumerate(columns.items()):
        rows.insert(position, name, value)
    figure = place.get_figure(root=True)
    assert figure is not None
    _RECORDED.setdefault(figure, []).append(rows)


def csv(figure: Figure) -> str:
    """The rows recorded for a figure, as CSV; a column that some rows lack is blank there."""
    if figure in _RECORDED:
        rows = pd.concat(_RECORDED[figure], ignore_index=True).drop_duplicates()
        return rows.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    return drawn(figure)


def drawn(figure: Figure) -> str:
    """The numbers that a figure shows, as CSV: panel (from 1, with its run and title), series, mark, x, y, and the value of a cell.

    Marks are point (of a line or alone), low and high (the edges of a band), interval (an end of one), bar (its
    middle and length) and cell (of a small picture). Lines that only guide the eye, and fields of colour, are left out.

    >>> figure = Figure()
    >>> _ = figure.subplots().plot([2, 5], [0.25, 0.5], label="slope")
    >>> print(drawn(figure))
    panel,series,mark,x,y,value
    1,slope,point,2,0.25,
    1,slope,point,5,0.5,
    <BLANKLINE>
    """
    rows = []
    for number, axis in enumerate(figure.axes, start=1):
        shown = axis.get_title(loc="left") or axis.get_title() or axis.get_ylabel()
        panel = ", ".join(filter(None, (str(number), axis.get_label(), shown)))
        for series, mark, x, y, value in _marks(axis):
            numbers = zip(*map(np.ravel, np.broadcast_arrays(x, y, value)), strict=True)
            rows += [(panel, series, mark, *three) for three in numbers if np.isfinite(three[:2]).all()]
    return pd.DataFrame(rows, columns=CSV_COLUMNS).to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _marks(axis: Axes) -> Iterator[Mark]:
    nothing = np.nan
    names: dict[str, str] = {}  # by colour: a band or an interval has the colour of its line
    for line in axis.lines:
        x, y = (np.asarray(values, dtype=float) for values in (line.get_xdata(), line.get_ydata()))
        if line.get_transform() == axis.transData and len(x) and line.get_label() != "_again":
            names[to_hex(line.get_color())] = _name(line)
            yield _name(line), "point", x, y, nothing
    for part in axis.collections:
        name = names.get(to_hex(colours[0]), "") if len(colours := _colours(part)) else ""
        if isinstance(part, LineCollection):
            for ends in part.get_segments():
                yield name, "interval", *np.asarray(ends).T, nothing
        elif isinstance(part, PolyCollection):  # of fill_between: along one edge, and back along the other
            for path in part.get_paths():
                points = np.asarray(path.vertices)
                half = (len(points) - 3) // 2
                yield name, "low", *points[1 : half + 1].T, nothing
                yield name, "high", *points[half + 2 : -1][::-1].T, nothing
    for bars in (container for container in axis.containers if isinstance(container, BarContainer)):
        for bar in bars:
            middle, length = bar.get_x() + bar.get_width() / 2, bar.get_height()
            if bars.orientation == "horizontal":
                middle, length = bar.get_width(), bar.get_y() + bar.get_height() / 2
            yield _name(bars), "bar", middle, length, nothing
    for image in axis.images:
        values = np.ma.filled(np.ma.asarray(image.get_array(), dtype=float), nothing)
        if values.ndim == 2 and values.size <= PICTURE:
            rows, columns = np.indices(values.shape)
            yield "", "cell", columns, rows, values


def _colours(part: Any) -> np.ndarray:
    return part.get_facecolor() if isinstance(part, PolyCollection) else part.get_edgecolor()


def _name(artist: Any) -> str:
    """The label of a line; blank for matplotlib's automatic ones, such as _child0."""
    label = str(artist.get_label())
    return "" if label.startswith(("_child", "_container", "_nolegend_")) else label.removeprefix("_")
