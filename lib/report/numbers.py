"""The numbers that a figure shows, for readers to download: the rows that its function drew."""

from weakref import WeakKeyDictionary

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_RECORDED: WeakKeyDictionary[Figure, list[pd.DataFrame]] = WeakKeyDictionary()


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
    """The rows recorded for a figure, as CSV; a column that some rows lack is blank there. Empty where there are none."""
    if figure not in _RECORDED:
        return ""
    rows = pd.concat(_RECORDED[figure], ignore_index=True).drop_duplicates()
    return rows.to_csv(index=False, float_format="%.6g", lineterminator="\n")
