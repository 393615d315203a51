"""Figures and tables of the page `twice` show the rows that they are given."""

import numpy as np
import pandas as pd
import pytest

from lib.report import numbers, twice


@pytest.fixture
def rows():
    """Two networks of each optimizer at each training error, and one at a rate that is not the tuned one."""
    keys = [(target, name, seed) for target in (0.02, 0.012) for name in ("Adam", "SOAP") for seed in (0, 1)]
    frame = pd.DataFrame(keys, columns=["target", "optimizer", "seed"]).assign(rate=0.01, tuned=True, gap=0.002)
    frame["epochs"] = np.where(frame["optimizer"] == "Adam", 40.0, 16.0) + frame["seed"]
    frame = frame.assign(trace_latent=0.8, within=0.9, same_seed=0.85, across=0.8)
    return pd.concat([frame, frame.iloc[:1].assign(tuned=False, epochs=90.0)], ignore_index=True)


def test_the_table_of_twins_has_means_for_both_optimizers_and_both_errors(rows, cells):
    header, epochs, gap, *_ = cells(twice.twins_table(rows[rows["tuned"]]))
    assert header == ["", "Adam, 0.02", "SOAP, 0.02", "Adam, 0.012", "SOAP, 0.012"]
    assert epochs[1:3] == ["40 ± 1", "16 ± 1"]
    assert gap[1] == "20.0 ± 0.0"


def test_every_network_is_drawn_and_the_tuned_ones_are_filled(rows):
    figure = twice.gap_by_epochs(rows)
    drawn = {line.get_label(): (len(line.get_xdata()), line.get_markerfacecolor()) for line in figure.axes[0].lines}
    assert drawn["Adam"][0] == drawn["SOAP"][0] == 4
    assert drawn["Adam, other rates"] == (1, "none")
    assert numbers.csv(figure).splitlines()[0] == "optimizer,rate,tuned,seed,epochs,gap"


def test_what_foretells_is_sorted_with_its_interval():
    given = pd.DataFrame({"measure": ["a", "b"], "label": ["A", "B"], "needs": ["nothing", "other seeds"]})
    figure = twice.foretold(given.assign(value=[0.1, 0.8], low=[0.0, 0.7], high=[0.2, 0.9]))
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["B", "A"]
    assert list(axis.lines[0].get_xdata()) == [0.7, 0.9]


def test_a_line_for_each_share_of_noise_and_a_panel_for_each_plane():
    means = pd.DataFrame({"test_error": [0.3, 0.1]}, index=pd.Index([4, 8], name="width"))
    figure = twice.by_width({0.0: means, 0.2: means + 0.1}, "test_error", "test error")
    assert [list(line.get_ydata()) for line in figure.axes[0].lines] == [[0.3, 0.1], [0.4, 0.2]]
    assert "noise,width,test_error" in numbers.csv(figure)
    planes = twice.decision_planes({8: [np.zeros((3, 3)), np.ones((3, 3))], 16: [np.ones((3, 3))] * 2})
    assert [axis.get_title(loc="left") for axis in planes.axes[:2]] == ["8 units", "16 units"]
    assert len(planes.axes) == 4


def test_each_layer_has_a_curve():
    rows = pd.DataFrame({"layer": list(twice.LAYER_STYLES), "size": 8, "r2": 0.5, "correlation": 0.1})
    for column in ("r2", "correlation"):
        figure = twice.chunk_curves(rows, column, column)
        assert len(figure.axes[0].lines) == len(twice.LAYER_STYLES)
        assert column in numbers.csv(figure)


def test_the_table_of_seeds(cells):
    row = {"latent_dim": [4], "agreement": [0.78], "shared": [0.5], "image_share": [0.8], "variance": [0.69]}
    assert cells(twice.seeds_table(pd.DataFrame(row)))[1] == ["4", "0.78", "0.50", "0.80", "0.69"]
