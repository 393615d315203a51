r"""The curvature of the loss in parameter space: Ritz values of the Hessian, and the gradient of the outputs.

The loss is L(theta) = mean over points and outputs of (f(x) - y)^2. `spectrum` runs Lanczos' method with full
reorthogonalisation: Ritz values l and weights w that stand for the spectrum of the Hessian H, tr H = size * sum l w. The
criteria of Gabdullin (2024): r_e = |l_min / l_max|, and K^n = sum over l < 0 of |l w|^n / sum over l > 0 of (l w)^n.

f is piecewise affine in each single weight of a ReLU network. So the second derivative of f along a weight is 0, and almost
everywhere the trace is that of the Gauss-Newton matrix: tr H = 2/N mean |df/dtheta|_F^2, whatever the residual.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

Linear = Callable[[Tensor], Tensor]  # v (size,) -> H v


def hessian_product(loss: Tensor, parameters: Sequence[Tensor]) -> Linear:
    """The map v -> H v for the Hessian H of a scalar `loss` with respect to `parameters`, by double backpropagation."""
    gradient = parameters_to_vector(torch.autograd.grad(loss, parameters, create_graph=True))

    def product(v: Tensor) -> Tensor:
        return parameters_to_vector(torch.autograd.grad(gradient, parameters, v.to(gradient.dtype), retain_graph=True))

    return product


def spectrum(product: Linear, size: int, steps: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ritz values (steps,), rising, and weights (steps,) that sum to 1, of a symmetric map, from a Rademacher start.

    Fewer than `steps` where the Krylov space is exhausted.
    """
    basis = torch.zeros(min(steps, size), size, dtype=torch.float64)
    diagonal, beside = [], []
    v = torch.from_numpy(draw.choice([-1.0, 1.0], size)) / size**0.5
    for step in range(len(basis)):
        basis[step] = v
        w = product(v).double()
        diagonal.append(float(w @ v))
        done = basis[: step + 1]
        for _ in range(2):  # once is not enough in finite precision
            w = w - done.mT @ (done @ w)
        length = float(w.norm())
        if length < 1e-10 * max(map(abs, diagonal)):
            break
        beside.append(length)
        v = w / length
    rest = beside[: len(diagonal) - 1]
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(rest, 1) + np.diag(rest, -1))
    return values, vectors[0] ** 2


def criteria(values: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """`ratio`: r_e; `negative`: K^1; `negative_root`: K^(1/2), which grows with the number of steps."""
    share = values * weights
    below, above = -share[values < 0], share[values > 0]
    powers = {"negative": 1.0, "negative_root": 0.5}
    ratio = abs(values.min() / values.max()) if len(below) else 0.0
    return {"ratio": ratio} | {name: float((below**n).sum() / (above**n).sum()) for name, n in powers.items()}


def loss_spectrum(
    encoder: nn.Module, decoder: nn.Module, x: Tensor, steps: int, draw: np.random.Generator, y: Tensor | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The `spectrum` of the Hessian of the loss at points x (points, N) with targets y (default: x)."""
    model = nn.Sequential(encoder, decoder)
    parameters = list(model.parameters())
    with torch.enable_grad():
        frozen = [parameter.requires_grad for parameter in parameters]
        model.requires_grad_()
        loss = (model(x.to(parameters[0].dtype)) - (x if y is None else y)).square().mean()
        product = hessian_product(loss, parameters)
        found = spectrum(product, sum(parameter.numel() for parameter in parameters), steps, draw)
        for parameter, before in zip(parameters, frozen, strict=True):
            parameter.requires_grad_(before)
    return found


def output_gradient(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, v: Tensor) -> Tensor:
    """|d(v . f(x))/d theta|^2 (points,) for chains of affine layers and activations; x (points, N), v (N,) or (points, N).

    sum over layers of |d(v . f)/dh|^2 (|a|^2 + 1), with a the layer's input and h its output. Over an orthonormal basis of
    v it sums to |df/dtheta|_F^2; its mean over random signs v is the same.
    """
    inputs, outputs = [], []
    h = x.to(next(encoder.parameters()).dtype)
    with torch.enable_grad():
        for layer in [*encoder, *decoder]:
            a, h = h, layer(h)
            if isinstance(layer, nn.Linear):
                h = h if h.requires_grad else h.requires_grad_()
                inputs.append(a)
                outputs.append(h)
        gradients = torch.autograd.grad(h, outputs, v.to(h.dtype).expand_as(h))
    sizes = [a.detach().square().sum(dim=1) + 1 for a in inputs]
    return sum((g.square().sum(dim=1) * size for g, size in zip(gradients, sizes, strict=True)), torch.zeros(len(x)))
