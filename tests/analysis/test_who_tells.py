"""The table over all measures: every page's verdicts in one form, controls included, and who comes first."""

import numpy as np
import pandas as pd
import pytest

from lib import runs
from lib.analysis import tournament, who_tells
from lib.analysis.verdicts import VERDICT
from lib.measures import judging
from lib.measures.protocol import every
from lib.report import who_tells as report


@pytest.fixture(scope="module")
def rows():
    return who_tells.all_verdicts(["mnist", "smoke"])


def made(*entries: tuple) -> pd.DataFrame:
    columns = ["target", "measure", "needs", "sees_error", "value"]
    table = pd.DataFrame(entries, columns=columns)
    return table.assign(
        label=table["measure"],
        statistic="AUROC",
        low=table["value"] - 0.1,
        high=table["value"] + 0.1,
        control=table["measure"] == "random",
    )


def test_every_verdict_is_whole_and_inside_its_interval(rows):
    assert set(VERDICT) <= set(rows.columns)
    assert rows[VERDICT].notna().all(axis=None)
    assert (rows["low"] <= rows["value"] + 1e-9).all()
    assert (rows["value"] <= rows["high"] + 1e-9).all()
    assert set(rows["level"]) <= {"point", "network", "classifier"}
    assert not rows.duplicated(["target", "measure"]).any()
    assert (rows["skill"] <= 1 + 1e-9).all()


def test_measures_that_the_house_has_keep_their_label_and_their_sight_of_the_error(rows):
    known = {measure.name: measure for measure in every()}
    of_house = rows[rows["measure"].isin(known)]
    assert len(of_house) > 60
    for row in of_house.to_dict("records"):
        assert bool(row["sees_error"]) == known[row["measure"]].sees_error, row["measure"]


def test_every_target_has_a_control_that_knows_nothing(rows):
    for target, group in rows.groupby("target"):
        control = group[group["control"]]
        if not target.startswith("strange"):  # of the detectors none is random
            assert len(control), target
        known = (control["low"] <= control["chance"]) & (control["chance"] <= control["high"])
        assert (known | (control["skill"].abs() < 0.25)).all(), target


def test_the_tournament_s_rows_are_those_of_the_page_predictors():
    summary = runs.summary("mnist")
    rows = who_tells.tournament_verdicts(summary).set_index("measure")
    dims = tournament.tournament(summary, 2)
    shown = dims[dims["latent_dim"] == who_tells.evidence.largest_intact(summary)].set_index("score")
    pd.testing.assert_series_equal(rows["value"], shown["spearman"], check_names=False)


def test_detection_is_the_median_over_sets_and_a_run_without_it_has_no_rows():
    found = who_tells.detection_verdicts("mnist").set_index("measure")
    by_dim = tournament.detection_by_dim("mnist")
    values = by_dim[max(by_dim)].query("detector == 'trace_input'")["auroc"]
    assert found.loc["trace_input", "value"] == values.median()
    assert set(found.index) <= set(judging.DETECTORS)
    assert who_tells.detection_verdicts("mnist-300").empty or "auroc" not in found


def test_the_best_does_not_see_the_error_and_the_cheapest_needs_the_network_alone():
    table = made(
        ("a", "mse", "the weights", True, 0.99),
        ("a", "neighbours", "the training data", False, 0.9),
        ("a", "ink", "the point alone", False, 0.8),
        ("a", "trace_input", "the weights", False, 0.7),
        ("b", "norm", "labels", False, 0.6),
        ("b", "random", "nothing", False, 0.65),
    )
    best = who_tells.best_by_target(table).set_index("target")
    assert table.loc[best.loc["a", "best"], "measure"] == "neighbours"
    assert table.loc[int(best.loc["a", "cheapest"]), "measure"] == "ink"
    assert best.loc["a", "ranks"] == {"trace": 3}
    assert best.loc["a", "entrants"] == 3
    assert pd.isna(best.loc["b", "cheapest"])
    assert best.loc["b", "ranks"] == {}
    lines = report.best_table(best.reset_index(), table).splitlines()
    assert "neighbours: 0.90 [0.80, 1.00]" in lines[2]
    assert "3 and – of 3" in lines[2]
    assert "none of 1" in lines[3]
    assert report.target_table(table[table["target"] == "a"]).splitlines()[2].split("|")[1].strip() == "mse"


def test_the_interval_of_a_median_holds_it_and_shrinks():
    draw = np.random.default_rng(1)
    small, large = (who_tells._median(draw.normal(size=size)) for size in (10, 1000))
    assert small[1] <= small[0] <= small[2]
    assert large[2] - large[1] < (small[2] - small[1]) / 3


def test_the_figure_has_a_mark_per_measure(rows):
    figure = report.skills(rows)
    drawn = sum(len(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() not in ("None", None))
    assert drawn == len(rows)
    assert len(figure.axes[0].get_yticks()) == rows["target"].nunique()
