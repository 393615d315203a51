"""Figures and tables: drawn for any run, the same bytes each time, every panel the paper has."""

import io
from xml.etree import ElementTree

import matplotlib
import pytest

from lib import datasets, figures, published, runs, tables
from lib.errors import InputError

PANELS = {
    "spectral_distance": 2,
    "argument_distribution": 2,
    "small_eigenvalues": 2,
    "orientation": 2,
    "loss_curves": 1,
    "final_errors": 1,
}


@pytest.fixture(autouse=True)
def style():
    with matplotlib.rc_context():
        figures.use_style()
        yield


@pytest.fixture(scope="module")
def summaries():
    return {"smoke": runs.summary("smoke")}


def svg(figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def drawn(summaries):
    yield from ((getattr(figures, name)(summaries), panels) for name, panels in PANELS.items())
    yield from ((figures.mean_eigenvalue(summaries, f"{kind}_mean"), 3) for kind in ("arithmetic", "geometric"))
    yield from ((figures.error_slopes(summaries, predictor), 2) for predictor in ("log_volume", "trace"))


def test_every_figure_has_its_panels_with_labels_and_draws_something(summaries):
    for figure, panels in drawn(summaries):
        assert len(figure.axes) == panels
        for axis in figure.axes:
            assert axis.get_ylabel()
            assert axis.lines or axis.patches
        assert figure.axes[-1].get_xlabel()


def test_figures_are_the_same_bytes_each_time_and_keep_their_text(summaries):
    first, second = (svg(figures.spectral_distance(summaries)) for _ in range(2))
    assert first == second
    assert "run smoke" in "".join(ElementTree.fromstring(first).itertext())


def test_a_figure_shows_the_numbers_of_the_summary(summaries):
    figure = figures.mean_eigenvalue(summaries, "arithmetic_mean")
    rows = summaries["smoke"].statistics.query(
        "quantity == 'arithmetic_mean' and space == 'latent' and depth == 3 and split == 'all' and label == -1"
    )
    assert figure.axes[0].lines[0].get_ydata().tolist() == pytest.approx(
        rows.sort_values("latent_dim")["median"].tolist()
    )


def test_several_runs_stand_side_by_side(summaries):
    figure = figures.orientation({"one": summaries["smoke"], "two": summaries["smoke"]})
    assert len(figure.axes) == 4
    assert "run two" in svg(figure)


def test_no_run_is_an_error():
    with pytest.raises(InputError, match="No run was given"):
        figures.orientation({})


def test_pictures(summaries):
    smoke = summaries["smoke"]
    assert len(figures.reconstructions(smoke).axes) == 10 * (1 + len(smoke.run.latent_dims))
    dataset = datasets.load("digits")
    assert len(figures.samples(dataset.train.images.numpy(), dataset.train.labels.numpy(), (8, 8)).axes) == 20


# --- tables --------------------------------------------------------------------------------------------------------


def test_a_coefficient_table_has_every_published_row_and_marks_the_misprint(summaries):
    text = tables.coefficients(summaries, 2)
    lines = text.splitlines()
    assert len(lines) == 2 + 19 + len(summaries["smoke"].run.latent_dims)
    marked = [line for line in lines if "(!)" in line]
    misprint = published.misprints().iloc[0]
    assert len(marked) == 1
    assert marked[0].startswith(f"| {misprint['latent_dim']} | published")
    assert "(!)" not in tables.coefficients(summaries, 1)


def test_tables_are_rectangular(summaries):
    for text in (
        tables.coefficients(summaries, 1),
        tables.verdicts(summaries),
        tables.tests("means"),
        tables.health(summaries),
        tables.settings(summaries),
    ):
        assert len({line.count(" | ") for line in text.splitlines() if line.startswith("|")}) == 1


def test_the_jacobians_are_typeset():
    assert tables.markdown(["J_L"], [["of J_I and $J_L$."]]).splitlines()[-1] == "| of $J_I$ and $J_L$. |"
