"""`python -m lib measure`: values as the measures give them, refusals that name the need, and what ranks nothing says so."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from lib import runs
from lib.__main__ import cli
from lib.analysis import measuring, tournament
from lib.base.errors import InputError
from lib.measures import judging
from lib.measures.protocol import SEEDS, Lacking, Measure, every
from lib.runs import Member


@pytest.fixture(scope="module")
def smoke():
    return measuring.measure_run("smoke")


def test_every_measure_has_a_row_with_a_value_or_the_reason(smoke):
    rows, points = smoke
    assert list(rows["measure"]) == [measure.name for measure in every()]
    lacking = rows[rows["value"].isna()]
    assert lacking["note"].str.startswith("needs ").all()
    assert "seed_variance" in set(lacking["measure"])
    assert len(points) == len(runs.read("smoke").load_dataset().test)


def test_values_and_judgements_are_those_of_the_tournament(smoke):
    rows, points = smoke
    wanted = tournament.at_points("smoke", Member(4, 2, 0))
    row = rows.set_index("measure").loc["trace_latent"]
    np.testing.assert_array_equal(points["trace_latent"], wanted["trace_latent"])
    assert row["value"] == np.median(wanted["trace_latent"])
    judged = judging.judge(wanted["mse"].to_numpy(), wanted["trace_latent"].to_numpy())
    assert row["spearman"] == judged["spearman"]
    assert row["auroc_low"] == judged["auroc_low"]


def test_other_networks_can_be_chosen_and_a_kept_run_is_measured_by_its_sample():
    rows, _ = measuring.measure_run("smoke", ["ink"], {"n": [3], "d": [3]})
    assert rows["network"].tolist() == ["n3-d3-s0"]
    rows, points = measuring.measure_run("mnist", ["trace_input"], {"n": [4], "d": [20]})
    sample = runs.summary("mnist").sample.query("depth == 4 and latent_dim == 20 and test == 1")
    assert len(points) == len(sample)
    assert rows["value"].item() == pytest.approx(np.median(sample["trace_input"]))


def test_a_measure_that_lacks_something_is_refused_by_the_name_of_its_need():
    with pytest.raises(InputError, match=r"seed_variance needs other seeds, which run smoke lacks .*; name a run with"):
        measuring.measure_run("smoke", ["ink", "seed_variance"])
    with pytest.raises(InputError, match=r"Unknown measure 'nix'; choose one of: .*trace_input"):
        measuring.measure_run("smoke", ["nix"])
    with pytest.raises(
        InputError, match=r"entropy needs a classifier, which run smoke lacks .*; the page unseen shows it"
    ):
        measuring.measure_run("smoke", ["entropy"])
    assert set(measuring.REMEDIES) >= {need for measure in every() for need in measure.needs}


def _lacks(subject):
    raise Lacking(SEEDS)


@pytest.mark.parametrize(
    ("compute", "note"),
    [
        (lambda subject: np.ones(len(subject)), "constant here"),
        (lambda subject: np.full(len(subject), np.nan), "undefined here"),
        (lambda subject: np.where(np.arange(len(subject)) < 5, np.arange(len(subject)), np.nan), "defined at too few"),
        (_lacks, "needs other seeds"),
    ],
)
def test_what_ranks_nothing_says_so_and_comes_last(monkeypatch, compute, note):
    odd = Measure("odd", "odd", compute, lambda sizes: 1.0, needs=())
    known = [odd, *(one for one in every() if one.name in ("ink", "random"))]
    monkeypatch.setattr(measuring, "every", lambda: known)
    rows, _ = measuring.measure_run("smoke")
    assert rows.set_index("measure").loc["odd", "note"].startswith(note)
    lines = measuring.measures_report(rows).splitlines()
    assert lines[0] == "n4-d2-s0"
    assert lines[5].startswith("odd")
    assert lines[5].rstrip().endswith(note) or note.startswith("defined")


def test_numbers_that_differ_by_rounding_alone_are_not_ranked():
    error = np.arange(1.0, 41)
    assert measuring.unranked(error, error) == ""
    assert measuring.unranked(5 + 1e-12 * error, error) == "constant here"
    assert measuring.unranked(error, 5 + 1e-12 * error) == "the errors are all alike"
    assert measuring.unranked(np.where(error > 39, np.inf, error), error) == "infinite at some points"


def test_a_measure_of_a_network_is_a_number_and_ranks_no_points(monkeypatch):
    size = Measure("size", "size", lambda subject: 7.0, lambda sizes: 1.0, needs=(), level="network")
    monkeypatch.setattr(measuring, "every", lambda: [size])
    rows, points = measuring.measure_run("smoke")
    assert rows["value"].tolist() == [7.0]
    assert "size" not in points
    assert "spearman" not in rows


def test_the_command_prints_the_table_and_writes_the_points(tmp_path):
    path = tmp_path / "points.csv"
    result = CliRunner().invoke(cli, ["measure", "smoke", "ink", "mse", "-o", str(path)], catch_exceptions=False)
    lines = result.output.splitlines()
    assert lines[3].startswith("mse *")
    assert lines[4].startswith("ink ")
    assert list(pd.read_csv(path).columns) == ["network", "label", "mse", "ink"]
    with pytest.raises(InputError, match="Unknown d of run smoke 99"):
        CliRunner().invoke(cli, ["measure", "smoke", "--only", "d=99"], catch_exceptions=False)
