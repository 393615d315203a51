"""Measures of classifiers against automatic differentiation and by hand; what they lack is named."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, jacrev, vmap

from lib.measures.classified import Classified
from lib.measures.protocol import Lacking, Subject, every, values_at
from lib.training import datasets
from lib.training.classifiers import folded, untrained_classifier

MEASURES = {measure.name: measure for measure in every("classifier")}
DATA = datasets.load("digits", 100, 12)
POINTS = DATA.test.images.double()
NETWORK = folded(untrained_classifier((64, 20, 15, 10), seed=4)).double()


def of(name, network=NETWORK, points=POINTS, **parts):
    return MEASURES[name].of(Classified(network=network, points=points.numpy(), **parts))


def logits(*rows):
    """A network whose logits are its inputs."""
    network = nn.Sequential(nn.Linear(3, 3)).double()
    with torch.no_grad():
        network[0].weight.copy_(torch.eye(3))
        network[0].bias.zero_()
    return network, torch.tensor(rows, dtype=torch.float64)


def test_the_jacobian_of_the_logits_is_that_of_automatic_differentiation():
    singular = torch.linalg.svdvals(vmap(jacrev(NETWORK))(POINTS))
    np.testing.assert_allclose(of("logit_spectral"), singular[:, 0], rtol=1e-10)
    np.testing.assert_allclose(of("logit_frobenius"), singular.square().sum(dim=1), rtol=1e-10)


def test_the_tangent_norm_is_that_of_all_derivatives_by_the_parameters():
    parameters = dict(NETWORK.named_parameters())
    by_parameter = vmap(jacrev(lambda values, x: functional_call(NETWORK, values, x)), (None, 0))(parameters, POINTS)
    expected = sum(one.flatten(1).square().sum(dim=1) for one in by_parameter.values())
    np.testing.assert_allclose(of("tangent_norm"), expected, rtol=1e-8)


def test_softmax_and_entropy_by_hand():
    network, points = logits([0, 0, 0], [np.log(2), 0, 0], [200, 0, 0])
    np.testing.assert_allclose(of("max_softmax", network, points), [2 / 3, 1 / 2, 0], atol=1e-12)
    np.testing.assert_allclose(of("entropy", network, points), [np.log(3), 1.5 * np.log(2), 0], atol=1e-12)
    moved = nn.Sequential(nn.Linear(3, 3)).double()
    moved.load_state_dict({"0.weight": torch.eye(3), "0.bias": torch.full((3,), 7.0)})
    np.testing.assert_allclose(of("entropy", moved, points), of("entropy", network, points), atol=1e-12)


def test_seeds_that_choose_another_class_disagree_with_the_class_of_the_network():
    network, points = logits([np.log(2), 0, 0], [0, 0, np.log(2)])
    other = nn.Sequential(nn.Linear(3, 3)).double()
    other.load_state_dict({"0.weight": torch.zeros(3, 3), "0.bias": torch.tensor([0, 0, np.log(2)])})
    seeds = [network, other]
    np.testing.assert_allclose(of("disagreement", network, points, seeds=seeds), [1 / 2, 0])
    np.testing.assert_allclose(of("ensemble", network, points, seeds=seeds), [1 - (1 / 2 + 1 / 4) / 2, 1 / 2])
    np.testing.assert_allclose(of("ensemble", network, points, seeds=[network]), of("max_softmax", network, points))


def test_a_class_mean_is_at_ratio_0_and_the_middle_of_two_at_1():
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 3)).double()
    with torch.no_grad():
        network[0].weight.copy_(torch.eye(2))
        network[0].bias.zero_()
    train = datasets.Split(torch.tensor([[0.0, 0], [2, 0], [0, 9], [0, 7]]), torch.tensor([0, 1, 2, 2]))
    points = torch.tensor([[0.0, 0], [1, 0], [0, 8], [0.5, 0]])
    found = of("class_mean_ratio", network, points, training=train, labels=train.labels.numpy())
    np.testing.assert_allclose(found, [0, 1, 0, 1 / 3])
    with pytest.raises(Lacking, match="class_mean_ratio needs the labels of the training data"):
        of("class_mean_ratio", network, points, training=train)


def test_a_subject_without_a_classifier_is_told_so_and_given_no_value():
    pair = Subject(pair=(NETWORK[:2], NETWORK[2:]), points=POINTS.numpy())
    with pytest.raises(Lacking, match="The measure entropy needs a classifier"):
        MEASURES["entropy"].of(pair)
    assert values_at(pair, MEASURES.values()) == {}
