"""Figures and tables of the page `topology`: the circle and its reconstruction, who finds the point, paths, and angles."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from lib.analysis import interpolation
from lib.analysis.topology import reconstruction_errors
from lib.geometry import topology
from lib.geometry.topology import Curve
from lib.measures.protocol import Measure, every
from lib.report.layout import table
from lib.report.numbers import record
from lib.report.style import BLACK, BLUE, GREY, NAVY, PURPLE, dots, draw_image, legend, panel
from lib.training.autoencoders import Pair

FEWEST_NETWORKS = 2  # networks in which a measure must have a value to be shown
GEOMETRY = {"trace_input", "trace_latent", "volume_input", "volume_latent", "log_volume_input", "log_volume_latent"}
GEOMETRY |= {"decoder_volume", "spectral", "shrinkage", "obliqueness", "tangent_distance"}  # what takes Jacobians
GEOMETRY |= {"turning", "local_dimension"}


def reconstruction(pair: Pair, points: int = 2000) -> Figure:
    """A circle, its reconstruction, and the chord between the two points that share a code."""
    figure, axis = panel(3.5)
    t = topology.evenly(points)
    with torch.no_grad():
        x = topology.circle(t)
        y = pair[1](pair[0](x))
    axis.plot(*x.T, color=GREY, linewidth=4, alpha=0.5, label="the circle $x$")
    axis.plot(*y.T, color=BLUE, linewidth=1.2, label="its reconstruction $f(x)$")
    forced = topology.forced_point(*pair, topology.circle)
    ends = topology.circle(torch.tensor([forced.t, forced.t + 0.5]))
    axis.plot(*ends.T, color=BLACK, linestyle=":", marker="o", label="two points, one code")
    axis.set_aspect("equal")
    axis.set(xlim=(-1.35, 1.35), ylim=(-1.2, 1.75), xlabel="$x_1$", ylabel="$x_2$")
    legend(axis, loc="upper center", ncols=1)
    record(axis, pd.DataFrame({"t": t, "x1": x[:, 0], "x2": x[:, 1], "f1": y[:, 0], "f2": y[:, 1]}))
    return figure


def error_along(pairs: Mapping[str, tuple[Pair, Curve]], points: int = 2000) -> Figure:
    """The error along a curve for several networks, with the bound."""
    figure, axis = panel(3.5)
    t = topology.evenly(points)
    for (label, (pair, curve)), (color, dashes) in zip(pairs.items(), ((PURPLE, "-"), (BLACK, "--")), strict=False):
        along = reconstruction_errors(pair, curve(t))
        axis.plot(t, along, color=color, linestyle=dashes, linewidth=1.2, label=label)
        record(axis, pd.DataFrame({"t": t, "error": along}), curve=label)
    axis.axhline(1, color=GREY, linewidth=1, linestyle=":", label="the bound of a closed curve")
    axis.set(xlabel="place on the curve, $t$", ylabel="error $|f(x)-x|$", ylim=(0, 2.7))
    legend(axis, loc="upper center")
    return figure


def shown(rows: pd.DataFrame) -> list[Measure]:
    """The measures with a percentile in at least two networks, from the largest median on."""
    measures = [one for one in every("point") if one.name in rows and rows[one.name].notna().sum() >= FEWEST_NETWORKS]
    return sorted(measures, key=lambda one: -rows[one.name].median())


def percentile_strip(rows: pd.DataFrame, title: str) -> Figure:
    """For each measure its percentile at the forced point, a dot for each network and a bar at the median."""
    keys = [key for key in ("digit", "seed") if key in rows]
    measures = shown(rows)
    entries = {one.label: rows[keys].assign(measure=one.name, percentile=rows[one.name]).dropna() for one in measures}
    looks = ["geometric" if one.name in GEOMETRY else "rival" for one in measures]
    figure = dots(entries, "percentile", "percentile at the forced point", title, looks, middle="median")
    figure.axes[0].axvline(50, color=GREY, linewidth=0.8)
    figure.axes[0].set_xlim(-4, 104)
    return figure


def percentile_table(tables: Mapping[str, pd.DataFrame]) -> str:
    """For each measure the median percentile at the forced point, with the least and the largest, a column for each table."""
    first = next(iter(tables.values()))
    lines = []
    for measure in shown(first):
        line = {"measure": measure.label}
        for name, rows in tables.items():
            values = rows[measure.name].dropna() if measure.name in rows else pd.Series(dtype=float)
            known = len(values) >= FEWEST_NETWORKS
            line[name] = f"{values.median():.0f} ({values.min():.0f} to {values.max():.0f})" if known else ""
        lines.append(line)
    return table(pd.DataFrame(lines), [("measure", "{measure}"), *((name, f"{{{name}}}") for name in tables)])


def confused(curves: Mapping[str, tuple[Curve, float]], shape: Sequence[int]) -> Figure:
    """For each curve of images and place t the two images, at t and half a turn on, that a network gives one code."""
    figure = Figure(figsize=(1.2 * len(curves) + 0.4, 2.7))
    axes = figure.subplots(2, len(curves), squeeze=False)
    for (label, (curve, t)), column in zip(curves.items(), axes.T, strict=True):
        images = curve(torch.tensor([t, t + 0.5], dtype=torch.float64)).numpy()
        for axis, pixels in zip(column, images, strict=True):
            draw_image(axis, np.clip(pixels, 0, 1), shape)
        column[0].set_title(label)
    return figure


def nearer_than_straight(rows: pd.DataFrame, title: str) -> Figure:
    """For each kind of path the share of pairs (`lib.analysis.interpolation.nearer`), a dot for each network."""
    keys = ["run", "latent_dim", "seed"]
    entries = {words: rows[keys].assign(share=rows[kind]) for kind, words in interpolation.OTHER_PATHS.items()}
    looks = ["control" if kind == "shuffled" else "rival" for kind in interpolation.OTHER_PATHS]
    figure = dots(entries, "share", "share of pairs nearer than straight", title, looks)
    figure.axes[0].axvline(0.5, color=GREY, linewidth=0.8)
    figure.axes[0].set_xlim(-0.04, 1.04)
    return figure


FORMS = {"number": ("given a number", NAVY, "--"), "point": (r"given $(\cos,\sin)$", BLUE, "-")}


def learned_scores(rows: pd.DataFrame, errors: bool = False) -> Figure:
    """The known score of a density on the circle and those that two networks have learned; or, with `errors`, these errors.

    `rows`: `lib.analysis.seam.learned_scores_of`.
    """
    figure, axis = panel(3.2)
    if errors:
        rows = rows.assign(**{form: (rows[form] - rows["true"]).abs() for form in FORMS}).drop(columns="true")
    else:
        axis.plot(rows["angle"], rows["true"], color=GREY, linewidth=4, alpha=0.5, label="true")
    for form, (label, color, dashes) in FORMS.items():
        axis.plot(rows["angle"], rows[form], color=color, linestyle=dashes, label=label)
    record(axis, rows)
    axis.set(ylabel="error of the score [1/rad]" if errors else "score [1/rad]", xlabel="angle [rad]")
    axis.set_xticks([-np.pi, 0, np.pi], [r"$-\pi$", "0", r"$\pi$"])
    axis.margins(y=0.3)
    axis.set_ylim(0 if errors else None, None)
    legend(axis, loc="upper center")
    return figure
