"""The numbers of a figure, for readers to download."""

import io

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis import evidence
from lib.report import numbers, prediction


def test_the_numbers_of_a_figure_are_those_it_shows(summaries):
    """With the names of their columns, classes and depths apart."""
    table = pd.read_csv(io.StringIO(numbers.csv(prediction.error_slopes(summaries["smoke"], "trace"))))
    assert set(table["run"]) == {"smoke"}
    rows = evidence.raw_slopes(summaries["smoke"], predictor="trace", space="latent", depth=4)
    drawn = table[table["depth"] == 4]
    np.testing.assert_allclose(drawn[["slope", "low", "high"]], rows[["slope", "low", "high"]], rtol=1e-5)
    assert 1 in set(table["class"])


def test_rows_are_recorded_with_the_run_of_their_panel_and_what_else_they_share():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.set_label("run one")
    rows = pd.DataFrame({"latent_dim": [2, 3], "slope": [0.25, 0.5]})
    numbers.record(left, rows, space="latent")
    numbers.record(right, rows[:1].assign(low=0.1))
    numbers.record(right, rows[:1].assign(low=0.1))
    assert numbers.csv(figure).splitlines() == [
        "run,space,latent_dim,slope,low",
        "one,latent,2,0.25,",
        "one,latent,3,0.5,",
        ",,2,0.25,0.1",
    ]
    assert numbers.csv(Figure()) == ""
