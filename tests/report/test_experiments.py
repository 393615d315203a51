"""Figures of the page `experiments`."""

import numpy as np

from lib.report import experiments
from lib.training import datasets


def test_pictures(summaries):
    smoke = summaries["smoke"]
    assert len(experiments.reconstructions(smoke).axes) == 10 * (1 + len(smoke.run.latent_dims))
    dataset = datasets.load("digits")
    assert len(experiments.samples(dataset.train.images.numpy(), dataset.train.labels.numpy(), (8, 8)).axes) == 20
    few = experiments.samples(np.zeros((3, 64)), np.array([0, 0, 1]), (8, 8))
    assert sum(len(axis.images) for axis in few.axes) == 3, "a class may have a single image"
