"""Ink and neighbour distances, by hand."""

import numpy as np
import torch

from lib.measures import baselines
from lib.training import datasets
from lib.training.datasets import Dataset, Split


def line(train, test):
    """Points on a line, as images of one pixel."""
    splits = [
        Split(torch.tensor(values)[:, None], torch.zeros(len(values), dtype=torch.int64)) for values in (train, test)
    ]
    return Dataset("line", *splits, (1, 1), "")


def distances(dataset):
    return baselines.neighbours(dataset)["neighbour_distance"]


def test_the_nearest_training_point_is_another_one():
    assert baselines.neighbours(line([0.0, 0.1, 0.3], [0.9, 0.04]))["nearest"].tolist() == [1, 0, 1, 2, 0]


def test_ink_is_the_squared_norm():
    assert baselines.ink(torch.tensor([[0.5, 0.5], [0.0, 1.0]])).tolist() == [0.5, 1.0]


def test_the_fifth_neighbour_of_a_training_point_leaves_itself_out():
    found = distances(line([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.0]))
    assert np.allclose(found, [0.5, 0.4, 0.3, 0.3, 0.3, 0.4, 0.5, 0.4])


def test_few_training_points_take_the_farthest():
    assert np.allclose(distances(line([0.0, 0.1, 0.2], [1.0])), [0.2, 0.1, 0.2, 1.0])


def test_a_single_training_point_is_its_own_neighbour():
    found = baselines.neighbours(line([0.3], [0.5]))
    assert found["nearest"].tolist() == [0, 0]
    assert np.allclose(found["neighbour_distance"], [0, 0.2])


def test_distances_are_not_lost_beside_the_size_of_the_points():
    draw = np.random.default_rng(0)
    reference, x = draw.normal(size=(100, 8)) + 1e8, draw.normal(size=(20, 8)) + 1e8
    by_hand = np.sort(np.linalg.norm(x[:, None] - reference, axis=2), axis=1)[:, 4]
    assert np.allclose(baselines.neighbour_distance(reference, x), by_hand, rtol=1e-6)


def test_distances_are_those_of_all_pairs():
    dataset = datasets.load("digits", 60, 10)
    by_hand = torch.cdist(dataset.test.images.double(), dataset.train.images.double()).sort(dim=1).values[:, 4]
    assert np.allclose(distances(dataset)[60:], by_hand)
