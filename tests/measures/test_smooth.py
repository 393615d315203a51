"""Smoothed training errors: a constant error is predicted as it is, and an error that is smooth on the data is found."""

import numpy as np
import pytest
import torch
from torch import nn

from lib.geometry import graphs
from lib.measures.points.smooth import smooth
from lib.measures.protocol import Subject
from lib.training.datasets import Split


def subject(weight: float, bias: float, training_points: int = 300) -> Subject:
    """A network f(x) = weight x + bias on a cloud in the plane, and new points."""
    encoder, decoder = nn.Linear(2, 2).double(), nn.Linear(2, 2).double()
    with torch.no_grad():
        for layer, (slope, offset) in ((encoder, (1, 0)), (decoder, (weight, bias))):
            layer.weight.copy_(slope * torch.eye(2))
            layer.bias.fill_(offset)
    draw = torch.Generator().manual_seed(0)
    train, new = (torch.randn(count, 2, generator=draw, dtype=torch.float64) for count in (training_points, 80))
    training = Split(train, torch.zeros(training_points, dtype=torch.int64))
    return Subject(pair=(nn.Sequential(encoder), nn.Sequential(decoder)), points=new.numpy(), training=training)


def test_a_constant_error_is_predicted_everywhere():
    assert smooth.of(subject(1, 0.1)) == pytest.approx(np.full(80, np.log(0.01)))


def test_an_error_that_is_smooth_on_the_data_is_found():
    given = subject(0.5, 0)
    log_error = np.log((0.25 * given.points**2).mean(axis=1))
    assert np.corrcoef(smooth.of(given), log_error)[0, 1] > 0.8


def test_a_perfect_network_has_no_infinite_values():
    assert np.isfinite(smooth.of(subject(1, 0))).all()


def test_too_few_training_points_leave_it_undefined():
    assert np.isnan(smooth.of(subject(0.5, 0, training_points=19))).all()


def test_many_points_are_measured_in_parts(monkeypatch):
    """All training images of MNIST at a time took 23 GB, and the system ended the process."""
    given, taken = subject(0.5, 0), []
    whole, extended = smooth.of(given), graphs.extended
    monkeypatch.setattr(graphs, "extended", lambda graph, points: taken.append(len(points)) or extended(graph, points))
    monkeypatch.setattr("lib.measures.points.smooth.CARRIED_ON", 30)
    assert smooth.of(given) == pytest.approx(whole) and taken == [30, 30, 20]
