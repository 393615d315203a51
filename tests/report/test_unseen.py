"""The figures of the page on errors that cannot be looked up draw the rows that they are given."""

import numpy as np
import pandas as pd
import pytest

from lib.analysis import neural_collapse, unseen
from lib.report import unseen as report
from lib.report.numbers import csv

SCORES = unseen.FOUND.read()
WHOLE, SETS = neural_collapse.digits()


@pytest.fixture(scope="module")
def points():
    return unseen.scored(0, (0, 1), epochs=10)


def test_a_strip_has_every_score_of_its_set_with_its_interval():
    axis = report.score_strip(SCORES, "noisy").axes[0]
    of_set = SCORES[SCORES["set"] == "noisy"].set_index("score")
    drawn = [line.get_xdata()[0] for line in axis.lines if line.get_marker() in "os"]
    assert sorted(drawn) == sorted(of_set["auroc"])
    assert len(axis.get_yticklabels()) == 10
    assert f"{of_set['wrong'].iloc[0]:.1%}" in axis.get_title(loc="left")
    assert "auroc_low" in csv(axis.figure)


def test_the_table_has_a_row_for_each_score_and_a_column_for_each_set(cells):
    header, *rows = cells(report.score_table(SCORES, "auroc"))
    assert header == ["score", *neural_collapse.SET_LABELS.values()]
    assert len(rows) == 10
    first = SCORES[(SCORES["score"] == "max_softmax") & (SCORES["set"] == "test")].iloc[0]
    assert {row[0]: row[1] for row in rows}["1 - largest softmax"].startswith(f"{first['auroc']:.2f} (")


def test_curves_start_at_the_error_rate_and_a_perfect_score_ends_at_none(points):
    rotated = points[points["set"] == "rotated"]
    figure = report.error_left(points.assign(ensemble=points["wrong"] + 0.0), "rotated")
    curves = {line.get_label(): line for line in figure.axes[0].lines}
    for label in ("1 - mean softmax over seeds", "random numbers"):
        share, rate = curves[label].get_data()
        assert rate[np.argmin(share)] == pytest.approx(rotated["wrong"].mean())
    share, rate = curves["1 - mean softmax over seeds"].get_data()
    assert rate[np.argmax(share)] == 0
    assert share.max() <= report.MOST_LEFT_OUT
    assert len({line.get_linestyle() for line in figure.axes[0].lines[:3]}) == 3


def test_mistakes_are_wrong_and_the_surest_comes_first(points):
    shifted = points[points["set"] == "shifted"]
    figure = report.mistakes(shifted, SETS["shifted"], WHOLE.labels.numpy(), count=3)
    wrong = shifted[shifted["wrong"]].sort_values("max_softmax").iloc[0]
    image, label = int(wrong["image"]), int(WHOLE.labels[int(wrong["image"])])
    assert figure.axes[0].get_title(loc="left").startswith(f"{label} taken for {wrong['chosen']}\n")
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), SETS["shifted"][image].reshape(8, 8))


def test_lines_are_medians_over_folds_and_the_table_has_first_and_last(cells):
    rows = neural_collapse.COLLAPSE.read()
    lines = report.collapse_lines(rows, "nc1", "NC1").axes[0].lines
    wanted = rows[rows["run"] == "decay 0.005"].groupby("epoch")["nc1"].median()
    line = next(line for line in lines if line.get_label() == "decay 0.005")
    np.testing.assert_allclose(line.get_ydata(), wanted)
    ends = neural_collapse.collapse_ends(rows)
    header, *body = cells(report.ends_table(ends))
    assert header == ["network", "NC1", "NC2", "NC3", "NC4", "test error"]
    last = ends[(ends["run"] == "decay 0.005") & (ends["at"] == "last")]
    row = next(row for row in body if row[0] == "decay 0.005")
    assert row[1].endswith(f"→ {last['nc1'].median():.3f}")


def test_every_network_is_a_point():
    networks = neural_collapse.gap_networks(neural_collapse.GAPS.read())
    lines = report.gap_scatter(networks).axes[0].lines
    assert sum(len(line.get_xdata()) for line in lines) == len(networks) == 27
    np.testing.assert_allclose(
        np.sort(np.concatenate([line.get_ydata() for line in lines])), np.sort(100 * pd.Series(networks["gap"]))
    )
