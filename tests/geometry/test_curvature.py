"""The Hessian by Lanczos' method against the exact one, and the gradient of the outputs against brute force."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, hessian, jacrev

from lib.geometry import curvature
from lib.training.autoencoders import build

X = torch.rand((30, 6), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
PAIR = tuple(module.double() for module in build((6, 5, 2), 0))


def flat(model):
    """The parameters in a vector, and the map from such a vector to the outputs."""
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}

    def outputs(theta, x):
        parts = theta.split([shape.numel() for shape in shapes.values()])
        weights = {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        return functional_call(model, weights, (x,))

    return nn.utils.parameters_to_vector(model.parameters()).detach(), outputs


def exact_hessian(pair, x, y=None):
    theta, outputs = flat(nn.Sequential(*pair))
    target = x if y is None else y
    return hessian(lambda one: (outputs(one, x) - target).square().mean())(theta).numpy()


def test_the_hessian_of_least_squares_is_that_of_the_inputs():
    affine = nn.Linear(3, 2, bias=False).double()
    x = X[:, :3]
    loss = (affine(x) - x[:, :2]).square().mean()
    product = curvature.hessian_product(loss, list(affine.parameters()))
    columns = torch.stack([product(v) for v in torch.eye(6, dtype=torch.float64)])
    expected = torch.kron(torch.eye(2, dtype=torch.float64), x.T @ x / len(x))  # 2 / outputs = 1
    assert (columns - expected).abs().max() < 1e-14


def test_lanczos_with_as_many_steps_as_parameters_gives_the_exact_spectrum():
    exact = np.linalg.eigvalsh(exact_hessian(PAIR, X))
    values, weights = curvature.loss_spectrum(*PAIR, X, 500, np.random.default_rng(0))
    assert weights.sum() == pytest.approx(1)
    assert (values[0], values[-1]) == pytest.approx((exact[0], exact[-1]), rel=1e-6)
    found = curvature.criteria(values, weights)
    assert found["ratio"] == pytest.approx(abs(exact[0] / exact[-1]), rel=1e-6)
    starts = [curvature.loss_spectrum(*PAIR, X, 60, np.random.default_rng(seed)) for seed in range(200)]
    traces = [len(exact) * float(values @ weights) for values, weights in starts]
    assert np.mean(traces) == pytest.approx(exact.sum(), rel=0.1)


def test_curvature_at_the_outputs_themselves_has_no_negative_part():
    with torch.no_grad():
        y = nn.Sequential(*PAIR)(X)
    values, weights = curvature.loss_spectrum(*PAIR, X, 40, np.random.default_rng(0), y)
    assert values.min() > -1e-9 * values.max()
    kept = values > 1e-9 * values.max()
    assert curvature.criteria(values[kept], weights[kept]) == {"ratio": 0, "negative": 0, "negative_root": 0}


def test_criteria_of_a_known_spectrum():
    found = curvature.criteria(np.array([-1.0, 2.0, 4.0]), np.array([0.25, 0.5, 0.25]))
    assert found == pytest.approx({"ratio": 0.25, "negative": 0.25 / 2, "negative_root": 0.5 / 2})


def test_the_gradient_of_the_outputs_is_that_of_brute_force_and_twice_its_mean_is_the_trace_of_the_hessian():
    theta, outputs = flat(nn.Sequential(*PAIR))
    brute = jacrev(lambda one: outputs(one, X))(theta).square().sum(dim=(1, 2))
    ours = sum(curvature.output_gradient(*PAIR, X, v) for v in torch.eye(6, dtype=torch.float64))
    torch.testing.assert_close(ours, brute, rtol=1e-10, atol=0)
    assert 2 / 6 * float(ours.mean()) == pytest.approx(np.trace(exact_hessian(PAIR, X)), rel=1e-9)
    far = X + 10  # a residual a hundred times as large leaves the trace as it is
    assert np.trace(exact_hessian(PAIR, X, far)) == pytest.approx(np.trace(exact_hessian(PAIR, X)), rel=1e-9)


def test_parameters_are_left_as_they_were():
    pair = tuple(module.requires_grad_(False) for module in build((6, 5, 2), 1))
    curvature.loss_spectrum(*pair, X, 5, np.random.default_rng(0))
    assert not any(parameter.requires_grad for module in pair for parameter in module.parameters())
