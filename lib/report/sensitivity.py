"""Figures of the page `sensitivity`: the settings that the paper does not state."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.intervals import Z
from lib.analysis.published import PREDICTOR_NAMES
from lib.analysis.sensitivity import FITTED
from lib.report.style import BLACK, BLUE, BY_RUN, GREEN, ORANGE, PURPLE, SPACE_SYMBOLS

LOOKS = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"))
SERIES = {  # the four columns of the tables, by space and predictor
    (space, predictor): (*look, f"{SPACE_SYMBOLS[space]}, {PREDICTOR_NAMES[predictor]}")
    for (space, predictor), look in zip(FITTED, LOOKS, strict=True)
}
COEFFICIENT_NAMES = {"test": "test indicator $b_2$", "test_slope": "test slope $b_1+b_3$"}


def training_length(by_dim: Mapping[int, pd.DataFrame], wanted: Mapping[int, Mapping[str, float]]) -> Figure:
    """Test indicators (top) and test slopes (bottom) against the epoch, a column a latent dimension.

    `by_dim`: of `lib.analysis.sensitivity.length`; `wanted`: of `published_values`, drawn as a grey band from least to largest.
    """
    figure = Figure(figsize=(7.6, 5.2))
    axes = figure.subplots(2, len(by_dim), squeeze=False, sharex=True, sharey="row")
    for column, (latent_dim, rows) in enumerate(by_dim.items()):
        axes[0, column].set_title(f"$d$ = {latent_dim}")
        for axis, kind in zip(axes[:, column], COEFFICIENT_NAMES, strict=True):
            published = [value for key, value in wanted[latent_dim].items() if key.endswith(f"_{kind}")]
            axis.axhspan(min(published), max(published), color="#bbbbbb", alpha=0.6, linewidth=0, label="published")
            for (space, predictor), (color, marker, dashes, name) in SERIES.items():
                values = rows[f"{space}_{predictor}_{kind}"]
                axis.plot(rows["epoch"] + 1, values, color=color, marker=marker, linestyle=dashes, label=name)
            axis.set_xscale("log")
            axis.set_xticks(rows["epoch"] + 1, [f"{epoch:g}" for epoch in rows["epoch"]])
            axis.minorticks_off()
            axis.axhline(0, color=BLACK, linewidth=0.7)
        axes[1, column].set_xlabel("epochs of training")
    for axis, label in zip(axes[:, 0], COEFFICIENT_NAMES.values(), strict=True):
        axis.set_ylabel(label)
    axes[0, 0].legend(fontsize=8)
    return figure


def settings_figure(by_dim: Mapping[int, pd.DataFrame], wanted: Mapping[int, Mapping[str, float]]) -> Figure:
    """Test indicators (left) and test slopes (right) of every setting less the published ones, a panel a latent dimension.

    With 95 % intervals. `by_dim`: of `lib.analysis.sensitivity.settings`; `wanted`: of `published_values`.
    """
    names = list(dict.fromkeys(name for rows in by_dim.values() for name in rows["setting"]))
    figure = Figure(figsize=(8.4, 0.42 * len(names) + 1.5))
    panels = [(kind, latent_dim) for kind in COEFFICIENT_NAMES for latent_dim in by_dim]
    axes = figure.subplots(1, len(panels), sharey=True)
    for axis, (kind, latent_dim) in zip(axes, panels, strict=True):
        rows = (
            by_dim[latent_dim].set_index("setting").reindex(names)
        )  # a setting that is not computed leaves its row blank
        for offset, ((space, predictor), (color, marker, _, name)) in enumerate(SERIES.items()):
            key = f"{space}_{predictor}_{kind}"
            heights = [height + 0.16 * (offset - 1.5) for height in range(len(names))]
            options = {"color": color, "marker": marker, "linestyle": "none", "label": name, "elinewidth": 1}
            axis.errorbar(rows[key] - wanted[latent_dim][key], heights, xerr=Z * rows[f"{key}_se"], **options)
        axis.axvline(0, color=BLACK, linewidth=0.7)
        axis.set_title(f"$d$ = {latent_dim}")
        axis.set_xlabel(f"{COEFFICIENT_NAMES[kind]},\nless published")
        axis.grid(axis="y", visible=False)
    for kind in range(len(COEFFICIENT_NAMES)):
        same = axes[kind * len(by_dim) : (kind + 1) * len(by_dim)]
        limits = [limit for axis in same for limit in axis.get_xlim()]
        for axis in same:
            axis.set_xlim(min(limits), max(limits))
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower right", ncols=len(SERIES), fontsize=9)
    return figure


def courses(by_setting: Mapping[str, pd.DataFrame]) -> Figure:
    """The distances of slopes and indicators from the published ones during training, a line a setting; each mark an epoch.

    `by_setting`: of `lib.analysis.sensitivity.coefficient_course`. The lower left corner is where both are as published.
    """
    figure = Figure(figsize=(5.4, 3.8))
    axis = figure.subplots()
    for (name, rows), (color, marker, dashes) in zip(by_setting.items(), BY_RUN, strict=False):
        axis.plot(rows["slopes"], rows["indicators"], color=color, marker=marker, linestyle=dashes, label=name)
        for epoch, place in zip(rows["epoch"], rows[["slopes", "indicators"]].to_numpy(), strict=True):
            axis.annotate(f"{epoch:g}", tuple(place), (4, 4), textcoords="offset points", fontsize=8)
    axis.set(
        xlabel="test slopes: RMS difference", ylabel="test indicators: RMS difference", yscale="log", xlim=(0, None)
    )
    axis.legend()
    return figure
