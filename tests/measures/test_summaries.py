"""The per-point table and its summary, on a small untrained member."""

import base64
import json

import numpy as np
import pandas as pd
import pytest
import torch

from lib.geometry import spectra
from lib.geometry.jacobians import cores
from lib.measures import baselines, point_table, summaries
from lib.training import datasets
from lib.training.autoencoders import build

DATASET = datasets.load("digits", 200, 40)
NEIGHBOURS = baselines.neighbours(DATASET)["neighbour_distance"]


@pytest.fixture(scope="module")
def pair():
    return build((64, 24, 16, 4), 1, "he")


@pytest.fixture(scope="module")
def points(pair):
    return point_table.measure_points(pair, DATASET, NEIGHBOURS)


@pytest.fixture(scope="module")
def tables(points):
    return {name: pd.DataFrame(rows) for name, rows in summaries.summarise(points).items()}


def test_a_row_a_point_train_first(points):
    assert len(points) == 240
    assert points["test"].to_numpy().tolist() == [False] * 200 + [True] * 40
    assert points["label"].to_pylist() == torch.cat([DATASET.train.labels, DATASET.test.labels]).tolist()


def test_columns_are_what_they_say(pair, points):
    encoder, decoder = (module.double() for module in pair)
    images = torch.cat([DATASET.train.images, DATASET.test.images]).double()
    result = cores(encoder, decoder, images)
    for space in point_table.SPACES:
        core = getattr(result, space)
        expected = np.linalg.eigvals(core.numpy())
        found = point_table.stored_eigenvalues(points, space)
        assert np.allclose(np.sort_complex(found), np.sort_complex(expected))
        assert np.allclose(points[f"trace_{space}"], expected.sum(axis=1).real)
        sign = points[f"sign_{space}"].to_numpy()
        assert np.array_equal(sign == 0, points[f"singular_{space}"].to_numpy())
        assert np.allclose((sign * np.exp(points[f"log_volume_{space}"]))[sign != 0], np.linalg.det(core)[sign != 0])
    spectrum = [spectra.eigenvalues(getattr(result, space)) for space in point_table.SPACES]
    assert np.allclose(points["distance_l1"], spectra.paired_distance(*spectrum, 1))


def test_statistics_are_those_of_the_points(points, tables):
    rows = tables["statistics"].set_index(["space", "split", "label", "quantity"])
    trace, test = points["trace_latent"].to_numpy(), points["test"].to_numpy()
    label = points["label"].to_numpy()
    row = rows.loc[("latent", "test", 3, "arithmetic_mean")]
    chosen = trace[test & (label == 3)] / 4
    assert (row["count"], row["median"]) == (len(chosen), pytest.approx(np.median(chosen), rel=1e-5))
    reversed_share = rows.loc[("input", "train", -1, "reversed"), "mean"]
    assert reversed_share == pytest.approx((points["sign_input"].to_numpy()[~test] < 0).mean(), rel=1e-6)
    small = (np.abs(point_table.stored_eigenvalues(points, "latent")) < 0.1).sum(axis=1)
    assert rows.loc[("latent", "all", -1, "small_eigenvalues"), "mean"] == pytest.approx(small.mean(), rel=1e-6)


def test_histograms_count_every_eigenvalue_once_and_centre_the_real_ones(points, tables):
    rows = tables["histograms"].query("quantity == 'argument' and space == 'latent' and label == -1")
    counts = np.sum(rows["counts"].tolist(), axis=0)
    assert counts.sum() == 240 * 4
    values = point_table.stored_eigenvalues(points, "latent")
    centre = rows["left"].iloc[0] + rows["width"].iloc[0] * (np.arange(len(counts)) + 0.5)
    positive = ((values.imag == 0) & (values.real > 0)).sum()
    negative = ((values.imag == 0) & (values.real < 0)).sum()
    assert counts[np.isclose(centre, 0, atol=1e-5)].item() >= positive
    assert counts[np.isclose(centre, -np.pi, atol=1e-5)].item() >= negative
    assert negative > 0


def test_the_sample_is_of_points_of_both_splits(points, tables):
    sample = tables["sample"]
    assert len(sample) == 240
    assert sample["test"].sum() == 40
    assert sample["obliqueness"].to_numpy() == pytest.approx(points["obliqueness"].to_numpy(), rel=1e-3)


def test_tables_on_the_way_are_those_of_the_end_for_all_classes(points, tables):
    on_the_way = summaries.progress({0: points, 3: points})
    rows = pd.DataFrame(on_the_way["progress_statistics"]).query("epoch == 3").drop(columns="epoch")
    expected = tables["statistics"].query("label == -1")
    pd.testing.assert_frame_equal(rows.reset_index(drop=True), expected.reset_index(drop=True))
    assert {row["epoch"] for row in on_the_way["progress_regressions"]} == {0, 3}


def test_regressions_cover_spaces_predictors_and_classes(tables):
    rows = tables["regressions"]
    assert set(zip(rows["space"], rows["predictor"], strict=True)) == {
        (space, predictor) for space in ("input", "latent") for predictor in ("log_volume", "trace")
    }
    volume = rows.query("predictor == 'log_volume' and label == -1")
    assert (volume["points"] + volume["dropped"] == 240).all()


def test_singular_points_have_no_volume_and_are_counted():
    encoder, decoder = build((64, 24, 3, 4), 1, "he")
    points = point_table.measure_points((encoder, decoder), DATASET, NEIGHBOURS)
    assert all(points["singular_input"].to_pylist())
    assert np.isnan(points["log_volume_latent"].to_numpy()).all()
    summary = summaries.summarise(points)
    assert summary["members"][0]["singular_input"] == 1
    assert {row["predictor"] for row in summary["regressions"]} == {"trace"}


def test_a_summary_is_json_without_nan(points):
    json.dumps(summaries.summarise(points), allow_nan=False)


def test_examples_show_a_test_image_of_every_class(pair):
    rows = summaries.examples(pair, DATASET)
    assert [row["label"] for row in rows] == list(range(10))
    first = DATASET.test.images[DATASET.test.labels == 3][0].numpy()
    levels = np.frombuffer(base64.b64decode(rows[3]["original"]), np.uint8)
    assert levels.tolist() == np.round(255 * first).astype(int).tolist()
    assert all(len(base64.b64decode(row["reconstruction"])) == 64 for row in rows)
