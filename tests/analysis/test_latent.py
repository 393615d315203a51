"""The page on the latent space: its committed tables are of today's code, its controls hold, and it runs on any run."""

import numpy as np
import pytest

from lib import runs
from lib.analysis import latent
from lib.measures import protocol, reconstruction
from lib.training.autoencoders import build


@pytest.fixture(scope="module")
def committed():
    return latent.LATENT.read()


@pytest.fixture(scope="module")
def flows():
    return latent.FLOWS.read()


def together(rows):
    return rows[rows["latent_dim"] == latent.TOGETHER].set_index("score")


def test_a_network_s_scores_are_those_of_today_s_code(committed):
    data = runs.read(latent.LATENT_RUN).load_dataset()
    subject = latent.at_test_images(runs.member(latent.LATENT_RUN, 4, 4, 0), data, seed=(4, 0))
    own = committed[(committed["latent_dim"] == 4) & (committed["seed"] == 0)].set_index("score")
    found = {row["score"]: row for row in latent._scored(subject)}
    assert set(own.index[own["spearman"].notna()]) == set(found)
    for name, row in found.items():
        assert row["ranks"][0] == pytest.approx(own.at[name, "spearman"], abs=0.02), name
    shares = latent.boundaries(subject, data.test.labels.numpy())
    for name, share in shares.items():
        assert share == pytest.approx(own.at[f"boundary of {name}", "accuracy"], abs=0.02), name


def test_controls_are_negative_and_the_positive_control_is_positive(committed):
    means = together(committed)
    for name in ("shuffled_side", "random_side", "random"):
        assert means.at[name, "low"] < 0 < means.at[name, "high"]
    shares = committed[committed["latent_dim"] >= 12].groupby("score")["accuracy"].mean()
    assert shares["boundary of ink"] > 0.95
    assert shares["boundary of class"] > 0.95
    assert shares["boundary of shuffled error"] == pytest.approx(0.5, abs=0.06)
    assert shares["boundary of error"] < 0.7


def test_on_flows_the_latent_jacobian_tells_nothing_and_the_error_varies(flows):
    fit = flows[flows["score"] == "fit"]
    assert len(fit) == 9
    assert fit["identity"].max() < 1e-12
    assert (fit["test_mse"] > fit["train_mse"]).all()
    assert not flows["score"].isin(["trace_latent", "log_volume_latent"]).any(), "constant: left out"
    means = together(flows)
    assert means.at["random", "low"] < 0 < means.at["random", "high"]
    assert means.at["shrinkage", "low"] > 0, "J_I is not constant"


def test_a_small_flow_is_scored_as_those_of_the_table(flows):
    data = runs.read("smoke").load_dataset()
    rows = list(latent.flow_rows(data, 2, 0, epochs=1))
    assert rows[0]["score"] == "fit"
    assert rows[0]["identity"] < 1e-12
    assert {row["score"] for row in rows} == set(flows["score"])


def test_accuracy_is_one_half_for_a_coin_and_one_for_the_truth():
    draw = np.random.default_rng(0)
    codes = draw.standard_normal((400, 3))
    low, high = latent.tails(codes[:, 0], 0.3)
    assert latent.accuracy(latent.boundary(codes, low, high), codes, low, high) == 1
    plane = latent.boundary(codes, *latent.tails(codes[:, 1], 0.3))
    assert latent.accuracy(plane, codes, low, high) == pytest.approx(0.5, abs=0.1)


def test_a_walk_starts_at_the_reconstructions():
    data = runs.read("smoke").load_dataset()
    subject = latent.at_test_images(build((64, 16, 2), 0, "he"), data)
    found = latent.walk(subject, np.array([1.0, 0]), np.array([-1.0, 0, 1]), starts=10)
    images = reconstruction.reconstructed(subject.pair, subject.points[:10])
    again = reconstruction.reconstructed(subject.pair, images)
    assert found["step"].tolist() == [-1, 0, 1]
    assert found["error"].tolist()[1] == pytest.approx(np.median(((again - images) ** 2).mean(axis=1)))


def test_verdicts_name_measures_and_come_from_the_tables():
    found = latent.verdicts()
    names = {measure.name for measure in protocol.every()}
    assert {"turning", "local_dimension", "failure_side"} <= set(found["measure"]) & names
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()
    assert all(isinstance(need, str) for need in found["needs"])


def test_the_table_can_be_made_for_another_run():
    rows = latent.latent_table("smoke")
    assert set(rows["latent_dim"]) == {2, 3, latent.TOGETHER}
    assert {"turning", "failure_side", "random_side"} <= set(rows["score"])
    assert rows["accuracy"].dropna().between(0, 1).all()
