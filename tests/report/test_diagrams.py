"""The drawings: they carry their words as text, and the same bytes come out each time."""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from lib.report import diagrams, numbers, style

GRID = np.stack(np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5)), axis=-1).reshape(-1, 2)
FIELD = {
    "ticks": np.linspace(-1, 1, 5),
    "error": np.abs(GRID[:, 0]).reshape(5, 5),
    "eigenvalue": GRID[:, 1].reshape(5, 5),
    "units": GRID.T.reshape(2, 5, 5),
}
DRAWINGS = {
    "code_and_reconstruction": lambda: diagrams.code_and_reconstruction(GRID[:9, 0], np.arange(3), GRID[:9, 1], (3, 3)),
    "commutative_diagram": lambda: diagrams.commutative_diagram(),
    "complex_plane": lambda: diagrams.complex_plane([1 + 1j, 1 - 1j], [0.5 + 0j]),
    "plane": lambda: diagrams.plane(FIELD, GRID[:9], GRID[:5]),
    "same_spectrum": lambda: diagrams.same_spectrum(GRID, GRID[:, 0], {"one": GRID + 0.1, "other": GRID - 0.2}),
    "split": lambda: diagrams.split(*np.array([[0.0, 1.0], [1.0, 0.0], [0.1, 0.8], [1.0, 0.1]]), np.array([0.0, 1.0])),
    "oblique": lambda: diagrams.oblique(np.array([[1.0, 2.0], [0.5, 1.0]])),
}


def svg(figures: Figure | Sequence[Figure]) -> str:
    stream = io.StringIO()
    for figure in [figures] if isinstance(figures, Figure) else figures:
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_same_bytes_come_out_twice(name: str) -> None:
    with matplotlib.rc_context():
        style.use_style()
        assert svg(DRAWINGS[name]()) == svg(DRAWINGS[name]())


def test_the_diagram_names_its_maps_in_text() -> None:
    with matplotlib.rc_context():
        style.use_style()
        drawn = svg(diagrams.commutative_diagram())
    for words in ("encoder", "decoder", "included in", "input space, dimension", "latent space, dimension"):
        assert words in drawn


def test_two_spectra_differ_by_more_than_colour() -> None:
    figure = diagrams.complex_plane([1 + 1j], [0j])
    lines: list[Any] = [line for line in figure.axes[0].lines if line.get_label() in ("$J_I$", "$J_L$")]
    assert len({line.get_marker() for line in lines}) == len(lines) == 2


def test_the_picture_of_an_oblique_map_shows_its_image_and_what_it_deletes() -> None:
    jacobian = np.outer([0.0, 2.0], [0.6, 0.8])  # deletes (0.8, -0.6), writes along the second axis
    lines = {line.get_label(): np.stack(line.get_data(), axis=1) for line in diagrams.oblique(jacobian).axes[0].lines}
    assert np.allclose(np.abs(lines["its image under $J_I$"]), [[0, 2], [0, 2]])
    assert np.allclose(jacobian @ lines["deleted by $J_I$"][0], 0)
    assert np.allclose(lines["at right angles to the image"] @ [0.0, 1.0], 0)


def test_two_networks_of_one_spectrum_are_drawn_at_the_same_eigenvalues() -> None:
    parts = diagrams.same_spectrum(GRID, GRID[:, 0], {"one": GRID + 0.1, "other": GRID})
    right = parts[1].axes[0]
    one, other = right.lines
    assert np.array_equal(one.get_xdata(), other.get_xdata())
    assert np.allclose(other.get_ydata(), 0)
    assert np.allclose(one.get_ydata(), 0.1 * 2**0.5)
    written = [numbers.csv(part).splitlines() for part in parts]
    assert written[0][0] == written[1][0] and len(written[1]) == 1, "the rows are in the file once"
