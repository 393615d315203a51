"""Figures of the page `latent`: how scores rank the error, what boundaries separate, and walks across them."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.latent import OTHER_SCORES
from lib.measures.protocol import every
from lib.report.numbers import record
from lib.report.style import BLACK, GREEN, GREY, PURPLE, dots, legend, panel
from lib.report.topology import GEOMETRY

BLANK_SCORES = ("shuffled_side", "random_side", "random")
BOUNDARIES = {"boundary of ink": "ink", "boundary of class": "class (mean of all)", "boundary of error": "error"}
BOUNDARIES |= {"boundary of shuffled error": "shuffled error"}


def rank_dots(rows: pd.DataFrame, names: Sequence[str], title: str) -> Figure:
    """Spearman's rho of scores with the error, a dot per network."""
    labels = {measure.name: measure.short_label for measure in every("point")} | OTHER_SCORES
    entries = {labels[name]: rows[rows["score"] == name] for name in names}
    looks = ["geometric" if name in GEOMETRY else "control" if name in BLANK_SCORES else "rival" for name in names]
    return dots(entries, "spearman", "rank correlation with the error", title, looks)


def accuracy_dots(rows: pd.DataFrame) -> Figure:
    """The accuracy of boundaries on held-out tails, a dot per network."""
    entries = {label: rows[rows["score"] == name] for name, label in BOUNDARIES.items()}
    return dots(entries, "accuracy", "accuracy on held-out tails", "", ["rival", "rival", "error", "control"])


def walks(paths: Mapping[str, Sequence[pd.DataFrame]], column: str, label: str) -> Figure:
    """A column of `lib.analysis.latent.walk` against the step; of several walks of one name the range is shaded."""
    figure, axis = panel(3.2)
    for (name, several), (color, dashes) in zip(
        paths.items(), ((PURPLE, "-"), (GREEN, "--"), (GREY, ":")), strict=False
    ):
        values = pd.concat([one.set_index("step")[column] for one in several], axis=1)
        axis.plot(values.index, values.median(axis=1), color=color, linestyle=dashes, label=name)
        axis.fill_between(values.index, values.min(axis=1), values.max(axis=1), color=color, alpha=0.15, linewidth=0)
        for number, one in enumerate(several):
            record(axis, one[["step", column]], direction=name, number=number)
    axis.axvline(0, color=BLACK, linewidth=0.6)
    axis.set(xlabel="step, in standard deviations of the codes", ylabel=label)
    legend(axis, loc="lower center", bbox_to_anchor=(0.45, 1), ncols=2, fontsize=8)
    return figure
