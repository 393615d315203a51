"""The style of the figures: panels, labels, the same bytes each time."""

import dataclasses
import io
from xml.etree import ElementTree

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
    yield from ((draw(summaries["smoke"]), panels) for draw, panels in PANELS.items())
    yield from (
        (spectra.mean_eigenvalue(summaries["smoke"], f"{kind}_mean"), 2) for kind in ("arithmetic", "geometric")
    )
    yield from ((controls.slopes_by_control(summaries["smoke"], split), 2) for split in ("train", "test"))
    yield from ((prediction.error_slopes(summaries["smoke"], predictor), 2) for predictor in ("log_volume", "trace"))


def test_every_figure_has_its_panels_with_labels_and_draws_something(summaries):
    for figure, panels in drawn(summaries):
        assert len(figure.axes) == panels
        for axis in figure.axes:
            assert axis.get_ylabel()
            assert axis.lines or axis.patches
        assert figure.axes[-1].get_xlabel()


def test_figures_are_the_same_bytes_each_time_and_keep_their_text(summaries):
    first, second = (svg(spectra.spectral_distance(summaries["smoke"])) for _ in range(2))
    assert first == second
    assert "run smoke" in "".join(ElementTree.fromstring(first).itertext())


def test_each_run_has_a_figure_that_names_it(summaries):
    two = dataclasses.replace(summaries["smoke"], run=dataclasses.replace(summaries["smoke"].run, name="two"))
    one, other = map(spectra.orientation, (summaries["smoke"], two))
    assert len(one.axes) == len(other.axes) == 2
    assert "run smoke" in svg(one) and "run two" in svg(other)


def test_a_figure_says_how_much_of_a_run_is_there(summaries):
    partial = dataclasses.replace(summaries["smoke"], absent=3)
    assert "(4 of 7 networks)" in svg(spectra.spectral_distance(partial))
    assert "networks)" not in svg(spectra.spectral_distance(summaries["smoke"]))
