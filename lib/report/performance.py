"""Figures of the committed benchmarks."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lib.report.style import BLUE, BY_RUN, ORANGE

GREY = "#888888"
CASES = {"linear": "linear widths", "trained": "linear widths, trained", "geometric": "geometric widths"}
AXES = {
    "input dimension": "input dimension $N$",
    "latent dimension": "latent dimension $d$",
    "depth": "depth $n$",
    "points": "points",
}


def routes(benchmark: Mapping[str, Any]) -> Figure:
    """The time of every route to both cores divided by ours, in the cases of the benchmark, side by side.

    `benchmark`: what `benchmarks.jacobians` returns. Logarithmic; ours is 1.
    """
    figure = Figure(figsize=(8.4, 3.2))
    axes = figure.subplots(1, len(CASES), sharey=True)
    order = sorted(benchmark["linear"]["ratio_to_ours"], key=benchmark["linear"]["ratio_to_ours"].get)
    for axis, (case, label) in zip(axes, CASES.items(), strict=True):
        ratios = benchmark[case]["ratio_to_ours"]
        colors = [BLUE if name.startswith("ours") else GREY for name in order]
        bars = axis.barh(order, [ratios[name] for name in order], color=colors)
        axis.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
        axis.axvline(1, color="black", linewidth=1)
        axis.set_xscale("log")
        axis.set_xlim(right=2.5 * max(ratios.values()))
        axis.set_xlabel("time, ours = 1")
        axis.set_title(label)
        axis.grid(axis="y", visible=False)
    return figure


def growth_with_inputs(benchmark: Mapping[str, Any]) -> Figure:
    """Microseconds a point of ours and of torch.func, as input dimension, latent dimension, depth, or points grow."""
    figure = Figure(figsize=(7.6, 4.6))
    axes = figure.subplots(2, 2)
    for axis, (what, label) in zip(axes.flat, AXES.items(), strict=True):
        rows = benchmark["growth"][what]
        values = [row["value"] for row in rows]
        axis.plot(values, [row["ours"] for row in rows], color=BLUE, marker="o", label="ours")
        axis.plot(values, [row["torch.func"] for row in rows], "--", color=ORANGE, marker="s", label="torch.func")
        axis.set_xlabel(label)
        axis.set_ylabel("µs a point")
        axis.set_ylim(bottom=0)
        if what in ("input dimension", "points"):
            axis.set_xscale("log", base=2)
            axis.set_xticks(values, [f"{value:g}" for value in values])
            axis.minorticks_off()
        else:
            axis.set_xticks(values, [f"{value:g}" for value in values])
    axes[0, 0].legend()
    return figure


def scaling(gains: pd.DataFrame, measured: Mapping[str, float]) -> Figure:
    """The speed-up with W workers: computed, a line a case, and as measured with two.

    `gains`: `lib.analysis.scaling.gains`; `measured`: by the kind of the two workers. The grey line is W itself.
    """
    figure = Figure(figsize=(6.4, 3.6))
    axis = figure.subplots()
    axis.plot(gains.index, gains.index, color=GREY, linewidth=0.8, label="as many times as workers")
    for name, (color, _, dashes) in zip(gains, BY_RUN, strict=False):
        axis.plot(gains.index, gains[name], dashes, color=color, label=name)
    for (name, ratio), marker in zip(measured.items(), "x+", strict=True):
        axis.plot([2], [ratio], marker, color="black", markersize=8, label=f"measured, {name}")
    axis.set(xscale="log", yscale="log", xlabel="workers", ylabel="times as fast as one worker")
    axis.legend()
    return figure
