"""Figures and tables of the committed benchmarks."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lib.report.layout import markdown
from lib.report.numbers import record
from lib.report.style import BLACK, BLUE, GREEN, GREY, panel

CASES = {"linear": "untrained", "trained": "trained", "geometric": "untrained, geometric widths"}
AXES = {"input dimension": "input dimension $N$", "latent dimension": "latent dimension $d$"}


def routes(benchmark: Mapping[str, Any], case: str) -> Figure:
    """The time of every route to both cores divided by that of this book, sorted; logarithmic.

    `benchmark`: `benchmarks.jacobians`; `case`: of `CASES`.
    """
    ratios = pd.Series({"ours": 1.0} | benchmark[case]["ratio_to_ours"]).sort_values(ascending=False)
    figure, axis = panel(3.4)
    record(axis, ratios.rename_axis("route").rename("time_ratio").reset_index(), case=case)
    colors = [BLUE if str(name).startswith("ours") else GREY for name in ratios.index]
    bars = axis.barh(ratios.index.tolist(), ratios, color=colors)
    axis.bar_label(bars, fmt="%.1f", padding=3)
    axis.axvline(1, color=BLACK, linewidth=1)
    axis.set(xscale="log", xlim=(0.5, 3 * ratios.max()), xlabel="time, ours = 1", title=CASES[case])
    axis.grid(axis="y", visible=False)
    return figure


def growth_with_inputs(benchmark: Mapping[str, Any], size: str) -> Figure:
    """Microseconds per point of this book's route and of torch.func as one size grows. `size`: of `AXES`."""
    rows = pd.DataFrame(benchmark["growth"][size]).rename(columns={"value": size})
    figure, axis = panel(2.8)
    record(axis, rows)
    axis.plot(rows[size], rows["ours"], color=BLUE, marker="o", label="ours")
    axis.plot(rows[size], rows["torch.func"], color=GREEN, marker="s", linestyle="--", label="torch.func")
    axis.set(xlabel=AXES[size], ylabel="µs per point", ylim=(0, None))
    axis.legend()
    return figure


def routes_table(benchmark: Mapping[str, Any]) -> str:
    """For each route, its time in every case divided by that of this book, and its memory in MiB."""
    memory = benchmark["memory"]
    rows = [
        [
            name,
            *("1.0" if name == "ours" else f"{benchmark[case]['ratio_to_ours'][name]:.1f}" for case in CASES),
            f"{memory[name]['beside'] / 2**20:.0f}" if name in memory else "",
        ]
        for name in ("ours", *benchmark["linear"]["ratio_to_ours"])
    ]
    return markdown(["route", *CASES.values(), "MiB"], rows)
