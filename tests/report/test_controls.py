"""Figures and tables of the page `controls`."""

import dataclasses

import numpy as np

from lib.report import controls


def test_controlled_slopes_are_drawn_for_both_predictors_and_every_control(summaries):
    figure = controls.slopes_by_control(summaries, "test")
    assert len(figure.axes) == 2
    own = summaries["smoke"].controls.query("split == 'test' and space == 'input' and predictor == 'trace'")
    own = own[own["depth"] == summaries["smoke"].run.table_depth]
    drawn = {line.get_label(): line.get_ydata().tolist() for line in figure.axes[1].lines if line.get_label()[0] != "_"}
    assert drawn["nothing"] == own[own["controls"] == "none"]["slope"].tolist()
    assert drawn["class and ink"] == own[own["controls"] == "class and ink"]["slope"].tolist()


def test_members_are_counted_by_what_the_controls_leave(summaries, cells):
    own = summaries["smoke"].controls
    slopes = own.assign(slope=np.where(own["controls"] == "none", 1.0, 0.4), slope_se=0.1)
    text = controls.control_counts_sentence({"smoke": dataclasses.replace(summaries["smoke"], controls=slopes)})
    assert ["smoke", "trace", "4", "4", "0", "0", "4"] in cells(text)
