"""Neural collapse against the unconstrained-features model, whose minimum is known, and against collapsed features by hand."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, one_hot

from lib.base.errors import InputError
from lib.geometry.collapse import class_means, collapse

CLASSES, POINTS, WIDTH = 10, 5, 16  # points of each class
LABELS = torch.arange(CLASSES).repeat_interleave(POINTS)
DECAYS = (5e-3, 1e-3)  # of W and of H


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def objective(weight, features, bias, decays=DECAYS):
    squares = decays[0] * weight.square().sum() + decays[1] * features.square().sum()
    return cross_entropy(features @ weight.T + bias, LABELS) + squares / 2


def minimum(seed):
    """W, H and b of the unconstrained-features model, by L-BFGS from a random start."""
    parameters = [(0.1 * draw(*shape, seed=seed)) for shape in ((CLASSES, WIDTH), (len(LABELS), WIDTH), (CLASSES,))]
    for parameter in parameters:
        parameter.requires_grad_()
    search = torch.optim.LBFGS(
        parameters,
        max_iter=3000,
        tolerance_grad=1e-14,
        tolerance_change=0,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def closure():
        search.zero_grad()
        loss = objective(*parameters)
        loss.backward()
        return loss

    search.step(closure)
    return [parameter.detach() for parameter in parameters]


@pytest.fixture(scope="module")
def model():
    return minimum(0)


def test_the_unconstrained_features_collapse_to_the_simplex(model):
    weight, features, bias = model
    found = collapse(features, LABELS, weight, bias)
    assert found["nc1"] < 1e-10
    assert max(found["nc2"], found["nc2_lengths"], found["nc3"]) < 1e-6
    assert found["nc4"] == 0
    means = class_means(features, LABELS)
    means = (means - means.mean(0)) / (means - means.mean(0)).norm(dim=1, keepdim=True)
    cosines = (means @ means.T)[~torch.eye(CLASSES, dtype=torch.bool)]
    torch.testing.assert_close(cosines, torch.full_like(cosines, -1 / 9), rtol=0, atol=1e-7)


def test_the_decays_balance_the_norms_and_every_start_ends_at_the_same_minimum(model):
    weight, features, _ = model
    balance = [decay * float(part.square().sum()) for decay, part in zip(DECAYS, (weight, features), strict=True)]
    assert balance[0] == pytest.approx(balance[1], rel=1e-7)
    assert objective(*minimum(1)).item() == pytest.approx(objective(*model).item(), abs=1e-10)


def test_the_origin_is_a_strict_saddle_with_the_eigenvalue_of_the_theory():
    sizes = (CLASSES * WIDTH, len(LABELS) * WIDTH)

    def flat(parameters):
        weight, features = parameters.split(sizes)
        zero = torch.zeros(CLASSES, dtype=torch.float64)
        return objective(weight.reshape(CLASSES, WIDTH), features.reshape(-1, WIDTH), zero)

    hessian = torch.autograd.functional.hessian(flat, torch.zeros(sum(sizes), dtype=torch.float64))
    gradient = (1 / CLASSES - one_hot(LABELS, CLASSES).double()) / len(LABELS)  # of the logits
    largest = torch.linalg.matrix_norm(gradient, 2).item()
    mean, half = sum(DECAYS) / 2, (DECAYS[0] - DECAYS[1]) / 2
    expected = mean - math.sqrt(half**2 + largest**2)
    assert expected < 0
    assert torch.linalg.eigvalsh(hessian)[0].item() == pytest.approx(expected, abs=1e-9)


def test_random_features_have_not_collapsed():
    found = collapse(draw(1000, 64), torch.arange(1000) % 10, draw(10, 64, seed=1), draw(10, seed=2))
    assert found["nc1"] > 5
    assert found["nc3"] > 1
    assert found["nc4"] > 0.5


def test_nc1_is_the_ratio_of_variances_by_hand_whatever_the_sizes_of_the_classes():
    """Two classes on a line at -1 and 1, each of variance v: S_B = 1, NC1 = v / 2; directions without class means are left out."""
    points = torch.tensor([[-1.5, 0], [-0.5, 0], [0.5, 0], [1.5, 0], [0.5, 0], [1.5, 0]], dtype=torch.float64)
    labels = torch.tensor([0, 0, 1, 1, 1, 1])
    weight, bias = torch.tensor([[-1.0, 0], [1.0, 0]]), torch.tensor([0.0, 0.0])
    found = collapse(points, labels, weight, bias)
    assert found["nc1"] == pytest.approx(0.25 / 2)
    assert [found[name] for name in ("nc2", "nc2_lengths", "nc3", "nc4")] == pytest.approx([0, 0, 0, 0], abs=1e-12)
    assert collapse(points, labels, weight, torch.tensor([0.0, 9.0]))["nc4"] == pytest.approx(1 / 3)
    assert collapse(3 * points, labels, weight, bias)["nc1"] == pytest.approx(0.25 / 2)
    noisy = points + torch.tensor([0.0, 1.0]) * torch.tensor([1.0, -1, 1, -1, 1, -1])[:, None]
    assert collapse(noisy, labels, weight, bias)["nc1"] == pytest.approx(0.25 / 2)


@pytest.mark.parametrize(
    ("labels", "words"),
    [([0, 0, 2, 2], r"classes \[1\] have no points"), ([0, 0, 1, 1], "have 2 classes, the last layer 3")],
)
def test_a_class_without_points_is_refused(labels, words):
    with pytest.raises(InputError, match=words):
        collapse(draw(4, 3), torch.tensor(labels), draw(3, 3), draw(3))


def test_class_means_that_coincide_are_refused():
    with pytest.raises(InputError, match="no angle is defined"):
        collapse(torch.ones(4, 3), torch.tensor([0, 0, 1, 1]), draw(2, 3), draw(2))
