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
    assert (found["low"] <= found["product"]).all() and (found["product"] <= found["high"]).all()


def test_settling_has_a_column_a_quantity_and_no_slope_where_none_was_determined(smoke: Summary):
    found = dynamics.settling(smoke)
    assert list(found.columns) == [*dynamics.QUANTITIES.values(), *dynamics.SLOPES.values()]
    assert set(found.to_numpy().ravel()) <= {*smoke.run.snapshots, smoke.run.epochs}
    frame = smoke.progress_regressions
    gone = (frame["latent_dim"] == 2) & (frame["epoch"] == smoke.run.epochs) & (frame["predictor"] == "trace")
    found = dynamics.settling(dataclasses.replace(smoke, progress_regressions=frame[~gone]))
    assert math.isnan(found.loc[2, "slope on trace"]) and not math.isnan(found.loc[3, "slope on trace"])


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
