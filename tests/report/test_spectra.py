"""Figures of the page `spectra`."""

import dataclasses
import io
from functools import partial

import numpy as np
import pandas as pd
import pytest

from lib.analysis import evidence
from lib.report import spectra
from lib.report.numbers import csv

FIGURES = {
    spectra.spectral_distance: {"depth", "latent_dim", "median", "q25", "q75", "measure"},
    spectra.argument_distribution: {"space", "depth", "angle_degrees", "share"},
    partial(spectra.mean_eigenvalue, quantity="geometric_mean"): {"space", "depth", "latent_dim", "median", "class"},
    spectra.small_eigenvalues: {"space", "depth", "latent_dim", "mean", "class"},
    spectra.lost_strip: {"depth", "latent_dim", "lost"},
    spectra.orientation: {"space", "depth", "latent_dim", "mean", "low", "high"},
}


@pytest.mark.parametrize("figure", FIGURES)
def test_a_download_has_the_rows_drawn_with_their_names(figure, summaries):
    rows = pd.read_csv(io.StringIO(csv(figure(summaries["smoke"]))))
    assert {"run", *FIGURES[figure]} <= set(rows) and not {"series", "mark", "panel"} & set(rows)
    assert set(rows["run"]) == {"smoke"}


def test_a_figure_shows_the_numbers_of_the_summary(summaries):
    figure = spectra.mean_eigenvalue(summaries["smoke"], "arithmetic_mean")
    rows = summaries["smoke"].statistics.query(
        "quantity == 'arithmetic_mean' and space == 'latent' and depth == 3 and split == 'all' and label == -1"
    )
    assert figure.axes[0].lines[0].get_ydata().tolist() == pytest.approx(
        rows.sort_values("latent_dim")["median"].tolist()
    )


def test_the_dashed_line_is_the_other_jacobian(summaries):
    """J_I has the colour of its depth; it is told from J_L by the line alone."""
    for figure in (
        spectra.mean_eigenvalue(summaries["smoke"], "arithmetic_mean"),
        spectra.argument_distribution(summaries["smoke"]),
    ):
        dashed = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
        assert [line.get_label() for line in dashed] == ["$J_{I,4}$"]


def test_a_cell_of_the_strip_has_the_number_lost_and_an_absent_network_none(summaries):
    smoke = summaries["smoke"]
    chosen = (smoke.statistics["quantity"] == "small_eigenvalues") & (smoke.statistics["latent_dim"] == 3)
    statistics = smoke.statistics.assign(q025=np.where(chosen, 2.0, smoke.statistics["q025"]))
    changed = dataclasses.replace(smoke, statistics=statistics.query("not (depth == 3 and latent_dim == 2)"))
    axis = spectra.lost_strip(changed).axes[0]
    assert [text.get_text() for text in axis.texts if text.get_position()[1] in (0, 1)] == ["2", "2"]
    assert axis.images[0].get_array().mask.sum() == 1


def test_shares_by_angle_are_all_of_the_eigenvalues(summaries):
    shares = evidence.rotation_shares(summaries["smoke"], "latent", 4)
    assert shares.sum() == pytest.approx(1)
    assert list(shares.index) == list(range(0, 181, 5))


def test_the_gap_of_reversed_points_is_that_of_the_two_splits(summaries):
    smoke = summaries["smoke"]
    gap = evidence.reversal_gap(smoke).loc[2]
    test, train = (
        evidence.statistics(smoke, "reversed", space="latent", split=split).set_index("latent_dim")["mean"][2]
        for split in ("test", "train")
    )
    assert gap["value"] == pytest.approx(test - train)
    half = 1.96 * np.sqrt(test * (1 - test) / 60 + train * (1 - train) / 360)
    assert (gap["high"] - gap["low"]) / 2 == pytest.approx(half, rel=0.02)
