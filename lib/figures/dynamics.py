"""Figures of what goes on in training, and of what comes of applying a network again and again."""

from collections.abc import Mapping, Sequence

import matplotlib.ticker
import numpy as np
from matplotlib.figure import Figure

from lib import dynamics
from lib.figures.networks import draw_image
from lib.figures.style import BLACK, BLUE, BY_DEPTH, GREEN, ORANGE, PURPLE, SKY, Summaries, grid, legend
from lib.runs import spread

BY_ORIGIN = ((BLACK, ":"), (BLUE, "--"), (ORANGE, "-"), (PURPLE, "-."))


def eigenvalue_clouds(clouds: Mapping[str, np.ndarray]) -> Figure:
    """Eigenvalues (any shape, complex) in the plane, a panel each; the unit circle, and a cross at 1, where identity has them."""
    figure = Figure(figsize=(7.4, 7.4 / len(clouds) + 0.75))
    axes = figure.subplots(1, len(clouds), sharex=True, sharey=True, squeeze=False)[0]
    reach = 1.05 * max(1.5, *(float(np.quantile(np.abs(values), 0.96)) for values in clouds.values()))
    turn = np.exp(2j * np.pi * np.arange(181) / 180)
    for axis, (name, values) in zip(axes, clouds.items(), strict=True):
        axis.plot(
            np.real(values).ravel(),
            np.imag(values).ravel(),
            ".",
            color=BLUE,
            markersize=1.2,
            alpha=0.3,
            rasterized=True,
        )
        axis.plot(np.real(turn), np.imag(turn), color=BLACK, linewidth=0.9, linestyle="--")
        axis.plot([1], [0], "+", color=ORANGE, markersize=9, markeredgewidth=1.6)
        axis.set(title=name, xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="real part")
    axes[0].set_ylabel("imaginary part")
    return figure


def training_course(summaries: Summaries) -> Figure:
    """Means, arithmetic and geometric, and angle of the eigenvalues of J_I, and test slopes on log volume and trace, by d.

    Against optimiser steps. Bands: the middle half of the test points; of slopes, the 95 % interval. Of the d at most four,
    evenly spread.
    """
    quantities = [*list(dynamics.QUANTITIES)[1:], *dynamics.SLOPES]
    names = dynamics.QUANTITIES | dynamics.SLOPES
    figure, axes = grid(summaries, rows=len(quantities), height=2.1, sharey="row")
    for column, summary in enumerate(summaries.values()):
        shown = spread(summary.run.latent_dims, len(BY_DEPTH))
        an_epoch = -(-int(summary.members["points_train"].iloc[0]) // summary.run.batch_size)
        for row, quantity in enumerate(quantities):
            axis, rows = axes[row, column], dynamics.course(summary, quantity)
            for d, (color, marker, dashes) in zip(shown, BY_DEPTH, strict=False):
                own = rows[rows["latent_dim"] == d]
                steps = own["epoch"] * an_epoch
                axis.plot(steps, own["value"], color=color, marker=marker, linestyle=dashes, label=f"$d={d}$")
                axis.fill_between(steps, own["low"], own["high"], color=color, alpha=0.1, linewidth=0)
            axis.axhline(1 if quantity.endswith("mean") else 0, color="#888888", linewidth=0.8, zorder=1)
            axis.set_ylabel(names[quantity] + (", degrees" if quantity == "angle" else ""))
            axis.set_xscale("symlog", linthresh=10)
            axis.set_xlim(left=-1)
        axes[-1, column].set_xlabel("optimiser steps (0: untrained)")
        legend(axes[2, column], ncols=2)
    return figure


def moduli_and_angles(samples: Mapping[str, np.ndarray]) -> Figure:
    """The share of eigenvalues up to a modulus (left) and up to an angle to the positive real axis (right), by origin.

    `samples`: origin -> eigenvalues (groups, many), complex; lines pool the groups, bands hold nine in ten of them.
    """
    figure = Figure(figsize=(7.4, 3.2))
    axes = figure.subplots(1, 2)
    measures = (
        ("modulus $|\\lambda|$", np.abs),
        ("angle $|\\arg\\lambda|$, degrees", lambda values: np.abs(np.degrees(np.angle(values)))),
    )
    for axis, (label, measure) in zip(axes, measures, strict=True):
        measured = {name: measure(values) for name, values in samples.items()}
        ticks = np.linspace(0, max(np.quantile(values, 0.998) for values in measured.values()), 200)
        for (name, values), (color, dashes) in zip(measured.items(), BY_ORIGIN, strict=False):
            shares = np.array([np.searchsorted(np.sort(group), ticks, "right") / len(group) for group in values])
            axis.plot(ticks, shares.mean(axis=0), color=color, linestyle=dashes, label=name)
            axis.fill_between(ticks, *np.quantile(shares, [0.05, 0.95], axis=0), color=color, alpha=0.1, linewidth=0)
        axis.set(xlabel=label, ylim=(0, 1))
    axes[1].xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(45))
    axes[0].set_ylabel("share of eigenvalues")
    legend(axes[0], loc="lower right")
    return figure


def gallery(
    rows: Mapping[str, Sequence[np.ndarray]], captions: Mapping[str, Sequence[str]], image_shape: Sequence[int]
) -> Figure:
    """Rows of images, each row named; `captions` go above the images of the rows that have some."""
    columns = max(1, *(len(images) for images in rows.values()))
    figure = Figure(figsize=(0.8 * columns + 1.5, 0.92 * len(rows)))
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for row, (name, images) in zip(axes, rows.items(), strict=True):
        for place, axis in enumerate(row):
            if place < len(images):
                draw_image(axis, images[place], image_shape)
                if name in captions:
                    axis.set_title(captions[name][place], fontsize=7.5, loc="center", pad=2)
            elif place:
                axis.set_visible(False)
        if not len(images):
            row[0].set(xticks=[], yticks=[])
            row[0].grid(False)
            row[0].spines[:].set_visible(False)
            row[0].text(0, 0.5, "none", va="center")
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def fates(shares: Mapping[str, Mapping[str, Sequence[float]]], names: Sequence[str]) -> Figure:
    """What becomes of orbits: a panel a network, a bar a kind of starting point, its parts the shares of the `names`."""
    figure = Figure(figsize=(7.4, 2.9))
    axes = figure.subplots(1, len(shares), sharey=True, squeeze=False)[0]
    looks = ((BLUE, ""), (ORANGE, "///"), (SKY, "..."), ("#dddddd", ""), (GREEN, "xx"))
    for axis, (title, bars) in zip(axes, shares.items(), strict=True):
        bottom = np.zeros(len(bars))
        for place, (name, (color, hatch)) in enumerate(zip(names, looks, strict=False)):
            heights = np.array([parts[place] for parts in bars.values()])
            look = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
            axis.bar(list(bars), heights, bottom=bottom, label=name, **look)
            bottom += heights
        axis.set_title(title)
        axis.grid(axis="x", visible=False)
    axes[0].set(ylabel="share of the orbits", ylim=(0, 1))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(names), frameon=False)
    return figure
