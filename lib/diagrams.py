"""Drawings for the pages on theory: the maps of an autoencoder, and eigenvalues in the complex plane."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

INK, GREY = "#222222", "#666666"
MARKERS = (("#D55E00", "s", "none"), ("#0072B2", "o", "#0072B2"))  # colour, marker, filling: apart in grey, too
Point = tuple[float, float]


def commutative_diagram() -> Figure:
    """Figure 1: the maps of an autoencoder whose data lie on a manifold M in the input space.

    Above, the data M and their codes E(M), included in the input space I and the latent space L. Below, E leads from I
    to L and D back to I; f = D o E goes down on the left, g = E o D on the right. Both triangles commute, and so does
    the upper square.
    """
    figure = Figure(figsize=(6.4, 4.4))
    axis = figure.subplots()
    axis.set(xlim=(0.2, 6.2), ylim=(0.15, 4.4))
    axis.axis("off")
    left, right, top, middle, bottom = 1.6, 4.8, 4.1, 2.5, 0.75
    for at, name in {
        (left, top): "$M$",
        (right, top): "$E(M)$",
        (left, middle): "$I$",
        (right, middle): "$L$",
        (left, bottom): "$I$",
        (right, bottom): "$L$",
    }.items():
        axis.text(*at, name, ha="center", va="center", fontsize=17, color=INK)
    _arrow(axis, (left, top), (right, top), "$E$ restricted to $M$", (3.1, top + 0.12), gap=32)
    _arrow(axis, (left, middle), (right, middle), "encoder $E$", (3.2, middle + 0.12))
    _arrow(axis, (left, bottom), (right, bottom), "$E$", (3.2, bottom + 0.12))
    _arrow(axis, (right, middle), (left, bottom), "decoder $D$", (2.95, 1.82), align="right")
    sides = (
        (left, -0.16, "right", "$f=D\\circ E$", "Jacobian $J_I$"),
        (right, 0.16, "left", "$g=E\\circ D$", "Jacobian $J_L$"),
    )
    for x, aside, align, composite, jacobian in sides:
        _arrow(axis, (x, top), (x, middle), "included in", (x + aside, 3.3), align=align)
        _arrow(axis, (x, middle), (x, bottom), composite, (x + aside, 1.75), align=align)
        axis.text(x + aside, 1.45, jacobian, ha=align, va="center", fontsize=10, color=GREY)
    for x, name in ((left, "input space, dimension $N$"), (right, "latent space, dimension $d$")):
        axis.text(x, 0.3, name, ha="center", va="center", fontsize=10, color=GREY)
    return figure


def _arrow(
    axis: Axes,
    start: Point,
    end: Point,
    name: str,
    at: Point,
    align: str = "center",
    gap: float = 18,
) -> None:
    """An arrow between two spaces, `gap` points short of each, with its name at `at`."""
    axis.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=14,
            linewidth=1.2,
            color=INK,
            shrinkA=gap,
            shrinkB=gap,
        )
    )
    axis.text(*at, name, ha=align, va="bottom" if align == "center" else "center", fontsize=11, color=INK)


def complex_plane(spectra: Mapping[str, Sequence[complex]]) -> Figure:
    """At most two spectra, by name, as points of the complex plane, with the value 1 and an arc of the unit circle."""
    figure = Figure(figsize=(7.0, 3.0))
    axis = figure.subplots()
    axis.add_patch(Circle((0, 0), 1, fill=False, color=GREY, linewidth=0.8))
    axis.plot([1], [0], color=INK, marker="+", markersize=14, linestyle="none", label="1")
    for (name, values), (color, marker, filling) in zip(spectra.items(), MARKERS, strict=False):
        real, imaginary = [value.real for value in values], [value.imag for value in values]
        size = 7.5 if filling == "none" else 3.5
        style = {"color": color, "marker": marker, "markersize": size, "markerfacecolor": filling, "linestyle": "none"}
        axis.plot(real, imaginary, label=name, **style)
    everything = [1, *(value for values in spectra.values() for value in values)]
    height = max(0.2, *(abs(value.imag) for value in everything)) + 0.1
    axis.set(xlabel="real part", ylabel="imaginary part", aspect="equal", ylim=(-height, height))
    axis.set_xlim(min(value.real for value in everything) - 0.1, max(value.real for value in everything) + 0.1)
    axis.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure
