"""Figures and tables of the page `prediction`."""

import dataclasses

import pytest

from lib.analysis import published
from lib.report import prediction
from lib.runs import results


def test_published_slopes_stand_beside_those_of_the_runs(summaries):
    figure = prediction.published_beside_reproduced(summaries)
    assert len(figure.axes) == 4
    for axis, (number, space) in zip(
        figure.axes, [(1, "input"), (1, "latent"), (2, "input"), (2, "latent")], strict=True
    ):
        drawn = {line.get_label(): line for line in axis.lines}
        table = published.published_table(number)
        printed = table[table["space"] == space]
        assert drawn["published, $n=4$"].get_ydata().tolist() == printed["test_slope"].tolist()
        assert len(drawn["run smoke"].get_xdata()) == len(summaries["smoke"].run.latent_dims)


def test_slopes_without_an_interval_are_drawn_without_a_band(summaries):
    """A run of few test points has no interval of any slope."""
    columns = summaries["smoke"].regressions.to_dict("list")
    none = dict.fromkeys(("test_slope_low", "test_slope_high"), [None] * len(columns["depth"]))
    regressions = results._frame([({}, columns | none)])
    without = {"smoke": dataclasses.replace(summaries["smoke"], regressions=regressions)}
    assert [len(axis.lines) for axis in prediction.published_beside_reproduced(without).axes] == [
        len(axis.lines) for axis in prediction.published_beside_reproduced(summaries).axes
    ]


def test_a_coefficient_table_has_every_published_row_and_marks_the_misprint(summaries, cells):
    rows = cells(prediction.coefficients_table(summaries, 2))
    assert len(rows) == 1 + 19 + len(summaries["smoke"].run.latent_dims)
    marked = [row for row in rows if any("(!)" in cell for cell in row)]
    misprint = published.misprints().iloc[0]
    assert len(marked) == 1
    assert marked[0][:2] == [str(misprint["latent_dim"]), "published"]
    assert "(!)" not in prediction.coefficients_table(summaries, 1)


def test_differences_are_shown_for_runs_on_the_papers_data(summaries, cells):
    run = dataclasses.replace(summaries["smoke"].run, dataset="mnist")
    text = prediction.coefficients_table({"smoke": dataclasses.replace(summaries["smoke"], run=run)}, 2)
    rows = cells(text)
    place = next(i for i, row in enumerate(rows) if row[1] == "difference")
    first = published.published_table(2).query("latent_dim == 2 and space == 'latent'").iloc[0]
    ours = float(rows[place - 1][2].split("(")[0])
    assert float(rows[place][2]) == pytest.approx(ours - first["intercept"], abs=1.1e-3)


def test_agreement_is_told_of_runs_that_have_the_latent_dimensions_and_of_others(summaries):
    assert "so there is nothing to sum up" in prediction.agreement_sentence(summaries["smoke"])
    frame = summaries["smoke"].regressions
    moved = dataclasses.replace(summaries["smoke"], regressions=frame.assign(latent_dim=frame["latent_dim"] + 4))
    assert "of the signs agree" in prediction.agreement_sentence(moved)
