"""Drawings that no data go into."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

ARROW = {"arrowstyle": "-|>", "mutation_scale": 14, "linewidth": 1.2, "color": "#222222", "shrinkA": 16, "shrinkB": 16}


def commutative_diagram() -> Figure:
    """Figure 1: the maps between the input space I, the latent space L, and the data manifold M that lies in I."""
    figure = Figure(figsize=(5.6, 2.9))
    axis = figure.subplots()
    axis.set(xlim=(-0.7, 4.7), ylim=(-0.5, 2.4))
    axis.axis("off")
    spaces = {"$M$": (0, 0), "$I$": (0, 1.8), "$L$": (2, 1.8), "$I'$": (4, 1.8), "$f(M)$": (4, 0)}
    for name, (x, y) in spaces.items():
        axis.text(x, y, name.replace("I'", "I"), ha="center", va="center", fontsize=16)
    _arrow(axis, (0, 0), (0, 1.8), "inclusion", (-0.08, 0.9), "right")
    _arrow(axis, (0, 1.8), (2, 1.8), "encoder $E$", (1, 1.93), "center")
    _arrow(axis, (2, 1.8), (4, 1.8), "decoder $D$", (3, 1.93), "center")
    _arrow(axis, (4, 0), (4, 1.8), "inclusion", (4.08, 0.9), "left")
    _arrow(axis, (0, 0), (2, 1.8), "$E|_M$", (1.12, 0.82), "left")
    _arrow(axis, (0, 0), (4, 0), "$f = D\\circ E$", (2, 0.1), "center")
    return figure


def _arrow(
    axis: Axes, start: tuple[float, float], end: tuple[float, float], name: str, at: tuple[float, float], align: str
) -> None:
    axis.add_patch(FancyArrowPatch(start, end, **ARROW))
    axis.text(*at, name, ha=align, va="bottom" if align == "center" else "center", fontsize=11)
