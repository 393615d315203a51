"""Other trainings: the committed tables are of today's code, the controls are negative, the verdicts have their columns."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from lib.analysis import optimizers, repeats, twice
from lib.analysis.verdicts import VERDICT
from lib.geometry.planes import plane_grids
from lib.geometry.redundancy import predicted_by_chunk
from lib.training import autoencoders, datasets, twins

DATA = datasets.load("digits")


@pytest.mark.parametrize("name", twins.TWINS)
def test_the_committed_twins_are_those_of_today(name):
    rate = optimizers.tuned_rates()[name]
    pair, epochs = optimizers.twin(name, rate, seed=0)
    table = optimizers.TWINS_TABLE.read()
    row = table[(table["optimizer"] == name) & (table["rate"] == rate) & (table["seed"] == 0)].iloc[0]
    assert epochs == pytest.approx(row["epochs"], rel=1e-3)
    errors = optimizers.image_errors(pair, DATA.test.images.numpy())
    np.testing.assert_allclose(errors, optimizers.TWIN_ERRORS.read()[f"{name}_0"], rtol=1e-3)
    assert errors.mean() == pytest.approx(row["test_mse"], rel=1e-3)


def test_the_twins_are_compared_at_equal_training_error_and_a_rate_is_tuned_for_each():
    table = optimizers.TWINS_TABLE.read()
    assert np.isfinite(table["epochs"]).all()
    assert (table["train_mse"] / table["target"]).between(0.98, 1).all()
    counts = table[table["tuned"]].groupby(["target", "optimizer"])["seed"].nunique()
    assert (counts == len(optimizers.TWIN_SEEDS)).all() and len(counts) == 4
    assert table.loc[~table["tuned"], "within"].isna().all()
    for rate in optimizers.tuned_rates().values():
        assert min(optimizers.RATES) < rate < max(optimizers.RATES), "the best rate lies inside the grid"


def test_agreements_of_known_errors():
    rising, falling = np.arange(5.0), -np.arange(5.0)
    errors = {("Adam", 0): rising, ("Adam", 1): rising, ("SOAP", 0): falling, ("SOAP", 1): rising}
    rows = optimizers.agreements(errors).set_index(["optimizer", "seed"])
    assert rows.loc[("Adam", 0)].to_list() == pytest.approx([1, -1, 1])
    assert rows.loc[("SOAP", 0)].to_list() == pytest.approx([-1, -1, -1])


def test_the_committed_classifiers_are_those_of_today():
    train = repeats.noisy_training(0.2)
    grids = plane_grids(repeats.random_triples(DATA.test.images, repeats.TRIPLES), repeats.SIDE)
    found = repeats.compared(repeats.repeats(train, 4, repeats.SWEEP_SEEDS), train, DATA.test, grids)
    table = repeats.SWEEP.read()
    kept = table[(table["noise"] == 0.2) & (table["width"] == 4)].reset_index(drop=True)
    np.testing.assert_allclose(found, kept[list(found)], rtol=0.02, atol=0.005)


def test_a_classifier_agrees_with_itself_and_random_labels_teach_nothing():
    network = nn.Sequential(nn.Linear(64, 10))
    grids = plane_grids(repeats.random_triples(DATA.test.images, 5), 10)
    rows = repeats.compared([network, network], DATA.train, DATA.test, grids)
    assert (rows[["agreement", "shared"]] == 1).all(axis=None)
    assert rows["fragments"].min() >= 1
    control = repeats.sweep_means(1.0)
    assert (control["test_error"] > 0.8).all()
    assert (control["agreement"] < repeats.sweep_means(0.0)["agreement"].reindex(control.index)).all()


def test_the_committed_chunks_are_those_of_today():
    whole = repeats.planted("copies", len(DATA.train) + len(DATA.test))
    sides = whole[: len(DATA.train)], whole[len(DATA.train) :]
    found = np.mean([predicted_by_chunk(*sides, 8, draw) for draw in range(repeats.CHUNK_DRAWS)], axis=0)
    table = repeats.CHUNKS.read()
    kept = table[(table["layer"] == "copies") & (table["size"] == 8)][["r2", "correlation"]].iloc[0]
    np.testing.assert_allclose(found, kept, rtol=1e-3)


def test_verdicts_have_their_columns_and_random_scores_know_nothing():
    rows = twice.verdicts()
    assert list(rows) == VERDICT
    assert rows.notna().all(axis=None)
    assert (rows["low"] <= rows["value"]).all() and (rows["value"] <= rows["high"]).all()
    random = rows[rows["measure"] == "random"]
    assert set(random["level"]) == {"point", "network"}
    assert ((random["low"] <= 0) & (random["high"] >= 0)).all()
    assert not rows.duplicated(["measure", "target"]).any()


def test_a_run_with_one_seed_has_nothing_to_compare(monkeypatch):
    assert twice.seeds_alike("smoke").empty
    pair = autoencoders.build((64, 8, 4), 0)
    moved = deepcopy(pair)
    with torch.no_grad():
        moved[1][-1].bias += torch.linspace(0, 1e-3, 64)
    networks = {0: pair, 1: moved, 2: pair}
    monkeypatch.setattr(twice.runs, "member", lambda name, depth, latent_dim, seed: networks[seed])
    alike = twice.seeds_alike("digits-seeds")
    assert alike[["agreement", "shared", "image_share"]].to_numpy() == pytest.approx(1, abs=0.05)
