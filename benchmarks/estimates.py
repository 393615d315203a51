"""Error of the estimates of trace and log volume against the passes they take, beside the exact cores of the same network."""

import time
from typing import Any

import torch
from torch import nn

from benchmarks.timing import environment
from lib.geometry.estimates import estimates
from lib.geometry.jacobians import cores
from lib.geometry.spectra import log_volume, trace

PASSES = (80, 320, 1280)
POINTS = 8


def pair(channels: int) -> tuple[nn.Module, nn.Module]:
    """An untrained convolutional autoencoder of images (3, 32, 32) with d = 64 `channels`, in float64."""
    torch.manual_seed(0)
    encoder = [nn.Conv2d(3, 16, 4, 2, 1), nn.SiLU(), nn.Conv2d(16, channels, 4, 2, 1)]
    decoder = [nn.ConvTranspose2d(channels, 16, 4, 2, 1), nn.SiLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1)]
    return nn.Sequential(*encoder).double().eval(), nn.Sequential(*decoder).double().eval()


def estimated(rounds: int = 5) -> dict[str, Any]:
    """For d = 64 and 256 and each number of passes: the root mean square errors over points and `rounds` seeds, beside the stated.

    `seconds`: of all points, the least of the rounds; `exact_passes`: 4 d.
    """
    result: dict[str, Any] = {"environment": environment()}
    for channels in (1, 4):
        encoder, decoder = pair(channels)
        x = torch.rand(POINTS, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        started = time.perf_counter()
        exact = cores(encoder, decoder, x).input
        spent, latent_dim = time.perf_counter() - started, exact.shape[1]
        truth = {"trace": trace(exact), "log_volume": log_volume(exact)[1]}
        result[f"exact, d = {latent_dim}"] = {"passes": 4 * latent_dim, "seconds": spent} | {
            f"mean_{name}": float(values.mean()) for name, values in truth.items()
        }
        for passes in PASSES:
            seconds, found = [], []
            for seed in range(rounds):
                started = time.perf_counter()
                found.append(estimates(encoder, decoder, x, passes, seed))
                seconds.append(time.perf_counter() - started)
            values: dict[str, Any] = {"passes": passes, "seconds": min(seconds)}
            for name, right in truth.items():
                errors = torch.stack([getattr(one, name) - right for one in found])
                stated = torch.stack([getattr(one, f"{name}_error") for one in found])
                values[f"{name}_error"] = float(errors.square().mean().sqrt())
                values[f"{name}_error_stated"] = float(stated.square().mean().sqrt())
            values["resolved"] = float(torch.stack([one.resolved for one in found]).double().mean())
            result[f"estimates, d = {latent_dim}, {passes} passes"] = values
    return result
