"""The figures of the page on the latent space draw what they were given."""

import io

import numpy as np
import pandas as pd
import pytest

from lib.analysis import latent
from lib.report import latent as report
from lib.report import numbers


@pytest.fixture(scope="module")
def rows():
    table = latent.LATENT.read()
    return table[table["latent_dim"] != latent.TOGETHER]


def drawn(figure):
    return pd.read_csv(io.StringIO(numbers.csv(figure)))


def test_ranks_have_a_dot_for_each_network_and_a_word_for_constants(rows):
    shown = drawn(report.rank_dots(rows, ["turning", "shuffled_side"], "title"))
    assert shown.groupby("score").size().to_dict() == {"turning": 9, "shuffled_side": 9}
    assert shown.query("score == 'turning'")["spearman"].mean() == pytest.approx(0.359, abs=0.01)
    figure = report.rank_dots(rows[rows["score"] != "trace_latent"], ["trace_latent", "turning"], "title")
    assert [text.get_text() for text in figure.axes[0].texts] == ["constant"]


def test_boundaries_have_a_dot_for_each_network(rows):
    shown = drawn(report.accuracy_dots(rows))
    assert set(shown["entry"]) == set(report.BOUNDARIES.values())
    assert len(shown) == 4 * 9


def test_walks_are_recorded_one_by_one():
    path = pd.DataFrame({"step": np.arange(3), "error": [1.0, 2, 3], "neighbours": [3.0, 2, 1]})
    figure = report.walks({"one": [path], "several": [path, path]}, "error", "error")
    shown = drawn(figure)
    assert shown.groupby(["direction", "number"]).size().to_dict() == {
        ("one", 0): 3,
        ("several", 0): 3,
        ("several", 1): 3,
    }
