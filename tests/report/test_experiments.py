"""Figures of the page `experiments`."""

import io

import numpy as np
import pandas as pd
import pytest

from lib.report import experiments
from lib.report.numbers import csv
from lib.training import datasets


def test_pictures(summaries):
    smoke = summaries["smoke"]
    first, second = experiments.reconstructions(smoke)
    assert len(first.axes) == len(second.axes) == 5 * (1 + len(smoke.run.latent_dims))
    dataset = datasets.load("digits")
    images, labels = dataset.train.images.numpy(), dataset.train.labels.numpy()
    assert [len(figure.axes) for figure in experiments.samples(images, labels, (8, 8))] == [10, 10]
    (few,) = experiments.samples(np.zeros((3, 64)), np.array([0, 0, 1]), (8, 8))
    assert sum(len(axis.images) for axis in few.axes) == 3, "a class may have a single image"


@pytest.mark.parametrize(("figure", "columns"), [("loss_curves", "epoch"), ("final_errors", "depth")])
def test_a_download_has_the_errors_drawn_with_their_names(figure, columns, summaries):
    rows = pd.read_csv(io.StringIO(csv(getattr(experiments, figure)(summaries["smoke"]))))
    assert {"run", "latent_dim", "train_mse", "test_mse", columns} <= set(rows)


def test_every_latent_dimension_drawn_is_in_the_legend(summaries):
    labels = [text.get_text() for text in experiments.loss_curves(summaries["smoke"]).axes[0].get_legend().get_texts()]
    assert labels == ["$d=2$", "$d=3$"]
