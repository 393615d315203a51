"""The numbers of a figure, for readers to download."""

import io

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.analysis import evidence
from lib.report import numbers, prediction


def test_the_numbers_of_a_figure_are_those_it_shows(summaries):
    """Lines, bands, intervals, bars and small pictures, each with its series; nothing for lines that only guide the eye."""
    table = pd.read_csv(io.StringIO(numbers.csv(prediction.error_slopes(summaries, "trace"))))
    assert set(table["run"]) == {"smoke"}
    rows = evidence.raw_slopes(summaries["smoke"], predictor="trace", space="latent", depth=4)
    drawn = table[table["depth"] == 4]
    np.testing.assert_allclose(drawn[["slope", "low", "high"]], rows[["slope", "low", "high"]], rtol=1e-5)
    assert 1 in set(table["class"])

    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.errorbar([1.0], [2.0], yerr=0.5)
    left.axhline(7)
    left.bar([4], [3], label="share")
    right.barh([4], [3])
    right.imshow([[0.25, 0.5]])
    expected = [
        *("1,,point,1,2,", "1,,interval,1,1.5,", "1,,interval,1,2.5,", "1,share,bar,4,3,"),
        *("2,,bar,3,4,", "2,,cell,0,0,0.25", "2,,cell,1,0,0.5"),
    ]
    assert numbers.csv(figure).splitlines()[1:] == expected
