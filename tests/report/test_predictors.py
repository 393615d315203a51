"""Figures and tables of the page `predictors`."""

import io

import numpy as np
import pandas as pd
import pytest

from lib.report import numbers, predictors


@pytest.fixture
def rows():
    """Two scores at two latent dimensions and seeds, in the form of `lib.analysis.tournament.tournament`."""
    cases = [(score, d, seed) for score in ("trace_input", "random") for d in (2, 5) for seed in (0, 1)]
    table = pd.DataFrame(cases, columns=["score", "latent_dim", "seed"])
    for place, name in enumerate(("spearman", "auroc", "saved")):
        table[name] = 0.1 * (place + 1) + 0.01 * table["latent_dim"]
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.05, table[name] + 0.05
    return table.assign(spearman_holm=np.where(table["score"] == "random", 0.5, 0.01), gained=0.02, gained_holm=0.01)


def test_the_file_of_the_heat_map_names_score_and_latent_dimension(rows):
    """It used to hold cells by their places, without score or d."""
    table = pd.read_csv(io.StringIO(numbers.csv(predictors.rank_correlations("one", rows))))
    assert table.columns.tolist() == ["run", "latent_dim", "seed", "score", "spearman", "spearman_holm"]
    pd.testing.assert_frame_equal(table.drop(columns="run"), rows[table.columns[1:]], check_dtype=False)


def test_risk_curves_end_at_the_mean_of_all_and_their_file_names_the_score():
    draw = np.random.default_rng(0)
    points = pd.DataFrame({"mse": draw.random(2000), "trace_input": draw.random(2000)})
    figure = predictors.risk_coverage_curves("one", points)
    table = pd.read_csv(io.StringIO(numbers.csv(figure)))
    assert set(table["score"]) == {"mse", "trace_input"}
    for _, curve in table.groupby("score"):
        assert len(curve) <= 200
        assert curve["coverage"].min() == pytest.approx(predictors.LEAST_COVERAGE)
        assert curve.iloc[-1][["coverage", "risk"]].tolist() == pytest.approx([1, 1])


def test_results_are_of_the_largest_latent_dimension_and_the_first_seed(rows, cells):
    table = cells(predictors.results_table(rows))
    assert [row[0] for row in table[1:]] == ["trace of $J_I$", "random numbers"]
    assert table[1][1:3] == ["**0.15 [0.10, 0.20]**", "0.25 [0.20, 0.30]"]
    assert table[2][1] == "0.15 [0.10, 0.20]"
    assert len(cells(predictors.results_table(rows, predictors.OPEN))) == 2, (
        "random numbers are in the long table alone"
    )
    assert len(predictors.OPEN) <= 12
