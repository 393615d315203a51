"""The figures of the page on smooth failure draw what they were given."""

import io

import pandas as pd
import pytest

from lib import runs
from lib.analysis import smooth
from lib.geometry.graphs import low_energy
from lib.report import numbers
from lib.report import smooth as report


@pytest.fixture(scope="module")
def whole():
    return smooth.whole_graph("smoke")


@pytest.fixture(scope="module")
def points():
    return {d: runs.measurements("smoke", 4, d) for d in (2, 3)}


def drawn(figure):
    return pd.read_csv(io.StringIO(numbers.csv(figure)))


def test_the_map_has_every_image_once(whole, points):
    rows = drawn(report.error_map(points[3], whole))
    assert len(rows) == len(points[3])
    assert sorted(rows["second"]) == sorted(rows["third"]) == list(range(len(rows)))


def test_energies_rise_and_pass_through_the_share_that_is_told(whole, points):
    functions = {d: smooth.graph_functions(table) for d, table in points.items()}
    rows = drawn(report.energies(functions, whole))
    assert set(rows["function"]) == {"error", "shuffled", "ink", "5-NN distance"}
    error = rows.query("function == 'error' and latent_dim == 3").set_index("frequencies")["share"]
    assert error.is_monotonic_increasing
    at = error[0.05]
    assert at == pytest.approx(low_energy(functions[3]["error"], whole.vectors), rel=1e-4)
    assert set(rows.loc[rows["function"] == "ink", "latent_dim"].isna()) == {True}, "ink is of no network"


def test_a_strip_has_a_dot_for_each_network():
    rows = smooth.SMOOTH.read()
    networks = rows[rows["latent_dim"] > 0]
    entries = [("one", smooth.ALL_IMAGES, smooth.ENCODINGS), ("other", "none", smooth.COVARIATES)]
    shown = drawn(report.strip(networks, entries, "title"))
    assert len(shown) == 2 * 9
    assert shown.groupby("features")["r2"].mean()["encodings"] == pytest.approx(0.432, abs=0.01)
