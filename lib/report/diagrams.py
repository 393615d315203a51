"""Drawings for the pages on theory: the maps of an autoencoder, eigenvalues, and a network in the plane."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from lib.report.numbers import record
from lib.report.style import BLACK as INK
from lib.report.style import BLUE, GREY, NAVY, PURPLE, draw_image, panel

BELOW_AND_ABOVE = LinearSegmentedColormap.from_list("below and above", [GREY, "white", BLUE])
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
    figure, axis = panel(3.2, width=3.6)
    axis.set(xlim=(-0.2, 6.6), ylim=(0.1, 4.4))
    axis.axis("off")
    left, right, top, middle, bottom = 1.6, 4.8, 4.1, 2.5, 0.75
    for y, *names in ((top, "$M$", "$E(M)$"), (middle, "$I$", "$L$"), (bottom, "$I$", "$L$")):
        for x, name in zip((left, right), names, strict=True):
            axis.text(x, y, name, ha="center", va="center", fontsize=14, color=INK)
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


def _arrow(axis: Axes, start: Point, end: Point, name: str, at: Point, align: str = "center", gap: float = 12) -> None:
    """An arrow between two spaces, `gap` points short of each, with its name at `at`."""
    look = {"arrowstyle": "-|>", "mutation_scale": 14, "linewidth": 1.2, "color": INK, "shrinkA": gap, "shrinkB": gap}
    axis.add_patch(FancyArrowPatch(start, end, **look))
    axis.text(*at, name, ha=align, va="bottom" if align == "center" else "center", fontsize=9, color=INK)


def complex_plane(core: Sequence[complex], latent: Sequence[complex]) -> Figure:
    """The eigenvalues of the core of J_I (squares) and of J_L (dots) in the complex plane, with the value 1."""
    figure, axis = panel(1.8, width=3.3)
    axis.plot([1], [0], color=INK, marker="+", markersize=14, linestyle="none", label="1")
    looks = (("J_I", core, NAVY, "s", 7.5, "none"), ("J_L", latent, BLUE, "o", 3.5, BLUE))
    for name, values, color, marker, size, filling in looks:
        points = pd.DataFrame({"real": np.real(values), "imaginary": np.imag(values)})
        record(axis, points, matrix=name)
        style = {"color": color, "markersize": size, "markerfacecolor": filling}
        axis.plot(points["real"], points["imaginary"], marker, label=f"${name}$", **style)
    axis.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
    axis.margins(0.08)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


# --- a network in the plane --------------------------------------------------------------------------------------


def plane(field: Mapping[str, np.ndarray], curve: np.ndarray, images: np.ndarray) -> list[Figure]:
    """A network of the plane (`lib.training.toys.field`): its error, and the one eigenvalue of its core.

    Thin lines are the borders of its regions, on which a unit changes sides; the thick line is the decoded manifold. The
    eigenvalue is white at 1 and hatched where it is negative.
    """
    ticks, eigenvalue = field["ticks"], field["eigenvalue"]
    reach = float(np.quantile(np.abs(eigenvalue - 1), 0.98))
    colours = {"cmap": BELOW_AND_ABOVE, "vmin": 1 - reach, "vmax": 1 + reach}
    maps = {
        "error $|r(x)|$": (field["error"], {"cmap": "Purples", "vmin": 0}),
        "eigenvalue $\\lambda$": (eigenvalue, colours),
    }
    parts = []
    for title, (values, shades) in maps.items():
        figure, axis = panel(3.4)
        drawn = axis.pcolormesh(ticks, ticks, values, shading="nearest", rasterized=True, **shades)
        for unit in field["units"]:
            if unit.min() < 0 < unit.max():
                axis.contour(ticks, ticks, unit, levels=[0], colors=INK, linewidths=0.5)
        axis.set(aspect="equal", xlim=(ticks[0], ticks[-1]), ylim=(ticks[0], ticks[-1]), title=title)
        axis.set(xlabel="first coordinate", ylabel="second coordinate")
        axis.grid(False)
        figure.colorbar(drawn, ax=axis, shrink=0.8)
        if values is eigenvalue:
            axis.contourf(ticks, ticks, values < 0, levels=[0.5, 1.5], colors="none", hatches=["////"])
        axis.plot(*curve.T, color=INK, linewidth=2.4, label="decoded manifold")
        axis.plot(*images.T, "o", color="white", markeredgecolor=INK, markersize=3, label="data")
        figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        parts.append(figure)
    for name, points in {"decoded manifold": curve, "data": images}.items():
        _record_once(parts, pd.DataFrame(points, columns=["x1", "x2"]), shown=name)
    return parts


def _record_once(parts: Sequence[Figure], rows: pd.DataFrame, **constants: object) -> None:
    """Record rows that all parts of a figure show: in the first, and of the others the columns alone."""
    for part in parts:
        record(part, rows if part is parts[0] else rows.iloc[:0], **constants)


def same_spectrum(
    points: np.ndarray, eigenvalues: np.ndarray, images: Mapping[str, np.ndarray]
) -> tuple[Figure, Figure]:
    """Two networks of equal Jacobians, by name: where they take the points (P, 2), and the error of every point against its
    eigenvalue (P,), which the two share."""
    (first, left), (second, right) = panel(3.2), panel(3.2)
    parts = first, second
    looks = ((PURPLE, "o", PURPLE), (GREY, "s", "none"))
    for (name, reached), (color, marker, filling) in zip(images.items(), looks, strict=True):
        step = reached - points
        columns = {"x1": points[:, 0], "x2": points[:, 1], "image1": reached[:, 0], "image2": reached[:, 1]}
        error = np.linalg.norm(step, axis=1)
        _record_once(parts, pd.DataFrame(columns | {"eigenvalue": eigenvalues, "error": error}), network=name)
        left.quiver(*points.T, *step.T, angles="xy", scale_units="xy", scale=1, color=color, width=0.006)
        left.plot(*reached.T, linestyle="none")  # for the limits of the axes
        right.plot(eigenvalues, error, marker, color=color, markerfacecolor=filling, label=name)
    left.plot(*points.T, "o", color=INK, markersize=2.5)
    left.set(aspect="equal", xlabel="first coordinate", ylabel="second coordinate", title="from $x$ to $f(x)$")
    right.set(xlabel="eigenvalue $\\lambda$ at $x$", ylabel="error $|r(x)|$", title="the same eigenvalues")
    right.set(ylim=(0, None))
    right.legend(loc="center left")
    return parts


def split(
    x: np.ndarray, anchor: np.ndarray, reached: np.ndarray, anchor_reached: np.ndarray, direction: np.ndarray
) -> Figure:
    """The step from an anchor a to x in the plane, split along the image of the secant decoder (`direction`, a unit vector)
    and across it, with the residuals at both ends."""
    figure, axis = panel(4.2, width=3.3)
    corner = anchor + direction * (direction @ (x - anchor))
    line = np.stack([anchor_reached - 3 * direction, anchor_reached + 3 * direction])
    axis.plot(*line.T, color=GREY, linestyle=":", linewidth=1.2, label="flat through $f(a)$")
    arrows = (
        (anchor, corner, BLUE, "-", "$Q\\alpha$, along"),
        (corner, x, PURPLE, "-", "$\\beta$, across"),
        (x, reached, INK, "--", "$r(x)$"),
        (anchor, anchor_reached, GREY, "--", "$r(a)$"),
    )
    for start, end, colour, dashes, name in arrows:
        look = {"color": colour, "linewidth": 1.6, "linestyle": dashes, "shrinkA": 2, "shrinkB": 2}
        axis.annotate("", end, start, arrowprops={"arrowstyle": "-|>"} | look)
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
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def oblique(jacobian: np.ndarray) -> Figure:
    """What a Jacobian (2, 2) of rank 1 does to the unit circle: the segment it becomes, and the direction that it deletes.

    Were the Jacobian an orthogonal projection, scaled, the two would be at right angles; C measures how far they are from that.
    """
    left, size, right = np.linalg.svd(jacobian)
    image, deleted = left[:, 0], right[1]
    figure, axis = panel(3.6, width=3.3)
    angle = np.linspace(0, 2 * np.pi, 200)
    axis.plot(np.cos(angle), np.sin(angle), color=GREY, linewidth=1, label="unit circle")
    axis.plot(*np.outer(image, size[0] * np.array([-1, 1])), color=BLUE, linewidth=3, label="its image under $J_I$")
    axis.plot(*np.outer(deleted, [-1, 1]), color=NAVY, linestyle="--", label="deleted by $J_I$")
    normal = np.array([-image[1], image[0]])
    axis.plot(*np.outer(normal, [-1, 1]), color=INK, linestyle=":", label="at right angles to the image")
    axis.set(aspect="equal", xlabel="first coordinate", ylabel="second coordinate")
    figure.legend(loc="outside lower center", ncols=1)
    return figure
