"""Granulated rank correlation: known answers on a full grid, and a null band that holds a measure that knows nothing."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from lib.measures import ranking

AXES = ["a", "b", "c", "d"]


@pytest.fixture(scope="module")
def grid():
    table = pd.DataFrame(list(product(range(3), repeat=4)), columns=AXES)
    draw = np.random.default_rng(0)
    table["gap"] = 10 * table["a"] + 3 * table["b"] + table["c"] + draw.random(len(table))
    return table.assign(
        random=draw.random(len(table)), strongest=table["a"], noisy=table["gap"] + draw.normal(size=len(table))
    )


def test_the_gap_ranks_itself_and_the_strongest_axis_earns_a_quarter(grid):
    itself = ranking.granulated(grid, AXES, "gap")
    assert set(itself) == {*AXES, "tau", "Psi"}
    assert list(itself.values()) == pytest.approx([1] * 6)
    strongest = ranking.granulated(grid, AXES, "strongest")
    assert (strongest["a"], strongest["b"], strongest["Psi"]) == pytest.approx((1, 0, 0.25))
    assert 0.5 < strongest["tau"] < 0.7
    assert ranking.granulated(grid.assign(minus=-grid["gap"]), AXES, "minus")["Psi"] == pytest.approx(-1)


def test_noise_costs_little_and_a_random_measure_earns_nothing(grid):
    assert 0.6 < ranking.granulated(grid, AXES, "noisy")["Psi"] < 1
    low, high = ranking.null_band(grid, AXES, "random")
    assert low < ranking.granulated(grid, AXES, "random")["Psi"] < high
    # tau of three is 1, 1/3, -1/3, -1 with chances 1, 2, 2, 1 of 6: variance 11/27, averaged over 27 groups and 4 axes
    assert (high - low) / 3.92 == pytest.approx((11 / 27 / 27 / 4) ** 0.5, rel=0.15)
    assert ranking.granulated(grid, AXES, "noisy")["Psi"] > high


def test_what_is_missing_is_left_out_and_groups_weigh_the_same(grid):
    holes = grid.assign(part=grid["gap"].where(grid["d"] < 2))
    assert ranking.granulated(holes, AXES, "part")["Psi"] == pytest.approx(1)
    one = grid.query("b == 0 and c == 0 and d == 0")
    assert ranking.granulated(one, AXES, "gap") == {"tau": 1, "a": 1, "Psi": 1}
    table = pd.DataFrame({"x": [0, 1, 2, 0, 1], "y": [0, 0, 0, 1, 1], "gap": [0, 1, 2, 0, 1], "m": [0, 1, 2, 1, 0]})
    assert ranking.granulated(table, ["x", "y"], "m")["x"] == pytest.approx(0)
