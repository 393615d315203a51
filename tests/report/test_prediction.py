"""Figures and tables of the page `prediction`."""

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest

from lib.analysis import comparisons, evidence, published
from lib.report import numbers, prediction
from lib.runs import results

SPACE_OF_PANEL = ("latent", "input")


@pytest.fixture
def seeded(summaries):
    return comparisons.by_seed([summaries["smoke"]])


@pytest.mark.parametrize(("number", "predictor"), published.TABLE_PREDICTORS.items())
def test_published_slopes_stand_beside_those_of_the_runs(summaries, seeded, number, predictor):
    figure = prediction.published_beside_reproduced(summaries, predictor, seeded)
    for axis, space in zip(figure.axes, SPACE_OF_PANEL, strict=True):
        drawn = {line.get_label(): line for line in axis.lines}
        table = published.published_table(number)
        printed = table[table["space"] == space]
        assert drawn["published"].get_ydata().tolist() == printed["test_slope"].tolist()
        ours = evidence.slopes(summaries["smoke"], predictor, space=space)["test_slope"]
        assert drawn["run smoke"].get_ydata().tolist() == pytest.approx(ours.tolist())
        assert drawn["several seeds"].get_ydata().tolist() == pytest.approx(ours.tolist()), "of one seed here"


def test_the_file_of_a_figure_names_run_predictor_jacobian_and_seed(summaries, seeded):
    """Files used to hold positions on the axes, without predictor or seed."""
    text = numbers.csv(prediction.published_beside_reproduced(summaries, "trace", seeded))
    rows = pd.read_csv(io.StringIO(text))
    assert set(rows["run"]) == {"smoke", "several seeds", "published"}
    assert set(rows["predictor"]) == {"trace"} and set(rows["space"]) == {"latent", "input"}
    assert rows.loc[rows["run"] == "several seeds", "seed"].tolist() == [0.0] * 4
    rows = pd.read_csv(io.StringIO(numbers.csv(prediction.error_slopes(summaries["smoke"], "trace"))))
    depths = rows.groupby("depth")["latent_dim"].agg(list)
    assert depths.to_dict() == {3: [2, 3], 4: [2, 3]}
    assert set(rows["class"].dropna()) == set(range(10))


def test_a_slope_has_one_interval_on_every_page(summaries):
    """The figures of slopes had least-squares intervals here and robust ones on the page of controls."""
    summary = summaries["smoke"]
    for predictor in published.PREDICTOR_NAMES:
        rows = evidence.raw_slopes(summary, predictor=predictor)
        plain = evidence.slopes(summary, predictor, space="input")
        np.testing.assert_allclose(rows["slope"], plain["test_slope"], rtol=1e-9)
        controlled = evidence.controlled(summary, predictor=predictor, controls="none")
        np.testing.assert_allclose(rows["high"] - rows["slope"], 1.959964 * controlled["slope_se"], rtol=1e-6)
        assert not np.allclose(controlled["slope_se"], plain["test_slope_se"], rtol=0.01)


def test_slopes_without_an_interval_are_drawn_without_a_band(summaries, seeded):
    """A run of few test points has no interval of any slope."""
    columns = summaries["smoke"].regressions.to_dict("list")
    none = dict.fromkeys(("test_slope_low", "test_slope_high"), [None] * len(columns["depth"]))
    regressions = results._frame([({}, columns | none)])
    without = {"smoke": dataclasses.replace(summaries["smoke"], regressions=regressions)}
    drawn = [
        [len(axis.lines) for axis in prediction.published_beside_reproduced(of, "trace", seeded).axes]
        for of in (without, summaries)
    ]
    assert drawn[0] == drawn[1]


def test_a_coefficient_table_has_every_published_row_and_marks_the_misprint(summaries, cells):
    misprint = published.misprints().iloc[0]
    for number in published.TABLE_PREDICTORS:
        for space in published.SPACE_NAMES:
            rows = cells(prediction.coefficients_table(summaries, number, space))
            assert len(rows) == 1 + 19 + len(summaries["smoke"].run.latent_dims)
            marked = [row for row in rows if any("(!)" in cell for cell in row)]
            assert len(marked) == ((number, space) == (misprint["number"], misprint["space"]))
            if marked:
                assert marked[0][:2] == [str(misprint["latent_dim"]), "published"]


def test_a_table_of_slopes_shows_intervals_and_at_most_twelve_rows_for_two_runs(summaries, cells):
    header, published_row, ours, *_ = cells(prediction.slopes_table(summaries))
    assert published_row[0] == "2" and ours[:2] == ["", "smoke"]
    row = evidence.raw_slopes(summaries["smoke"], predictor="trace", space="input").iloc[0]
    assert ours[header.index("trace, $J_I$")] == f"{row['slope']:.2f} ± {row['high'] - row['slope']:.2f}"
    frame = summaries["smoke"].controls
    moved = [frame.assign(latent_dim=d) for d in prediction.SHOWN_DIMS]
    run = dataclasses.replace(summaries["smoke"].run, latent_dims=tuple(range(2, 21)))
    wide = dataclasses.replace(summaries["smoke"], run=run, controls=pd.concat(moved))
    assert len(cells(prediction.slopes_table({"one": wide, "two": wide}))) == 1 + 12


def test_agreement_is_told_of_runs_that_have_the_latent_dimensions_and_of_others(summaries, cells):
    assert cells(prediction.agreement_table(summaries))[-1][1] == "", "no d from which agreement is summed up"
    frame = summaries["smoke"].regressions
    moved = dataclasses.replace(summaries["smoke"], regressions=frame.assign(latent_dim=frame["latent_dim"] + 4))
    found = comparisons.agreement(moved)["rms"]
    assert cells(prediction.agreement_table({"moved": moved}))[-1][1] == f"{found.min():.2f} to {found.max():.2f}"
    beyond = dataclasses.replace(summaries["smoke"], regressions=frame.assign(latent_dim=frame["latent_dim"] + 40))
    assert len(cells(prediction.agreement_table({"beyond": beyond}))) == 1


def test_runs_on_the_papers_data_stand_beside_its_slopes_where_there_are_any(summaries):
    run = dataclasses.replace(summaries["smoke"].run, dataset="mnist")
    both = summaries | {"on mnist": dataclasses.replace(summaries["smoke"], run=run)}
    assert set(prediction.on_papers_data(both)) == {"on mnist"}
    assert prediction.on_papers_data(summaries) == summaries


def test_the_course_of_slopes_is_told_from_the_smallest_to_the_largest_dimension(summaries):
    first, last = evidence.raw_slopes(summaries["smoke"], predictor="trace", space="latent")["slope"]
    told = prediction.course_sentence(summaries, "trace")
    assert f"from {first:.2f} at d = 2 to {last:.2f} at d = 3 in the run smoke" in told
    frame = summaries["smoke"].controls
    middle = frame[frame["latent_dim"] == 2].assign(latent_dim=2.5, slope=9.0)
    bent = dataclasses.replace(summaries["smoke"], controls=pd.concat([frame, middle]))
    assert "and 9.00 at d = 2) in the run" in prediction.course_sentence({"bent": bent}, "trace")


def test_signs_of_slopes_are_counted_by_their_intervals(summaries):
    frame = summaries["smoke"].controls
    shifted = frame.assign(slope=np.where(frame["space"] == "input", 1.0, -1.0), slope_se=0.1)
    counts = evidence.slope_signs(dataclasses.replace(summaries["smoke"], controls=shifted))
    assert counts.to_dict() == {"count": 8, "above": 4, "below": 4}
