"""Classifiers of digits in five folds: the committed tables are of today's code, and the controls are negative."""

import numpy as np
import pandas as pd
import pytest

from lib.analysis import neural_collapse, unseen
from lib.analysis.verdicts import VERDICT
from lib.measures.protocol import every


@pytest.fixture(scope="module")
def points():
    return unseen.scored(0, (0, 1), epochs=15)


def test_every_digit_is_left_out_once_and_the_classes_are_shared_evenly():
    whole, sets = neural_collapse.digits()
    folds = [neural_collapse.without_fold(whole, fold) for fold in range(neural_collapse.FOLDS)]
    assert sorted(np.concatenate([rows for _, rows in folds])) == list(range(1797))
    for train, rows in folds:
        assert len(train) + len(rows) == 1797
        assert whole.labels[rows].bincount().min() >= 34
    assert {images.shape for images in sets.values()} == {(1797, 64)}
    np.testing.assert_array_equal(sets["test"], whole.images)
    assert np.abs(sets["noisy"] - sets["test"]).mean() > 0.1


def test_scores_are_those_of_the_digits_left_out_on_every_set_and_seed(points):
    assert points.groupby(["set", "seed"], sort=False).size().tolist() == [360] * 8
    names = [measure.name for measure in unseen.measures()]
    assert len(names) == 10
    assert np.isfinite(points[names]).all().all()
    whole, _ = neural_collapse.digits()
    wrong = points["chosen"].to_numpy() != whole.labels.numpy()[points["image"]]
    np.testing.assert_array_equal(points["wrong"], wrong)
    assert points[points["set"] == "test"]["wrong"].mean() < 0.05
    assert points[points["set"] == "rotated"]["wrong"].mean() > 0.2


def test_a_score_that_sees_the_error_is_perfect_and_a_random_one_knows_nothing(points, monkeypatch):
    monkeypatch.setattr(unseen, "RESAMPLES", 100)
    rows = unseen.judged(points.assign(entropy=points["wrong"] + 0.0)).set_index(["set", "score"])
    best = rows.xs("entropy", level="score")
    np.testing.assert_allclose(best[["auroc", "saved", "auroc_low", "saved_high"]], 1)
    random = rows.xs("random", level="score")
    changed = random.drop("test")  # four errors are too few
    assert ((changed["auroc_low"] < 0.5) & (changed["auroc_high"] > 0.5)).all()
    assert changed["saved"].abs().max() < 0.25
    softmax = rows.xs(unseen.BASELINE, level="score")
    assert (softmax["gain"] == 0).all()
    assert (softmax["auroc"] > 0.7).all()


def test_the_committed_scores_are_of_today_s_code():
    """The networks of one fold and seed have about the errors of the table, which is of all folds and seeds."""
    rows = unseen.FOUND.read().set_index(["set", "score"])
    assert set(rows.index.get_level_values("score")) == {measure.name for measure in unseen.measures()}
    found = unseen.scored(0, (0,))
    for name, of_set in found.groupby("set"):
        assert of_set["wrong"].mean() == pytest.approx(rows.loc[(name, "random"), "wrong"], abs=0.08)
    low, high = (rows.xs("random", level="score")[f"auroc_{end}"] for end in ("low", "high"))
    assert ((low < 0.5) & (high > 0.5)).all(), "the negative control is negative"


def test_a_network_of_the_committed_gaps_is_that_of_the_same_training_today():
    kept = neural_collapse.GAPS.read().iloc[0]
    today = neural_collapse.gap_state(0, 64, 5e-5, 0)
    assert {name: today[name] for name in ("fold", "width", "decay", "seed")} == dict(
        kept[["fold", "width", "decay", "seed"]]
    )
    for name in ("nc1", "nc2", "nc3", "test_loss"):
        assert today[name] == pytest.approx(kept[name], rel=0.1), name
    assert today["test_error"] == pytest.approx(kept["test_error"], abs=2 / 360)


def test_a_network_is_followed_at_the_epochs_that_are_asked_for():
    rows = neural_collapse.collapse_along("random labels", 0, epochs=2, snapshots=(0, 2))
    assert rows["epoch"].tolist() == [0, 2]
    assert rows["nc1"].iloc[0] > rows["nc1"].iloc[1] > 5
    assert (rows["test_error"] > 0.8).all()


def test_networks_collapse_and_random_labels_end_as_a_simplex_that_has_learned_nothing():
    ends = neural_collapse.collapse_ends(neural_collapse.COLLAPSE.read())
    middle = ends.groupby(["run", "at"])[["nc1", "nc2", "nc3", "nc4", "test_error"]].median()
    for run in ("decay 0.0005", "decay 0.005"):
        assert middle.loc[(run, "last"), "nc1"] < middle.loc[(run, "first"), "nc1"]
    assert middle.loc[("decay 0.005", "last"), "nc1"] < middle.loc[("decay 0.0005", "last"), "nc1"]
    assert middle.loc[("random labels", "last"), "test_error"] > 0.8
    assert middle.loc[("random labels", "last"), "nc2"] < 0.12


def test_the_first_snapshot_without_errors_and_the_last_are_taken_by_network():
    rows = pd.DataFrame(
        [("a", 0, 1, 0.1), ("a", 0, 2, 0.0), ("a", 0, 3, 0.0), ("a", 1, 1, 0.2), ("a", 1, 3, 0.1), ("b", 0, 3, 0.0)],
        columns=["run", "fold", "epoch", "train_error"],
    )
    ends = neural_collapse.collapse_ends(rows).set_index(["run", "fold", "at"])["epoch"]
    assert ends.to_dict() == {("a", 0, "first"): 2, ("a", 0, "last"): 3, ("b", 0, "first"): 3, ("b", 0, "last"): 3}


def test_a_measure_that_is_the_gap_ranks_networks_and_a_random_one_does_not():
    rows = neural_collapse.GAPS.read()
    assert len(neural_collapse.gap_networks(rows)) == 27
    perfect = neural_collapse.gap_ranking(rows.assign(train_error=0.0, nc1=rows["test_error"]), "nc1")
    ties = 1 - perfect["tau"]
    assert 0 <= ties < 0.2
    random = neural_collapse.gap_ranking(rows, "random")
    assert abs(random["tau"]) < 0.3
    assert random["low"] < random["Psi"] < random["high"]
    assert random["low"] < 0 < random["high"]


def test_verdicts_have_a_row_for_each_score_and_set_and_for_collapse():
    found = unseen.verdicts()
    assert set(found["level"]) == {"point", "network"}
    points, networks = (found[found["level"] == level] for level in ("point", "network"))
    assert len(points) == 40
    assert set(points["measure"]) <= {measure.name for measure in every()}
    assert set(networks["measure"]) == {"nc1", "random"}
    assert (found["low"] <= found["high"]).all()
    assert ((found["low"] <= found["value"]) & (found["value"] <= found["high"])).all()
    assert not found["sees_error"].any()
    assert list(found) == VERDICT
