"""Figures and tables of the page `training_dynamics`."""

import dataclasses
import io

import numpy as np
import pandas as pd

from lib.analysis import dynamics
from lib.report import training_dynamics
from lib.report.numbers import csv


def test_the_course_has_a_panel_per_quantity_and_a_point_per_snapshot(summaries):
    figure = training_dynamics.training_course(summaries["smoke"])
    run = summaries["smoke"].run
    assert len(figure.axes) == len(training_dynamics.COURSES)
    assert {len(axis.get_lines()[0].get_xdata()) for axis in figure.axes} == {len(run.snapshots) + 1}
    assert figure.axes[0].get_yscale() == "log"
    rows = pd.read_csv(io.StringIO(csv(figure)))
    assert {"run", "quantity", "latent_dim", "epoch", "steps", "value", "low", "high"} == set(rows)
    assert set(rows["epoch"]) == {*run.snapshots, run.epochs} and rows["steps"].max() == 6 * run.epochs


def test_clouds_stand_in_pairs_on_one_scale_and_are_thinned():
    draw = np.random.default_rng(0)
    clouds = {name: draw.normal(size=(90, 50)) + 1j * draw.normal(size=(90, 50)) for name in "abc"}
    first, second = training_dynamics.eigenvalue_clouds(clouds)
    assert [axis.get_title("left") for axis in [*first.axes, *second.axes]] == ["a", "b", "c"]
    assert first.axes[0].get_xlim() == second.axes[0].get_xlim()
    rows = pd.read_csv(io.StringIO(csv(first)))
    assert set(rows) == {"origin", "real", "imaginary"}
    assert (rows["origin"].value_counts() <= training_dynamics.DOTS).all()


def test_cumulative_shares_reach_one_and_rise():
    draw = np.random.default_rng(0)
    values = {"a": draw.normal(size=(5, 40)) + 1j * draw.normal(size=(5, 40))}
    figures = training_dynamics.moduli_and_angles(values)
    for figure, measure in zip(figures, dynamics.MEASURES, strict=True):
        shares = figure.axes[0].get_lines()[0].get_ydata()
        assert (np.diff(shares) >= 0).all() and shares[-1] > 0.98
        rows = pd.read_csv(io.StringIO(csv(figure)))
        assert {"measure", "origin", "up_to", "share"} <= set(rows) and set(rows["measure"]) == {measure}


def test_tables_show_every_network_and_no_nan(summaries):
    smoke = summaries["smoke"]
    beside = {"smoke": dynamics.beside_products(smoke, draws=20)}
    for text in (training_dynamics.beside_products_table(beside), training_dynamics.near_real_table(beside)):
        assert len(text.splitlines()) == 2 + len(smoke.run.latent_dims)
    frame = smoke.progress_regressions
    gone = (frame["latent_dim"] == 2) & (frame["epoch"] == smoke.run.epochs) & (frame["predictor"] == "trace")
    text = training_dynamics.settling_table({"smoke": dataclasses.replace(smoke, progress_regressions=frame[~gone])})
    assert "nan" not in text and len(text.splitlines()) == 4
