"""Classifiers: the seed fixes the bits, batch normalisation folds away, label noise is what it says, divergence is refused."""

import pytest
import torch
from torch import nn

from lib.base.errors import InputError
from lib.training import classifiers, datasets
from lib.training.loop import Diverged

TRAIN = datasets.load("digits", 300).train
WIDTHS = (64, 24, 16, 10)


def train(**options):
    return classifiers.train_classifier(WIDTHS, TRAIN.images, TRAIN.labels, **{"seed": 0, "epochs": 3} | options)


@pytest.mark.parametrize("options", [{}, {"norm": False, "optimizer": "adam", "batch": None, "rate": 5e-3}])
def test_the_seed_fixes_the_bits_whatever_was_drawn_before(options):
    first = train(**options)
    torch.rand(3)
    again, other = train(**options), train(**options, seed=1)
    assert first.losses == again.losses != other.losses
    for one, two in zip(first.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, two)
    assert first.losses[-1] < first.losses[0]


def test_it_learns_the_digits_and_its_snapshots_are_of_their_epoch():
    found = train(epochs=30, snapshots=(0, 3, 30))
    assert (found.network(TRAIN.images).argmax(1) == TRAIN.labels).float().mean() > 0.97
    assert list(found.snapshots) == [0, 3, 30]
    assert len(found.losses) == 30
    constant = train(epochs=3, schedule="constant", snapshots=(2,))
    shorter = train(epochs=2, schedule="constant")
    assert torch.equal(constant.snapshots[2][0].weight, shorter.network[0].weight)
    assert torch.equal(found.snapshots[30][0].weight, found.network[0].weight)


def test_batch_normalisation_is_folded_into_a_plain_chain_that_computes_the_same():
    network = classifiers.untrained_classifier(WIDTHS, seed=0)
    network.train()(TRAIN.images)  # moves the running means
    plain = classifiers.folded(network)
    assert [type(module) for module in plain] == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
    torch.testing.assert_close(plain(TRAIN.images), network.eval()(TRAIN.images), rtol=1e-4, atol=1e-4)
    assert network[1].training is False


def test_no_batch_has_a_single_point():
    images, labels = TRAIN.images[:129], TRAIN.labels[:129]
    classifiers.train_classifier(WIDTHS, images, labels, seed=0, epochs=1, batch=128)


def test_label_noise_draws_a_share_anew_and_keeps_the_draws_of_a_smaller_share():
    labels = torch.arange(10).repeat(1000)
    some, all_ = (classifiers.noisy_labels(labels, share, 10, seed=3) for share in (0.2, 1.0))
    assert torch.equal(classifiers.noisy_labels(labels, 0.0, 10, seed=3), labels)
    assert float((some != labels).double().mean()) == pytest.approx(0.2 * 0.9, abs=0.01)
    assert float((all_ != labels).double().mean()) == pytest.approx(0.9, abs=0.01)
    changed = some != labels
    assert torch.equal(some[changed], all_[changed])
    assert all_.bincount().min() > 800
    with pytest.raises(InputError, match="share of noisy labels is 2"):
        classifiers.noisy_labels(labels, 2, 10, seed=0)


def test_a_loss_that_is_not_finite_is_refused_with_the_learning_rate():
    with pytest.raises(Diverged, match=r"\(64, 24, 16, 10\) diverged .* lower the learning rate 1e\+30"):
        train(rate=1e30, norm=False)


@pytest.mark.parametrize("labels", [TRAIN.labels[:5], TRAIN.labels + 1, TRAIN.labels - 1])
def test_labels_that_do_not_fit_are_refused(labels):
    with pytest.raises(InputError, match="do not fit the widths"):
        classifiers.train_classifier(WIDTHS, TRAIN.images, labels, seed=0)


@pytest.mark.parametrize("option", [{"schedule": "never"}, {"optimizer": "magic"}])
def test_an_unknown_option_is_refused(option):
    with pytest.raises(InputError, match="choose one of"):
        train(**option)
