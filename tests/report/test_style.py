"""The style of the figures: panels, labels, the same bytes each time."""

import dataclasses
import io
from xml.etree import ElementTree

import pytest

from lib.base.errors import InputError
from lib.report import controls, experiments, prediction, spectra

PANELS = {
    spectra.spectral_distance: 1,
    spectra.argument_distribution: 1,
    spectra.small_eigenvalues: 2,
    spectra.orientation: 2,
    experiments.loss_curves: 1,
    experiments.final_errors: 1,
}


def svg(figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def drawn(summaries):
    yield from ((draw(summaries), panels) for draw, panels in PANELS.items())
    yield from ((spectra.mean_eigenvalue(summaries, f"{kind}_mean"), 2) for kind in ("arithmetic", "geometric"))
    yield from ((controls.slopes_by_control(summaries, split), 2) for split in ("train", "test"))
    yield from ((prediction.error_slopes(summaries, predictor), 2) for predictor in ("log_volume", "trace"))


def test_every_figure_has_its_panels_with_labels_and_draws_something(summaries):
    for figure, panels in drawn(summaries):
        assert len(figure.axes) == panels
        for axis in figure.axes:
            assert axis.get_ylabel()
            assert axis.lines or axis.patches
        assert figure.axes[-1].get_xlabel()


def test_figures_are_the_same_bytes_each_time_and_keep_their_text(summaries):
    first, second = (svg(spectra.spectral_distance(summaries)) for _ in range(2))
    assert first == second
    assert "run smoke" in "".join(ElementTree.fromstring(first).itertext())


def test_several_runs_stand_side_by_side(summaries):
    figure = spectra.orientation({"one": summaries["smoke"], "two": summaries["smoke"]})
    assert len(figure.axes) == 4
    assert "run two" in svg(figure)


def test_no_run_is_an_error():
    with pytest.raises(InputError, match="No run was given"):
        spectra.orientation({})


def test_a_figure_says_how_much_of_a_run_is_there(summaries):
    partial = {"smoke": dataclasses.replace(summaries["smoke"], absent=3)}
    assert "(4 of 7 networks)" in svg(spectra.spectral_distance(partial))
    assert "networks)" not in svg(spectra.spectral_distance(summaries))
