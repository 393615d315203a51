"""Figures and tables of the page `networks`: the numbers drawn are those of the rows."""

import io

import pandas as pd
import pytest

from lib.analysis.network_grid import SETTINGS
from lib.report import networks, numbers


@pytest.fixture
def standings():
    names = ["mean_trace", "parameters", "noise_scale"]
    rows = pd.DataFrame({"name": names, "label": ["the trace", "parameters", "sharpness"], "needs": "the weights"})
    rows = rows.assign(Psi=[0.5, 0.3, -0.2], tau=[0.4, 0.3, -0.1], low=0.1, high=0.6, null_low=-0.08, null_high=0.08)
    return rows.assign(sees_error=[False, False, True], **dict.fromkeys(SETTINGS, 0.25))


def recorded(figure):
    return pd.read_csv(io.StringIO(numbers.csv(figure)))


def test_the_file_of_the_ranking_has_the_measures_before_and_after_training(standings):
    rows = recorded(networks.ranking(standings, standings[:1].assign(Psi=-0.4)))
    assert rows["name"].tolist() == standings["name"].tolist()
    assert rows["Psi"].tolist() == standings["Psi"].tolist()
    assert rows["untrained"].isna().tolist() == [False, True, True]
    assert rows["untrained"][0] == -0.4


def test_measures_are_told_apart_by_what_they_see(standings):
    axis = networks.ranking(standings, standings[:0]).axes[0]
    colors = [line.get_color() for line in axis.lines if line.get_marker() in ("o", "s", "D") and len(line.get_xdata())]
    assert len(set(colors)) == 3


def test_the_map_and_the_table_hold_psi_of_every_setting(standings):
    assert recorded(networks.by_axis(standings))[list(SETTINGS)].to_numpy().tolist() == [[0.25] * 5] * 3
    text = networks.ranking_table(standings)
    assert text.count("0.25") == 15
    assert "-0.08 to 0.08" in text


def test_the_table_of_a_run_names_its_measures():
    found = {"mean_trace": {"depth": 0.1, "latent_dim": 0.2, "Psi": 0.15, "null_low": -0.3, "null_high": 0.3}}
    assert "| the trace |" in networks.member_table(found, {"mean_trace": "the trace"}).replace("  ", " ").replace(
        "  ", " "
    )


def test_the_experiments_are_drawn_whole():
    shifted = pd.DataFrame(
        {"seed": [0, 0, 1, 1], "batch": ["a", "b"] * 2, "mse": [1.0, 2, 3, 4], "ratio": [0.1, 0.2, 0.3, 0.4]}
    )
    assert len(recorded(networks.criterion_under_shift(shifted, "ratio", "r"))) == 4
    slopes = pd.DataFrame({"units": [20, 40] * 2, "linear": [False, False, True, True], "data": 1.0, "norms": 3.0})
    rows = recorded(networks.lipschitz(slopes.assign(lipschitz=[4.0, 2, 1, 1])))
    assert rows["lipschitz"].tolist() == [4, 2, 1, 1]
