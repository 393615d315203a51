"""Figures past the paper: slopes with other things held fixed."""

from matplotlib.figure import Figure

from lib.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PREDICTOR_NAMES,
    PURPLE,
    SPACE_NAMES,
    Summaries,
    finish,
    grid,
    matching,
    series,
)

BY_CONTROL = {
    "none": (BLACK, "o", "-", "nothing"),
    "class": (BLUE, "^", "--", "class"),
    "ink": (GREEN, "s", ":", "ink"),
    "class and ink": (ORANGE, "D", "-", "class and ink"),
    "class, ink, neighbours": (PURPLE, "v", "-.", "these and 5-NN distance"),
}


def controlled_slopes(summaries: Summaries, split: str, space: str = "input") -> Figure:
    """The slope of the error on the log volume (top) and on the trace (bottom) against d, by what is held fixed.

    At the depth of the tables, for one split; bands are 95 % intervals by robust standard errors.
    """
    figure, axes = grid(summaries, rows=2, height=3.0, sharey="row")
    for column, summary in enumerate(summaries.values()):
        for row, predictor in enumerate(PREDICTOR_NAMES):
            axis = axes[row, column]
            keys = {"depth": summary.run.table_depth, "space": space, "predictor": predictor, "split": split}
            for name, (*style, label) in BY_CONTROL.items():
                rows = matching(summary.controls, controls=name, **keys)
                rows = rows.groupby("latent_dim", as_index=False).mean(numeric_only=True)
                half = 1.96 * rows["slope_se"]
                rows = rows.assign(low=rows["slope"] - half, high=rows["slope"] + half)
                color, marker, dashes = style
                series(axis, rows, (color, marker, dashes), label, value="slope", band=("low", "high"))
            axis.axhline(0, color="#888888", linewidth=0.8, zorder=1)
            axis.set_ylabel(f"{split} slope on {PREDICTOR_NAMES[predictor]}, {SPACE_NAMES[space]}")
    finish(axes)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), title="held fixed", loc="outside lower center", ncols=3, frameon=False
    )
    return figure
