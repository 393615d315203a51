"""Drawings for the pages on theory: the maps of an autoencoder, eigenvalues, and a network in the plane."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from lib.report.style import draw_image

INK, GREY = "#222222", "#666666"
MARKERS = (("#D55E00", "s", "none"), ("#0072B2", "o", "#0072B2"))  # colour, marker, filling: apart in grey, too
Point = tuple[float, float]


def code_and_reconstruction(
    image: np.ndarray, code: np.ndarray, reconstruction: np.ndarray, image_shape: Sequence[int]
) -> Figure:
    """An image x (N,), its code E(x) (d,) as bars, and its reconstruction D(E(x)) (N,)."""
    figure = Figure(figsize=(3.6, 1.6))
    first, middle, last = figure.subplots(1, 3, gridspec_kw={"wspace": 0.15})
    for axis, pixels, title in ((first, image, "image $x$"), (last, reconstruction, "reconstruction")):
        draw_image(axis, pixels, image_shape)
        axis.set_title(title, loc="center")
        axis.set_xlabel(f"{len(pixels)} pixels")
    middle.bar(np.arange(len(code)), code, color=INK)
    middle.axhline(0, color=GREY, linewidth=0.8)
    middle.set(xticks=[], yticks=[], xlabel=f"{len(code)} numbers")
    middle.set_title("code", loc="center")
    middle.spines[:].set_visible(False)
    middle.grid(False)
    return figure


def commutative_diagram() -> Figure:
    """Figure 1: the maps of an autoencoder whose data lie on a manifold M in the input space.

    Above, the data M and their codes E(M), included in the input space I and the latent space L. Below, E leads from I
    to L and D back to I; f = D o E goes down on the left, g = E o D on the right. Both triangles commute, and so does
    the upper square.
    """
    figure = Figure(figsize=(3.6, 3.2))
    axis = figure.subplots()
    axis.set(xlim=(-0.2, 6.6), ylim=(0.1, 4.4))
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
        axis.text(*at, name, ha="center", va="center", fontsize=14, color=INK)
    _arrow(axis, (left, top), (right, top), "$E$ restricted to $M$", (3.1, top + 0.12), gap=20)
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
        axis.text(x + aside, 1.4, jacobian, ha=align, va="center", fontsize=9, color=GREY)
    for x, name in ((left, "input space, dimension $N$"), (right, "latent space, dimension $d$")):
        axis.text(x, 0.25, name, ha="center", va="center", fontsize=8, color=GREY)
    return figure


def _arrow(
    axis: Axes,
    start: Point,
    end: Point,
    name: str,
    at: Point,
    align: str = "center",
    gap: float = 12,
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
    axis.text(*at, name, ha=align, va="bottom" if align == "center" else "center", fontsize=9, color=INK)


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


# --- a network in the plane --------------------------------------------------------------------------------------


def plane(field: Mapping[str, np.ndarray], curve: np.ndarray, images: np.ndarray) -> Figure:
    """A network of the plane (`lib.training.toys.field`): its error (left) and the one eigenvalue of its core (right).

    Thin lines are the borders of its regions, on which a unit changes sides; the thick line is the decoded manifold.
    """
    figure = Figure(figsize=(7.4, 3.5))
    axes = figure.subplots(1, 2, sharey=True)
    ticks = field["ticks"]
    largest = float(np.quantile(np.abs(field["eigenvalue"]), 0.98))
    panels = (
        ("error", "error $|r(x)|$", {"cmap": "Greys", "vmin": 0}),
        ("eigenvalue", "eigenvalue $\\lambda$", {"cmap": "PuOr", "vmin": -largest, "vmax": largest}),
    )
    for axis, (name, title, colours) in zip(axes, panels, strict=True):
        drawn = axis.pcolormesh(ticks, ticks, field[name], shading="nearest", rasterized=True, **colours)
        for unit in field["units"]:
            if unit.min() < 0 < unit.max():
                axis.contour(ticks, ticks, unit, levels=[0], colors=INK, linewidths=0.5)
        axis.plot(*curve.T, color="#D55E00", linewidth=2.2, label="decoded manifold")
        axis.plot(
            *images.T, color="white", markeredgecolor=INK, marker="o", markersize=3, linestyle="none", label="data"
        )
        axis.set(
            aspect="equal",
            xlim=(ticks[0], ticks[-1]),
            ylim=(ticks[0], ticks[-1]),
            title=title,
            xlabel="first coordinate",
        )
        axis.grid(False)
        figure.colorbar(drawn, ax=axis, shrink=0.8)
    axes[0].set_ylabel("second coordinate")
    axes[0].legend(loc="lower left", fontsize=8, frameon=True, framealpha=0.9)
    return figure


def same_spectrum(points: np.ndarray, eigenvalues: np.ndarray, images: Mapping[str, np.ndarray]) -> Figure:
    """Two networks of equal Jacobians, by name: where they take the points (P, 2) (left), and the error of every point
    against its eigenvalue (P,), which the two share (right)."""
    figure = Figure(figsize=(7.4, 3.5))
    left, right = figure.subplots(1, 2)
    for (name, reached), (colour, marker, _) in zip(images.items(), reversed(MARKERS), strict=True):
        step = reached - points
        left.quiver(*points.T, *step.T, angles="xy", scale_units="xy", scale=1, color=colour, width=0.006)
        left.plot(*reached.T, linestyle="none")  # for the limits of the axes
        right.plot(
            eigenvalues,
            np.linalg.norm(step, axis=1),
            color=colour,
            marker=marker,
            markersize=4,
            linestyle="none",
            label=name,
        )
    left.plot(*points.T, color=INK, marker="o", markersize=2.5, linestyle="none")
    left.set(aspect="equal", xlabel="first coordinate", ylabel="second coordinate", title="from $x$ to $f(x)$")
    right.set(
        xlabel="eigenvalue $\\lambda$ at $x$", ylabel="error $|r(x)|$", ylim=(0, None), title="the same eigenvalues"
    )
    right.legend(frameon=False)
    return figure


def split(
    x: np.ndarray, anchor: np.ndarray, reached: np.ndarray, anchor_reached: np.ndarray, direction: np.ndarray
) -> Figure:
    """The step from an anchor a to x in the plane, split along the image of the secant decoder (`direction`, a unit vector)
    and across it, with the residuals at both ends."""
    figure = Figure(figsize=(5.2, 4.2))
    axis = figure.subplots()
    corner = anchor + direction * (direction @ (x - anchor))
    line = np.stack([anchor_reached - 3 * direction, anchor_reached + 3 * direction])
    axis.plot(*line.T, color=GREY, linestyle=":", linewidth=1.2, label="flat through $f(a)$ that $Q$ spans")
    arrows = (
        (anchor, corner, "#0072B2", "-", "$Q\\alpha$, along"),
        (corner, x, "#D55E00", "-", "$\\beta$, across"),
        (x, reached, INK, "--", "$r(x)$"),
        (anchor, anchor_reached, GREY, "--", "$r(a)$"),
    )
    for start, end, colour, dashes, name in arrows:
        axis.annotate(
            "",
            end,
            start,
            arrowprops={
                "arrowstyle": "-|>",
                "color": colour,
                "linewidth": 1.6,
                "linestyle": dashes,
                "shrinkA": 2,
                "shrinkB": 2,
            },
        )
        axis.plot([], [], color=colour, linestyle=dashes, label=name)
    sides = {"$x$": (x, 6, 6), "$a$": (anchor, 6, 6), "$f(x)$": (reached, -8, -14), "$f(a)$": (anchor_reached, -30, -4)}
    for name, (point, right, up) in sides.items():
        axis.plot(*point, color=INK, marker="o", markersize=4)
        axis.annotate(name, point, (right, up), textcoords="offset points")
    everything = np.stack([x, anchor, reached, anchor_reached, corner])
    low, high = everything.min(axis=0), everything.max(axis=0)
    margin = 0.25 * float((high - low).max())
    axis.set(aspect="equal", xlim=(low[0] - margin, high[0] + margin), ylim=(low[1] - margin, high[1] + margin))
    axis.set(xlabel="first coordinate", ylabel="second coordinate")
    axis.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


def oblique(jacobian: np.ndarray) -> Figure:
    """What a Jacobian (2, 2) of rank 1 does to the unit circle: the segment it becomes, and the direction that it deletes.

    Were the Jacobian an orthogonal projection, scaled, the two would be at right angles; C measures how far they are from that.
    """
    left, size, right = np.linalg.svd(jacobian)
    image, deleted = left[:, 0], right[1]
    figure = Figure(figsize=(5.2, 3.8))
    axis = figure.subplots()
    angle = np.linspace(0, 2 * np.pi, 200)
    axis.plot(np.cos(angle), np.sin(angle), color=GREY, linewidth=1, label="unit circle")
    axis.plot(
        *np.outer(image, size[0] * np.array([-1, 1])), color="#D55E00", linewidth=3, label="its image under $J_I$"
    )
    axis.plot(*np.outer(deleted, [-1, 1]), color="#0072B2", linestyle="--", label="deleted by $J_I$")
    normal = np.array([-image[1], image[0]])
    axis.plot(*np.outer(normal, [-1, 1]), color=INK, linestyle=":", label="at right angles to the image")
    axis.set(aspect="equal", xlabel="first coordinate", ylabel="second coordinate")
    axis.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure
