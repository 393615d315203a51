"""Figures and tables of the page `controls`."""

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest

from lib.analysis import evidence
from lib.report import controls, numbers


def test_slopes_are_drawn_raw_and_controlling_for_others_for_both_predictors(summaries):
    figure = controls.slopes_by_control(summaries["smoke"], "test")
    assert len(figure.axes) == 2
    own = summaries["smoke"].controls.query("split == 'test' and space == 'input' and predictor == 'trace'")
    own = own[own["depth"] == summaries["smoke"].run.table_depth]
    drawn = {line.get_label(): line.get_ydata().tolist() for line in figure.axes[1].lines if line.get_label()[0] != "_"}
    for name, (*_, label) in controls.BY_CONTROL.items():
        assert drawn[label] == own[own["controls"] == name]["slope"].tolist()
    rows = pd.read_csv(io.StringIO(numbers.csv(figure)))
    assert set(rows["controls"]) == set(controls.BY_CONTROL)
    assert set(rows["predictor"]) == {"log_volume", "trace"} and set(rows["split"]) == {"test"}


def test_a_table_has_a_row_for_each_set_of_controls_and_a_column_for_each_run(summaries, cells):
    rows = cells(controls.controlled_table(summaries | {"again": summaries["smoke"]}, "{slope:.2f} ± {half:.2f}"))
    assert rows[0][2:] == ["smoke, $d$ = 3", "again, $d$ = 3"]
    assert [row[1] for row in rows[1:]] == [*controls.CONTROL_NAMES.values()] * 2
    own = evidence.raw_slopes(summaries["smoke"], predictor="trace").query("latent_dim == 3").iloc[0]
    assert rows[7][2] == f"{own['slope']:.2f} ± {own['high'] - own['slope']:.2f}"


def test_slopes_are_told_at_the_largest_dimension_whose_network_lost_no_direction(summaries, cells):
    """Tables were of the largest d, at which networks had lost a direction, and said so four times."""
    summary = summaries["smoke"]
    small = (summary.statistics["quantity"] == "small_eigenvalues") & (summary.statistics["latent_dim"] == 3)
    lost = summary.statistics.assign(q025=summary.statistics["q025"].mask(small, 1.0))
    damaged = dataclasses.replace(summary, statistics=lost)
    assert (evidence.largest_intact(summary), evidence.largest_intact(damaged)) == (3, 2)
    assert cells(controls.controlled_table({"smoke": damaged}, "{slope:.2f}"))[0][2] == "smoke, $d$ = 2"
    without = lost.assign(q025=lost["q025"].mask(lost["quantity"] == "small_eigenvalues", 1.0))
    assert evidence.largest_intact(dataclasses.replace(summary, statistics=without)) == 3, "none is intact"


@pytest.mark.parametrize("left", [-0.1, 0.1, 0.3, 0.4, 0.5, 0.6])
def test_what_is_left_is_the_same_in_words_for_a_slope_and_its_opposite(left):
    assert controls.left_in_words(0.5, left) == controls.left_in_words(-0.5, -left)


def test_networks_are_counted_by_what_the_controls_leave(summaries, cells):
    own = summaries["smoke"].controls
    slopes = own.assign(slope=np.where(own["controls"] == "none", 1.0, 0.4), slope_se=0.1)
    text = controls.counts_table({"smoke": dataclasses.replace(summaries["smoke"], controls=slopes)})
    assert ["smoke", "trace", "4", "4", "0", "0", "4"] in cells(text)
