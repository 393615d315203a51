"""The drawings: they carry their words as text, and the same bytes come out each time."""

import io
from typing import Any

import matplotlib
import pytest
from matplotlib.figure import Figure

from lib import diagrams, figures

DRAWINGS = {
    "commutative_diagram": lambda: diagrams.commutative_diagram(),
    "complex_plane": lambda: diagrams.complex_plane({"first": [1 + 1j, 1 - 1j], "second": [0.5 + 0j]}),
}


def svg(figure: Figure) -> str:
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_same_bytes_come_out_twice(name: str) -> None:
    with matplotlib.rc_context():
        figures.use_style()
        assert svg(DRAWINGS[name]()) == svg(DRAWINGS[name]())


def test_the_diagram_names_its_maps_in_text() -> None:
    with matplotlib.rc_context():
        figures.use_style()
        drawn = svg(diagrams.commutative_diagram())
    for words in ("encoder", "decoder", "included in", "input space, dimension", "latent space, dimension"):
        assert words in drawn


def test_two_spectra_differ_by_more_than_colour() -> None:
    figure = diagrams.complex_plane({"first": [1 + 1j], "second": [0j]})
    lines: list[Any] = [line for line in figure.axes[0].lines if line.get_label() in ("first", "second")]
    assert len({line.get_marker() for line in lines}) == len(lines) == 2
