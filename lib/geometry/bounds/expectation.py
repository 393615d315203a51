r"""Statements on expectations under Gaussian noise, by Monte Carlo; z-scores replace the slack."""

import torch
from torch import Tensor, nn

from lib.geometry.bounds.check import Check
from lib.geometry.jacobians import cores

CRITICAL = 5.0  # standard errors: a true statement exceeds this once in two million z-scores


def stein(
    encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, spread: float, draws: int, generator: torch.Generator
) -> tuple[Check, Check]:
    r"""Stein's identity and its lower bound, at points x (P, N) with v ~ N(0, s^2 I), s = `spread`, of any size.

    Identity: E|r(x + v)|^2 = E|f(x + v) - x|^2 + N s^2 - 2 s^2 E tr J(x + v) (Stein 1981), here as the z-score of
    mean(v . (f(x + v) - x) - s^2 tr J(x + v)), whose expectation is 0. Lower bound: E|r(x + v)|^2 >= |E r(x + v)|^2 +
    s^2 (N - E tr J)^2 / N, from the same draws (the means of r and tr J in place of their expectations).
    """
    scores, bounds, errors, noise = [], [], [], []
    dim = x.shape[1]
    for point in x:
        v = spread * torch.randn((draws, dim), generator=generator, dtype=torch.float64).to(x.device)
        with torch.no_grad():
            output = decoder(encoder(point + v))
        trace = cores(encoder, decoder, point + v).input.diagonal(dim1=1, dim2=2).sum(dim=1)
        residual = output - point - v
        gap = (v * (output - point)).sum(dim=1) - spread**2 * trace
        scores.append(gap.mean() / (gap.std() / draws**0.5).clamp(min=torch.finfo(gap.dtype).tiny))
        mean = residual.mean(dim=0)
        bias = residual.var(dim=0).sum() / draws  # the expectation of |mean|^2 - |E r|^2
        bounds.append(mean.square().sum() - bias + spread**2 * (dim - trace.mean()) ** 2 / dim)
        squared = residual.square().sum(dim=1)
        errors.append(squared.mean())
        noise.append(squared.std() / draws**0.5)
    scores, bounds, errors, noise = (torch.stack(values) for values in (scores, bounds, errors, noise))
    everywhere = torch.ones(len(x), dtype=torch.bool, device=x.device)
    return (
        Check(
            "Stein, z-score",
            "identity",
            torch.zeros_like(scores),
            scores,
            CRITICAL * torch.ones_like(scores),
            everywhere,
        ),
        Check("Stein, lower", "lower", bounds, errors, CRITICAL * noise, everywhere),
    )
