"""The page on smooth failure: its committed table is of today's code, its controls are negative, and it runs on any run."""

import numpy as np
import pytest

from lib import runs
from lib.analysis import smooth
from lib.analysis.verdicts import VERDICT
from lib.geometry import graphs
from lib.measures import baselines, protocol


@pytest.fixture(scope="module")
def committed():
    return smooth.SMOOTH.read()


def test_functions_that_need_no_network_have_the_committed_shares(committed):
    data = runs.read(smooth.SMOOTH_RUN).load_dataset()
    whole = smooth.whole_graph(smooth.SMOOTH_RUN)
    near = baselines.neighbours(data)["neighbour_distance"]
    found = {"ink": (whole.points**2).sum(axis=1), "5-NN distance": near}
    shares = committed[committed["share"].notna()].groupby("target")["share"].agg(["min", "max"])
    for name, values in found.items():
        share = graphs.low_energy(values, whole.vectors)
        assert shares.loc[name].tolist() == pytest.approx([share] * 2, abs=2e-5)
    assert (shares.loc["error", "min"], shares.loc["shuffled", "max"]) == pytest.approx((0.26, 0.06), abs=0.015)


def test_a_network_s_rows_are_those_of_today_s_code(committed):
    whole = smooth.whole_graph(smooth.SMOOTH_RUN)
    points = runs.measurements(smooth.SMOOTH_RUN, 4, 4, 0)
    count, size = int((~points["test"]).sum()), len(points)
    left = np.sort(np.random.default_rng(0).permutation(size)[round(smooth._DELETED * size) :])
    known = smooth._graph_columns(whole, count, left)
    own = committed[(committed["latent_dim"] == 4) & (committed["seed"] == 0)].set_index(smooth.ROW_KEYS)
    rows = list(smooth._of_network(points, whole, known, left, 0))
    assert len(rows) == len(own)
    for row in rows:
        there = own.loc[tuple(row[key] for key in smooth.ROW_KEYS)]
        for name in ("r2", "share"):
            assert row.get(name, np.nan) == pytest.approx(there[name], abs=0.02, nan_ok=True), row


def test_the_controls_are_negative_and_smoothed_errors_tell_something(committed):
    together = committed[committed["latent_dim"] == smooth.TOGETHER].set_index(smooth.ROW_KEYS)
    for key in ((smooth.TRAINING_ONLY, smooth.ENCODINGS, "shuffled"), ("none", "random numbers", "error")):
        assert together.at[key, "low"] < 0 < together.at[key, "high"]
    assert together.at[(smooth.TRAINING_ONLY, smooth.ENCODINGS, "error"), "low"] > 0.5


def test_deletion_spares_encodings_more_than_eigenvectors(committed):
    means = committed[committed["latent_dim"] > 0].groupby(smooth.ROW_KEYS)["r2"].mean()

    def lost(name):
        before = means[smooth.ALL_IMAGES, smooth.EIGENVECTORS if name == smooth.MATCHED else name, "error"]
        return before - means[smooth.THINNED, name, "error"]

    assert lost(smooth.ENCODINGS) < 0.03 < lost(smooth.MATCHED) < lost(smooth.EIGENVECTORS)


def test_verdicts_name_the_measure_and_come_from_the_table():
    found = smooth.verdicts().set_index("measure")
    assert {"smooth"} == set(found.index) & {measure.name for measure in protocol.every()}
    assert list(found.reset_index()) == VERDICT
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()
    assert (
        found.at["smooth_shuffled", "low"] < found.at["smooth_shuffled", "chance"] < found.at["smooth_shuffled", "high"]
    )


def test_the_table_can_be_made_for_another_run():
    rows = smooth.smooth_table("smoke")
    assert set(rows["latent_dim"]) == {2, 3, smooth.TOGETHER}
    assert rows["share"].dropna().between(0, 1).all()
    assert (rows["low"].dropna() <= rows["high"].dropna()).all()
