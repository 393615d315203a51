"""Figures and tables of the page `training_dynamics`."""

from collections.abc import Mapping

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis import dynamics
from lib.report.layout import Summaries, by_run, table
from lib.report.numbers import record
from lib.report.style import ABOVE, BLACK, BLUE, GREY, NAVY, SKY, grid, legend, panel, series
from lib.runs import Summary, evenly_spaced

SHADES = (SKY, BLUE, NAVY, BLACK)  # latent dimensions, from light to dark
BY_ORIGIN = ((GREY, "", ":"), (BLUE, "", "--"), (NAVY, "", "-"))
COURSES = {"geometric_mean": 1, "log_volume": 0, "trace": 0}  # the quantities drawn, and their line of reference
DOTS = 2000  # of a cloud, at most


def eigenvalue_clouds(clouds: Mapping[str, np.ndarray]) -> list[Figure]:
    """Eigenvalues (any shape, complex) in the plane, two panels to a figure; the unit circle, and a cross at 1, identity's."""
    reach = 1.05 * max(1.5, *(float(np.quantile(np.abs(values), 0.96)) for values in clouds.values()))
    turn = np.exp(2j * np.pi * np.arange(181) / 180)
    named, figures = list(clouds.items()), []
    for pair in (named[place : place + 2] for place in range(0, len(named), 2)):
        figure = Figure(figsize=(3.7, 2.4))
        for axis, (name, values) in zip(figure.subplots(1, 2, sharey=True), pair, strict=False):
            flat = values.ravel()[:: -(-values.size // DOTS)]
            rows = pd.DataFrame({"real": np.real(flat), "imaginary": np.imag(flat)})
            axis.plot(rows["real"], rows["imaginary"], ".", color=BLUE, markersize=1.2, alpha=0.4, rasterized=True)
            axis.plot(np.real(turn), np.imag(turn), color=GREY, linewidth=0.9, linestyle="--")
            axis.plot([1], [0], "+", color=BLACK, markersize=9, markeredgewidth=1.4)
            axis.set(title=name, xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="real part")
            record(axis, rows, origin=name)
        figure.axes[0].set_ylabel("imaginary part")
        for axis in figure.axes[len(pair) :]:
            axis.remove()
        figures.append(figure)
    return figures


def training_course(summary: Summary) -> Figure:
    """The geometric mean of the eigenvalues of J_I, and test slopes on log volume and trace, against optimiser steps.

    Of the d at most four, evenly spread. Bands: of `lib.analysis.dynamics.quantity_course`.
    """
    names = dynamics.QUANTITIES | dynamics.SLOPES
    figure, axes = grid(summary, rows=len(COURSES), height=2.2)
    an_epoch = -(-int(summary.members["points_train"].iloc[0]) // summary.run.batch_size)
    for axis, (quantity, reference) in zip(axes, COURSES.items(), strict=True):
        rows = dynamics.quantity_course(summary, quantity)[["latent_dim", "epoch", "value", "low", "high"]]
        rows["steps"] = rows["epoch"] * an_epoch
        for d, color in zip(evenly_spaced(summary.run.latent_dims, len(SHADES)), SHADES, strict=False):
            course, style = rows[rows["latent_dim"] == d], (color, "o", "-")
            series(axis, course, style, f"$d={d}$", "value", ("low", "high"), x="steps", quantity=quantity)
        axis.axhline(reference, color=GREY, linewidth=0.8, zorder=1)
        axis.set_ylabel(names[quantity])
        axis.set_xscale("symlog", linthresh=10)
        axis.set_xlim(left=-1)
    axes[0].set_yscale("log")
    axes[-1].set_xlabel("optimiser steps (0: untrained)")
    legend(axes[0], **ABOVE)
    return figure


def moduli_and_angles(samples: Mapping[str, np.ndarray]) -> list[Figure]:
    """The share of eigenvalues up to a modulus, and up to an angle to the positive real axis, by origin: a figure each.

    `samples`: origin -> eigenvalues (groups, many), complex; lines pool the groups, bands hold nine in ten of them.
    """
    figures = []
    for name, measure in dynamics.MEASURES.items():
        figure, axis = panel(2.9)
        measured = {origin: measure(values) for origin, values in samples.items()}
        ticks = np.linspace(0, max(np.quantile(values, 0.998) for values in measured.values()), 200)
        for (origin, values), style in zip(measured.items(), BY_ORIGIN, strict=False):
            shares = dict(zip(("share", "low", "high"), dynamics.shares_up_to(values, ticks), strict=True))
            rows = pd.DataFrame({"up_to": ticks} | shares)
            series(axis, rows, style, origin, "share", ("low", "high"), x="up_to", measure=name, origin=origin)
        axis.set(xlabel=name, ylabel="share of eigenvalues", ylim=(0, 1))
        if "degrees" in name:
            axis.xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(45))
        legend(axis, loc="lower right")
        figures.append(figure)
    return figures


def settling_table(summaries: Summaries, share: float = dynamics.SETTLED) -> str:
    """The epoch at which each quantity settles (`lib.analysis.dynamics.settling`), a row a run and d; all between snapshots."""
    rows = by_run({name: dynamics.settling(summary, share).reset_index() for name, summary in summaries.items()})
    quantities = [(name, f"{{{name}:.0f}}") for name in rows.columns.drop(["run", "latent_dim"])]
    return table(rows, [("run", "{run}"), ("$d$", "{latent_dim}"), *quantities])


def beside_products_table(frames: Mapping[str, pd.DataFrame]) -> str:
    """The geometric mean of the eigenvalues before and after training, beside products of random matrices."""
    cells = [("untrained", "{first:.2g}"), ("random products", "{low:.2g} to {high:.2g}"), ("trained", "{last:.2g}")]
    return table(by_run(frames), [("run", "{run}"), ("$d$", "{latent_dim}"), *cells])


def near_real_table(frames: Mapping[str, pd.DataFrame]) -> str:
    """The share of eigenvalues near the real axis, likewise (`lib.analysis.dynamics.beside_products`)."""
    cells = [
        ("untrained", "{first_real:.0%}"),
        ("random product", "{product_real:.0%}"),
        ("trained", "{last_real:.0%}"),
    ]
    return table(by_run(frames), [("run", "{run}"), ("$d$", "{latent_dim}"), *cells])
