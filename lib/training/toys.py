"""Small networks for the pages on theory: an autoencoder of the plane, and an autoencoder with tied weights."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from lib.geometry.jacobians import cores
from lib.training.autoencoders import Pair, build

STEPS = 1_500
STEPS_TIED = 500


def arc(points: int = 120, noise: float = 0.06, seed: int = 0) -> Tensor:
    """Noisy points (P, 2), float64, on three quarters of a circle of radius 1."""
    draw = torch.Generator().manual_seed(seed)
    angle = 1.5 * torch.pi * torch.rand(points, generator=draw, dtype=torch.float64)
    return torch.stack([angle.cos(), angle.sin()], dim=1) + noise * torch.randn(
        (points, 2), generator=draw, dtype=torch.float64
    )


def plane_autoencoder(images: Tensor, seed: int = 3) -> Pair:
    """A ReLU pair of widths 2-10-1-10-2, float64, trained with Adam on points of the plane (P, 2), full batch."""
    encoder, decoder = (module.double() for module in build((2, 10, 1), seed, "he"))
    parameters = [*encoder.parameters(), *decoder.parameters()]
    _minimise(parameters, lambda: (decoder(encoder(images)) - images).square().mean(), STEPS)
    return encoder, decoder


def tied_autoencoder(images: Tensor, latent_dim: int, seed: int = 0) -> Pair:
    """f(x) = W^T relu(W x + b) + c, float64, trained with Adam on images (P, N), as a plain pair.

    Its secant Jacobian between any two points is W^T M W, M diagonal and non-negative: symmetric, hence normal.
    """
    draw = torch.Generator().manual_seed(seed)
    scale = images.shape[1] ** -0.5
    weight = (scale * torch.randn((latent_dim, images.shape[1]), generator=draw, dtype=torch.float64)).requires_grad_()
    inner = torch.zeros(latent_dim, dtype=torch.float64, requires_grad=True)
    outer = images.mean(dim=0).clone().requires_grad_()

    def loss() -> Tensor:
        return (torch.relu(images @ weight.T + inner) @ weight + outer - images).square().mean()

    _minimise([weight, inner, outer], loss, STEPS_TIED)
    first = nn.Linear(images.shape[1], latent_dim, dtype=torch.float64)
    last = nn.Linear(latent_dim, images.shape[1], dtype=torch.float64)
    first.load_state_dict({"weight": weight.detach(), "bias": inner.detach()})
    last.load_state_dict({"weight": weight.detach().T, "bias": outer.detach()})
    return nn.Sequential(first, nn.ReLU()), nn.Sequential(last)


def _minimise(parameters: list[Tensor], loss: Callable[[], Tensor], steps: int) -> None:
    adam = torch.optim.Adam(parameters, lr=1e-2)
    for _ in range(steps):
        adam.zero_grad()
        loss().backward()
        adam.step()


def shifted_decoder(decoder: nn.Sequential, by: Tensor) -> nn.Sequential:
    """The decoder plus a constant shift (N,): the Jacobian J_I of the autoencoder stays the same at every point."""
    last = decoder[-1]
    assert isinstance(last, nn.Linear)
    moved = nn.Linear(last.in_features, last.out_features, dtype=by.dtype)
    moved.load_state_dict({"weight": last.weight.detach(), "bias": (last.bias + by).detach()})
    return nn.Sequential(*list(decoder)[:-1], moved)


def field(pair: Pair, size: int = 121, reach: float = 1.6) -> dict[str, np.ndarray]:
    """An autoencoder of the plane on a square grid.

    `ticks` (size,); `error` |r(x)| and `eigenvalue` (the 1 x 1 core), both (size, size); `units` (hidden units, size, size),
    the preactivation of each ReLU of encoder and decoder, which is 0 where the unit switches.
    """
    encoder, decoder = pair
    ticks = torch.linspace(-reach, reach, size, dtype=torch.float64)
    x = torch.cartesian_prod(ticks, ticks)[:, [1, 0]]
    result, units, h = cores(encoder, decoder, x), [], x
    with torch.no_grad():
        for module in (*encoder, *decoder):
            if isinstance(module, nn.ReLU):
                units.append(h.T.reshape(-1, size, size).numpy())
            h = module(h)
    assert result.mse is not None
    error = (2 * result.mse).sqrt().reshape(size, size).numpy()
    return {
        "ticks": ticks.numpy(),
        "error": error,
        "eigenvalue": result.input.reshape(size, size).numpy(),
        "units": np.concatenate(units),
    }


def decoded_curve(pair: Pair, images: Tensor, points: int = 400) -> np.ndarray:
    """Points (points, 2) of the decoded manifold D(L), over the range of the codes of images (P, 2) and 30 % beyond."""
    encoder, decoder = pair
    with torch.no_grad():
        codes = encoder(images)
        ends = codes.min() - 0.3 * (codes.max() - codes.min()), codes.max() + 0.3 * (codes.max() - codes.min())
        return decoder(torch.linspace(*map(float, ends), points, dtype=images.dtype)[:, None]).numpy()
