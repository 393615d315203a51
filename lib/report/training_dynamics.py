"""Figures and tables of the page `training_dynamics`."""

from collections.abc import Mapping

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis import dynamics
from lib.report.layout import Summaries, by_run, table
from lib.report.style import BLACK, BLUE, BY_DEPTH, ORANGE, PURPLE, grid, legend
from lib.runs import evenly_spaced

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
        shown = evenly_spaced(summary.run.latent_dims, len(BY_DEPTH))
        an_epoch = -(-int(summary.members["points_train"].iloc[0]) // summary.run.batch_size)
        for row, quantity in enumerate(quantities):
            axis, rows = axes[row, column], dynamics.quantity_course(summary, quantity)
            for d, (color, marker, dashes) in zip(shown, BY_DEPTH, strict=False):
                course = rows[rows["latent_dim"] == d]
                steps = course["epoch"] * an_epoch
                axis.plot(steps, course["value"], color=color, marker=marker, linestyle=dashes, label=f"$d={d}$")
                axis.fill_between(steps, course["low"], course["high"], color=color, alpha=0.1, linewidth=0)
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
            mean, low, high = dynamics.shares_up_to(values, ticks)
            axis.plot(ticks, mean, color=color, linestyle=dashes, label=name)
            axis.fill_between(ticks, low, high, color=color, alpha=0.1, linewidth=0)
        axis.set(xlabel=label, ylim=(0, 1))
    axes[1].xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(45))
    axes[0].set_ylabel("share of eigenvalues")
    legend(axes[0], loc="lower right")
    return figure


def settling_table(summaries: Summaries, share: float = dynamics.SETTLED) -> str:
    """The epoch at which each quantity settles (`lib.analysis.dynamics.settling`), a row a run and d; all between snapshots."""
    rows = by_run({name: dynamics.settling(summary, share).reset_index() for name, summary in summaries.items()})
    quantities = [(name, f"{{{name}:.0f}}") for name in rows.columns.drop(["run", "latent_dim"])]
    return table(rows, [("run", "{run}"), ("$d$", "{latent_dim}"), *quantities])


def beside_products_table(frames: Mapping[str, pd.DataFrame]) -> str:
    """The spectra before and after training beside products of random matrices (`lib.analysis.dynamics.beside_products`)."""
    columns = [
        ("run", "{run}"),
        ("$d$", "{latent_dim}"),
        ("geometric mean: untrained", "{first:.3g}"),
        ("random product", "{product:.3g} [{low:.2g}, {high:.2g}]"),
        ("trained", "{last:.3g}"),
        ("near the real axis: untrained", "{first_real:.0%}"),
        ("random product", "{product_real:.0%}"),
        ("trained", "{last_real:.0%}"),
    ]
    return table(by_run(frames), columns)
