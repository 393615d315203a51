"""What settles when, on made-up courses; and spectra beside products, on the smoke run."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import runs
from lib.analysis import dynamics
from lib.base.errors import InputError
from lib.report import attractors
from lib.runs import results
from lib.runs.results import Summary

EPOCHS = [0, 1, 10, 100]


@pytest.fixture(scope="module")
def smoke() -> Summary:
    return runs.summary("smoke")


@pytest.mark.parametrize(
    ("values", "epoch"),
    [
        ([0.0, 9.1, 9.5, 10.0], 1),
        ([0.0, 8.9, 9.5, 10.0], 10),
        ([0.0, 9.5, 5.0, 10.0], 100),
        ([10.0, 9.9, 0.0, 10.0], 100),
        ([3.0, 3.0, 3.0, 3.0], 0),
        ([math.nan, 5.0, 9.9, 10.0], 10),
        ([-10.0, 0.5, 0.2, 0.0], 1),
    ],
    ids=["at once", "after ten", "falls back", "dips", "constant", "undetermined first", "from below zero"],
)
def test_settled_is_the_first_of_an_unbroken_stay_near_the_end(values: list[float], epoch: int):
    assert dynamics.settled(EPOCHS, values) == epoch


@given(st.lists(st.floats(-100, 100), min_size=4, max_size=4), st.floats(0.1, 50), st.floats(-20, 20))
def test_settled_knows_neither_unit_nor_origin(values: list[float], unit: float, origin: float):
    found = dynamics.settled(EPOCHS, values, 0.1001)
    way = max(values) - min(values)
    near_the_edge = any(abs(abs(value - values[-1]) - 0.1001 * way) < 1e-6 * (1 + way) for value in values)
    if not near_the_edge:
        assert dynamics.settled(EPOCHS, [origin - unit * value for value in values], 0.1001) == found
    assert dynamics.settled(EPOCHS, values, 1.0) == 0


def test_what_has_no_end_cannot_settle():
    for values in ([], [1.0, 2.0, 3.0, math.nan]):
        with pytest.raises(InputError, match="no value at the last epoch"):
            dynamics.settled(EPOCHS, values)


def test_a_run_without_snapshots_is_refused_in_a_sentence(smoke: Summary):
    bare = dataclasses.replace(smoke, progress_statistics=pd.DataFrame())
    with pytest.raises(InputError, match="Run smoke has no snapshots; add `snapshots"):
        dynamics.quantity_course(bare, "trace")


def test_the_course_ends_where_the_run_does(smoke: Summary):
    """At the last epoch the course has the values of the run's own tables."""
    depth = smoke.run.table_depth
    last = (
        dynamics.quantity_course(smoke, "geometric_mean").query(f"epoch == {smoke.run.epochs}").set_index("latent_dim")
    )
    keys = "quantity == 'geometric_mean' and space == 'input' and split == 'test' and label == -1"
    own = smoke.statistics.query(f"{keys} and depth == {depth}").set_index("latent_dim")
    assert last["value"].to_dict() == own["median"].to_dict()
    slopes = dynamics.quantity_course(smoke, "trace").query(f"epoch == {smoke.run.epochs}").set_index("latent_dim")
    keys = f"predictor == 'trace' and space == 'input' and label == -1 and depth == {depth}"
    assert slopes["value"].to_dict() == smoke.regressions.query(keys).set_index("latent_dim")["test_slope"].to_dict()
    assert set(dynamics.quantity_course(smoke, "mse")["epoch"]) == {*smoke.run.snapshots, smoke.run.epochs}


def test_real_eigenvalues_of_both_signs_are_near_the_axis():
    values = np.array([2.0, -3.0, 1j, 1 + 0.04j, -1 - 0.04j, 1 + 0.05j], dtype=complex)
    assert dynamics.near_real(values).tolist() == [True, True, False, True, True, False]


def test_the_shares_near_the_axis_are_those_of_the_eigenvalues(smoke: Summary):
    """From the histogram's two bins, against the per-point table of the last epoch."""
    d = max(smoke.run.latent_dims)
    points = runs.measurements("smoke", smoke.run.table_depth, d)
    values = np.array(points["eigenvalues_input_real"].tolist()) + 1j * np.array(
        points["eigenvalues_input_imag"].tolist()
    )
    found = dynamics.beside_products(smoke, draws=20).set_index("latent_dim")
    assert found.loc[d, "last_real"] == pytest.approx(dynamics.near_real(values).mean(), abs=0.01)
    assert (found["low"] > 0).all() and (found["low"] < found["high"]).all()


def test_settling_has_a_column_a_quantity_and_no_slope_where_none_was_determined(smoke: Summary):
    found = dynamics.settling(smoke)
    assert list(found.columns) == [*dynamics.QUANTITIES.values(), *dynamics.SLOPES.values()]
    assert set(found.to_numpy().ravel()) <= {*smoke.run.snapshots, smoke.run.epochs}
    frame = smoke.progress_regressions
    gone = (frame["latent_dim"] == 2) & (frame["epoch"] == smoke.run.epochs) & (frame["predictor"] == "trace")
    found = dynamics.settling(dataclasses.replace(smoke, progress_regressions=frame[~gone]))
    assert math.isnan(found.loc[2, "slope on trace"]) and not math.isnan(found.loc[3, "slope on trace"])


def test_a_network_without_attractors_has_no_nan(cells):
    nothing = dict.fromkeys(("radius_low", "radius_high", "largest", "purity", "single", "exponent"), math.nan)
    counts = dict.fromkeys(("attractors", "like_training", "solved", "fixed_points", "repelling"), 0)
    line = cells(attractors.attractors_table({"net": nothing | counts}))[-1]
    assert "nan" not in "".join(line) and line[:2] == ["net", "0"]


def test_rank_correlations_are_left_out_where_there_is_nothing_to_rank(cells):
    draw = np.random.default_rng(0)
    trace = draw.normal(size=60)
    columns = {"trace": trace, "fate": np.where(np.arange(60) < 30, 0, 2), "steps": np.argsort(np.argsort(trace))}
    row = cells(attractors.fate_correlations({"net": columns}, {"trace": "trace"}, 0))[-1]
    assert row[1] == "30 of 60"
    assert row[3].startswith("+1.00 ["), "steps that rise with the trace"
    all_end = columns | {"fate": np.zeros(60, dtype=int)}
    row = cells(attractors.fate_correlations({"net": all_end}, {"trace": "trace"}, 0))[-1]
    assert row[2] == "" and row[1] == "60 of 60"
    none_end = columns | {"fate": np.full(60, 3)}
    assert "nan" not in attractors.fate_correlations({"net": none_end}, {"trace": "trace"}, 0)


def test_bars_are_the_shares_of_fates():
    shares = {"$d=2$": {"test": [0.5, 0, 0.25, 0.25], "noise": [1, 0, 0, 0]}, "$d=3$": {"test": [0, 0, 0, 1]}}
    heights = [bar.get_height() for bar in attractors.fates(shares, "abcd").axes[0].patches]
    assert heights == [0.5, 1, 0, 0, 0.25, 0, 0.25, 0]


def test_the_largest_gap_is_that_of_the_cumulative_shares():
    """Between samples of four, by hand: up to modulus 1 one has three of four, the other none; both have all angles 0."""
    one, other = np.array([0.5, 1.0, 1.0, 4.0]), np.array([2.0, 2.0, 4.0, 4.0])
    assert dynamics.largest_gap(one, other) == [0.75, 0.0]
    assert dynamics.largest_gap(one, -one) == [0.0, 1.0]


def test_the_interval_of_a_slope_on_the_way_is_the_resampled_one(smoke: Summary):
    """Least squares would take the errors for equally spread."""
    rows = dynamics.quantity_course(smoke, "trace").set_index(["latent_dim", "epoch"])
    keys = "predictor == 'trace' and space == 'input' and label == -1 and depth == @smoke.run.table_depth"
    own = smoke.progress_regressions.query(keys).set_index(["latent_dim", "epoch"])
    assert rows["low"].to_dict() == own["test_slope_low"].to_dict()
    assert rows["high"].to_dict() == own["test_slope_high"].to_dict()


def test_a_gallery_says_where_there_is_nothing():
    images = [np.zeros(4), np.ones(4)]
    figure = attractors.gallery({"some": images, "empty": []}, {"some": ["60 %", "40 %"]}, (2, 2))
    assert len([axis for axis in figure.axes if axis.get_images()]) == 2
    assert any("none" in text.get_text() for axis in figure.axes for text in axis.texts)


def test_members_can_be_had_as_they_were_on_the_way():
    run = runs.read("smoke")
    first, last = (runs.member("smoke", run.table_depth, 2, epoch=epoch) for epoch in (0, run.epochs))
    trained = runs.member("smoke", run.table_depth, 2)
    assert np.array_equal(last[0][0].weight.detach(), trained[0][0].weight.detach())
    assert not np.array_equal(first[0][0].weight.detach(), trained[0][0].weight.detach())
    with pytest.raises(InputError, match="Unknown snapshot of run smoke 2"):
        runs.member("smoke", run.table_depth, 2, epoch=2)


def test_runs_are_followed_themselves_or_by_their_companion():
    assert runs.with_snapshots(["mnist", "digits"]) == ["mnist", "digits-training"]
    assert runs.with_snapshots('["digits-training", "digits"]') == ["digits-training"]


def test_a_run_that_nothing_follows_is_refused(monkeypatch: pytest.MonkeyPatch):
    bare = dataclasses.replace(runs.read("digits"), name="other")
    monkeypatch.setattr(results, "read", lambda name: bare)
    with pytest.raises(InputError, match="No snapshots in other"):
        runs.with_snapshots(["other"])
