"""The grid of networks and its judgement: the stop, the control before training, and committed tables of today's code."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from lib.analysis import network_grid, network_trials, networks
from lib.analysis.network_grid import NETWORKS, SETTINGS, UNTRAINED
from lib.analysis.network_trials import LIPSCHITZ, SHIFTED
from lib.analysis.verdicts import VERDICT
from lib.training import autoencoders, datasets, loop

DATA = datasets.load("digits")


def test_a_network_stops_where_it_first_reaches_its_target_whoever_trains_beside_it():
    settings = loop.Settings(60, 32, 4e-3, snapshot_epochs=tuple(range(1, 61)))
    widths = [network_grid.encoder_widths(64, 2, latent_dim) for latent_dim in (4, 8)]
    together = network_grid.stopped(widths, [0, 1], DATA, settings)
    alone = network_grid.stopped(widths[1:], [1], DATA, settings)
    assert together[1][1] == alone[0][1]
    for (pair, epoch), encoder in zip(together, widths, strict=True):
        target = network_grid.target(DATA.train.images, encoder[-1])
        with torch.no_grad():
            error = float((nn.Sequential(*pair)(DATA.train.images) - DATA.train.images).square().mean())
        assert 0.7 * target < error <= target
        assert epoch > 1
    same = zip(*(nn.Sequential(*found[0]).parameters() for found in (together[1], alone[0])), strict=True)
    assert all(torch.equal(a, b) for a, b in same)


def test_a_network_that_does_not_reach_its_target_or_diverges_is_none():
    short = loop.Settings(1, 256, 1e-4, snapshot_epochs=(1,))
    assert network_grid.stopped([(64, 64, 4)], [0], DATA, short) == [None]
    wild = loop.Settings(60, 32, 1e18, snapshot_epochs=tuple(range(1, 61)))
    assert network_grid.stopped([(64, 64, 4), (64, 64, 8)], [0, 0], DATA, wild) == [None, None]


def test_the_committed_grid_is_whole_and_of_today_s_code():
    rows = NETWORKS.read()
    settings = rows[list(SETTINGS)].drop_duplicates()
    assert len(settings) == 162
    assert not rows[[*SETTINGS, "seed"]].duplicated().any()
    reached = rows.dropna(subset=["gap"])
    for latent_dim, some in reached.groupby("latent_dim"):
        assert (some["train_mse"] <= network_grid.target(DATA.train.images, latent_dim) * 1.0001).all()
    np.testing.assert_allclose(reached["gap"], reached["test_mse"] / reached["train_mse"] - 1, atol=1e-3)
    key = {"width": 64, "depth": 2, "latent_dim": 4, "rate": 0.004, "batch": 32, "seed": 0}
    again = network_grid.stack_rows(64, 2, 0.004, 32, 0, [4])[0]
    stored = rows[np.logical_and.reduce([rows[name] == value for name, value in key.items()])].iloc[0]
    assert again.keys() <= set(stored.index), "a measure was added: python -m lib table networks"
    for name, value in again.items():
        assert value == pytest.approx(stored[name], rel=1e-3, abs=1e-6), name


def test_the_committed_control_is_of_untrained_networks():
    row = UNTRAINED.read().iloc[0]
    pair = autoencoders.build(network_grid.encoder_widths(64, 2, 4), 0)
    found = network_grid.measured(pair, pair, DATA, 0, (64, 2, 4, 0))
    assert found.keys() <= set(row.index), "a measure was added: python -m lib table networks_untrained"
    for name, value in found.items():
        assert value == pytest.approx(row[name], rel=1e-3, abs=1e-6), name
    assert (UNTRAINED.read()["dist_init"] == 0).all()


@pytest.fixture(scope="module")
def made_up():
    """A grid whose gap is known: wider networks generalise worse, seeds add noise."""
    table = pd.DataFrame(
        pd.MultiIndex.from_product([*SETTINGS.values(), (0, 1, 2)], names=[*SETTINGS, "seed"]).to_frame(index=False)
    )
    draw = np.random.default_rng(0)
    table["gap"] = table["width"] / 100 + table["depth"] / 10 + 1000 * table["rate"] + draw.normal(size=len(table)) / 10
    return table.assign(fro=table["gap"], parameters=table["width"], random_network=draw.random(len(table)), path=1.0)


def test_standings_of_a_grid_whose_answer_is_known(made_up):
    rows = networks.standings(made_up).set_index("name")
    assert rows.index[0] == "fro"
    assert rows.loc["fro", "Psi"] == pytest.approx(1)
    assert "path" not in rows.index, "a constant measure is left out"
    assert rows.loc["parameters", list(SETTINGS)].tolist() == pytest.approx([1, 0, 0, 0, 0])
    random = rows.loc["random_network"]
    assert random["null_low"] < random["Psi"] < random["null_high"]
    assert random["low"] < random["Psi"] < random["high"]
    assert (rows["low"] <= rows["Psi"] + 1e-9).all()
    assert (rows["Psi"] <= rows["high"] + 1e-9).all()


def test_a_network_that_failed_is_never_ranked(made_up):
    holes = made_up.copy()
    failed = (holes["width"] == 64) & (holes["batch"] == 32)
    holes.loc[failed | (holes["seed"] == 2) & (holes["depth"] == 3), ["gap", "fro"]] = np.nan
    assert len(networks.configurations(holes)) == 162 - 18
    assert networks.standings(holes).set_index("name").loc["fro", "Psi"] == pytest.approx(1)


def test_the_control_has_the_measures_before_and_the_gap_after_training(made_up):
    before = made_up.groupby(["width", "depth", "latent_dim", "seed"], as_index=False).first()
    before = before[["width", "depth", "latent_dim", "seed"]].assign(train_mse=1.0, test_mse=1.0, gap=0.0, fro=7.0)
    both = networks.with_untrained(made_up, before)
    assert (both["fro"] == 7).all()
    pd.testing.assert_series_equal(both["gap"], made_up["gap"])


def test_criteria_of_the_hessian_see_the_error():
    pair = network_trials.small_networks(DATA, epochs=2)[0]
    x = DATA.test.images[:60].double()
    with torch.no_grad():
        blind = network_trials.hessian_criteria(pair, x, nn.Sequential(*pair)(x))
    seeing = network_trials.hessian_criteria(pair, x)
    assert blind["negative"] < 1e-9 < 1e-3 < seeing["negative"]
    assert blind["trace"] == seeing["trace"]


def test_the_committed_trials_say_what_the_page_says():
    shifted = SHIFTED.read()
    assert shifted.groupby("seed")["batch"].nunique().tolist() == [13] * 3
    assert set(shifted["batch"]) == set(network_trials.batches(DATA))
    moved = networks.shift_correlations(shifted)
    assert (moved.loc["ratio"] > 0.4).all()
    slopes = LIPSCHITZ.read()
    assert (slopes["train_mse"] < 1e-4).all(), "all points are fitted"
    random = slopes[~slopes["linear"]]
    assert (random["lipschitz"] > random["data"]).all()
    assert (random["lipschitz"] <= random["norms"] * 1.001).all()
    assert (random["lipschitz"] > 2 * (200 / random["units"]) ** 0.5).all()
    again = network_trials.fitted_slope(20, 0)
    assert again["lipschitz"] == pytest.approx(random.iloc[0]["lipschitz"], rel=0.02)
    assert slopes[slopes["linear"]]["lipschitz"].between(0.99, 2).all()


def test_verdicts_have_the_columns_of_the_contract():
    found = networks.verdicts()
    assert list(found) == VERDICT
    assert not found[["measure", "value"]].isna().any().any()
    assert found["value"].between(-1, 1).all()


def test_members_of_a_run_are_ranked_by_depth_and_latent_dimension():
    from lib import runs

    members = networks.by_member(runs.summary("mnist"))
    assert len(members) == 57
    found = networks.member_ranking(members, ["gap", "train_mse", "mean_trace"])
    assert found["gap"]["Psi"] == pytest.approx(1)
    errors = found["train_mse"]
    assert not errors["null_low"] <= errors["Psi"] <= errors["null_high"], "no stop at equal error"
    assert not networks.member_ranking(members[members["depth"] == 4], ["gap"]), "one depth: nothing to rank"
