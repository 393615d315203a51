"""Rings and orbits: the theorem holds for trained networks, the control is none, and the committed table is of today's code."""

import numpy as np
import pytest

from lib.analysis import topology
from lib.base.errors import InputError
from lib.geometry.topology import circle, forced_point
from lib.measures.protocol import every
from lib.runs import store


@pytest.fixture(scope="module")
def rings():
    return topology.rings([0, 4], steps=1500)


def test_a_ring_is_torn_where_the_geometry_says(rings):
    rows = rings
    assert (rows["error"] >= 1 - 1e-9).all()
    assert (rows["median_error"] < 0.3).all()
    assert (rows["log_volume_input"] > 90).all()
    assert (rows["codes_apart"] < 1e-9).all()
    assert len(rows) == 2
    names = {measure.name for measure in every("point") if not measure.sees_error}
    assert "mse" not in rows
    assert {"trace_input", "random", "neighbours"} <= set(rows) & names
    assert rows["ink"].isna().all(), "every point of the circle has the same ink"


def test_an_open_arc_can_be_drawn_without_a_tear():
    rows = topology.unforced(topology.open_arc, 1, [3], steps=1500, closed=False)
    assert (rows["largest_error"] < 0.5).all()


def test_a_circle_can_be_drawn_with_two_latent_numbers():
    rows = topology.FREE_CIRCLES.read()
    assert set(rows["latent_dim"]) == set(topology.FREE_DIMS)
    seed = int(rows.query("latent_dim == 2").sort_values("largest_error")["seed"].iloc[0])
    assert (topology.unforced(circle, 2, [seed], steps=1500)["largest_error"] < 0.5).all()


def test_the_committed_orbits_obey_the_theorem_and_are_continuous():
    rows = topology.ORBITS.read()
    assert set(rows["digit"]) == set(topology.ORBIT_DIGITS)
    assert (rows["error"] >= rows["bound"] - 1e-6).all()
    assert (rows["codes_apart"] < 1e-12).all()
    for digit, row in rows.groupby("digit").first().iterrows():
        images = topology.orbit(int(digit))(np_to_tensor([row["t"], row["t"] + 0.5]))
        assert float((images[0] - images[1]).norm()) / 2 == pytest.approx(row["bound"], rel=1e-3)


def np_to_tensor(values):
    import torch

    return torch.from_numpy(np.asarray(values, dtype=np.float64))


def test_a_table_that_is_absent_names_the_command_that_makes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "RESULTS", tmp_path)
    with pytest.raises(InputError, match="make it with: python -m lib table orbits"):
        topology.ORBITS.read()
    files_before = list(tmp_path.iterdir())
    assert not files_before


def test_the_committed_circles_are_those_of_todays_code():
    kept = topology.RINGS.read().set_index("seed").loc[3]
    pair = topology.circle_network(3)
    forced = forced_point(*pair, circle)
    assert [forced.t, forced.error] == pytest.approx([kept["t"], kept["error"]], rel=1e-3)
    assert (topology.RINGS.read()["error"] >= 1).all()
    assert topology.OPEN_ARCS.read()["seed"].tolist() == list(topology.RING_SEEDS)
