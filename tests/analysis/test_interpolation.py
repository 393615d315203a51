"""Paths between codes: pairs of both kinds, and the committed table is of today's code."""

import numpy as np
import pandas as pd
import torch

from lib.analysis import interpolation
from lib.runs import Member


def test_paths_are_compared_for_pairs_across_and_within_classes(monkeypatch):
    monkeypatch.setattr(interpolation, "PAIRS", 4)
    rows = interpolation.interpolations("smoke", Member(3, 2, 0))
    assert rows["across"].sum() == (~rows["across"]).sum() == interpolation.PAIRS
    assert (rows[["straight", *interpolation.OTHER_PATHS, "limit"]] > 0).all(axis=None)
    assert rows["limit"].nunique() == 1


def test_pairs_are_of_different_classes_or_of_one_and_never_of_one_image():
    labels = torch.arange(60) % 3
    for pair in interpolation.pairs_of(labels, np.random.default_rng(0)):
        assert (labels[pair["first"]] != labels[pair["last"]]) == pair["across"]
        assert pair["first"] != pair["last"]


def test_the_share_of_nearer_paths_is_counted_for_each_network_and_kind_of_pair():
    keys = {"run": "one", "latent_dim": 2, "seed": 0, "across": [True, True, False]}
    sizes = {"limit": 1.5, "straight": [1.0, 2.0, 1.0], "graph": [0.5, 1.0, 2.0], "density": [0.5, 3.0, 1.0]}
    rows = interpolation.nearer(pd.DataFrame(keys | sizes | {"shuffled": 3.0})).set_index("across")
    assert rows.loc[True, ["graph", "density", "shuffled", "tied"]].tolist() == [1, 0.5, 0, 0]
    assert rows.loc[False, ["graph", "density", "shuffled", "tied"]].tolist() == [0, 0.5, 0, 0], "a tie counts half"
    assert rows.loc[True, "median_straight"] == 1.5


def test_the_committed_paths_are_those_of_todays_code(monkeypatch):
    kept = interpolation.PATHS.read().query("run == 'digits' and latent_dim == 8").reset_index(drop=True)
    assert len(kept) == 2 * interpolation.PAIRS
    monkeypatch.setattr(interpolation, "PAIRS", 2)  # the first pairs do not depend on their number
    rows = interpolation.interpolations("digits", Member(4, 8, 0))
    for column in ("across", "limit", "straight", *interpolation.OTHER_PATHS):
        np.testing.assert_allclose(rows[column][:2], kept[column][:2], rtol=1e-3, err_msg=column)
