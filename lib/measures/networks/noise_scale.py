r"""Sharpness: 1/sigma^2, sigma the standard deviation of a noise in the parameters that raises the training error by 10 %.

The error is the mean over ten draws, the same for every sigma, and over 256 training images. `noise_scale`: equal noise in
all parameters; `noise_scale_magnitude`: a parameter p has noise sigma (|p| + 1e-3). Without a unit. Source: Jiang et al. (2020);
the constants of the code of Dziugaite et al. (2020).
"""

import numpy as np
import torch
from scipy.optimize import brentq
from torch import nn
from torch.func import functional_call, vmap

from lib.measures.protocol import TRAINING, WEIGHTS, Measure, Subject, drawn

DRAWS, RISE, LEAST_MAGNITUDE = 10, 0.1, 1e-3
NOISE_IMAGES = 256  # training images, chosen at random, at which the error is taken
STARTS = 0.02, 2.0  # a sigma to start from, and the factor by which it moves until it brackets the rise


@torch.no_grad()
def tolerated_noise(subject: Subject, magnitude: bool) -> float:
    """sigma, at which the mean error over the draws is 1.1 times that without noise, to a thousandth."""
    model = nn.Sequential(*subject.pair)
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
    dtype = next(iter(weights.values())).dtype
    draw, images = subject.generator(), subject.training.images
    images = images[drawn(images.numpy(), NOISE_IMAGES, draw)].to(dtype)
    noise = {}
    for name, weight in weights.items():
        normal = torch.from_numpy(draw.standard_normal((DRAWS, *weight.shape))).to(dtype)
        noise[name] = normal * (weight.abs() + LEAST_MAGNITUDE) if magnitude else normal

    def error(sigma: float) -> float:
        noisy = {name: weight + sigma * noise[name] for name, weight in weights.items()}
        outputs = vmap(lambda one: functional_call(model, one, images))(noisy)
        return float((outputs - images).square().mean(dtype=torch.float64))

    before = error(0)

    def above(log: float) -> float:
        return error(np.exp(log)) / before - 1 - RISE

    low = high = np.log(STARTS[0])
    while above(low) > 0:
        low, high = low - np.log(STARTS[1]), low
    while above(high) < 0:
        low, high = high, high + np.log(STARTS[1])
    return float(np.exp(brentq(above, low, high, xtol=1e-3)))


noise_scale, noise_scale_magnitude = (
    Measure(
        name,
        label,
        lambda subject, magnitude=magnitude: tolerated_noise(subject, magnitude) ** -2,
        needs=(WEIGHTS, TRAINING),
        cost=lambda sizes: 16 * DRAWS * NOISE_IMAGES * sizes.encoder,
        level="network",
        source="jiang2020",
        sees_error=True,
        orthogonal=False,
    )
    for name, label, magnitude in (
        ("noise_scale", r"sharpness $1/\sigma^2$", False),
        ("noise_scale_magnitude", r"sharpness relative to weights $1/\sigma'^2$", True),
    )
)
