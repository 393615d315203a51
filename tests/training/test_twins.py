"""Adam and SOAP: where training stops, what SOAP's path does not depend on, and what is refused."""

import sys

import pytest
import torch

from lib.base.errors import InputError
from lib.training import autoencoders, datasets, twins

IMAGES = datasets.load("digits", 400).train.images


def losses(name, turned):
    """The losses of a regression of W X on Y, with W in other bases where `turned`, float64."""
    draw = torch.Generator().manual_seed(0)
    x, y, start = (torch.randn(shape, generator=draw, dtype=torch.float64) for shape in ((5, 40), (5, 40), (5, 5)))
    left, right = (
        torch.linalg.qr(torch.randn((size, size), generator=draw, dtype=torch.float64))[0]
        if turned
        else torch.eye(size).double()
        for size in (5, 5)
    )
    weight = (left.T @ start @ right).requires_grad_()
    descent, found = twins.optimizer(name, [weight], 0.05), []
    for _ in range(40):
        descent.zero_grad()
        loss = (left @ weight @ right.T @ x - y).square().mean()
        loss.backward()
        descent.step()
        found.append(loss.item())
    return torch.tensor(found)


def test_the_path_of_soap_does_not_depend_on_bases_and_that_of_adam_does():
    plain, turned = losses("SOAP", False), losses("SOAP", True)
    torch.testing.assert_close(plain, turned, rtol=2e-6, atol=0)
    assert plain[0] == plain[1], "its first step only looks"
    assert plain[-1] < plain[0] / 2
    difference = (losses("Adam", False) - losses("Adam", True)).abs() / losses("Adam", False)
    assert difference.max() > 1e-2


@pytest.mark.parametrize("name", twins.TWINS)
def test_training_stops_at_the_first_step_with_the_error_and_is_the_same_every_time(name):
    found = []
    for _ in range(2):
        pair = autoencoders.build((64, 32, 8), 0, "he")
        epochs = twins.fit_until(pair, IMAGES, IMAGES, 0.06, name=name, rate=4e-3, seed=0)
        with torch.no_grad():
            error = float((pair[1](pair[0](IMAGES)) - IMAGES).square().mean())
        assert 0.05 < error <= 0.06
        assert epochs * 3 == pytest.approx(round(epochs * 3)), "three steps an epoch"
        found.append((epochs, error))
    assert found[0] == found[1]


@pytest.mark.parametrize("options", [{"most_epochs": 1}, {"rate": 1e30}])
def test_an_error_that_is_not_reached_takes_for_ever(options):
    pair = autoencoders.build((64, 32, 8), 0, "he")
    assert twins.fit_until(pair, IMAGES, IMAGES, 1e-9, **{"name": "Adam", "rate": 1e-3, "seed": 0} | options) == float(
        "inf"
    )


def test_an_optimizer_that_is_absent_or_unknown_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_optimizer", None)
    with pytest.raises(InputError, match="uv pip install pytorch-optimizer"):
        twins.optimizer("SOAP", [torch.zeros(2, requires_grad=True)], 1e-3)
    with pytest.raises(InputError, match="choose one of"):
        twins.optimizer("magic", [torch.zeros(2, requires_grad=True)], 1e-3)
