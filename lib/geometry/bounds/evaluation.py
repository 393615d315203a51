"""All statements at all points of a trained pair, and the table of results."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lib.geometry.bounds.between import BETWEEN, SECOND_APPLICATION
from lib.geometry.bounds.check import Check, joined
from lib.geometry.bounds.expectation import stein
from lib.geometry.bounds.pointwise import LOCAL, local, region_flips
from lib.geometry.bounds.secants import secant

CHUNK = 512  # points computed together: their (N, d) matrices stay in the cache
STEIN_POINTS, STEIN_SPREAD, STEIN_DRAWS = 20, 0.2, 1_000
SQUARE = ("core_identity", "neighbourhood_identity", "tangential_identity")
EXPLICIT = 100  # statements that form an (N, N) matrix are checked where N is at most this


def evaluate(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, anchors: Tensor, seed: int = 0) -> list[Check]:
    """All statements at points x (P, N), float64; statements between two points use `anchors` (P, N) as second points.

    Statements on expectations are checked at the first 20 points, by Monte Carlo; `seed` fixes the draws. Statements
    that form N x N matrices (`SQUARE` and `region_flips`) are left out for N > 100.
    """
    generator = torch.Generator().manual_seed(seed)
    small = x.shape[1] <= EXPLICIT
    at_point = [statement for statement in LOCAL if small or statement.__name__ not in SQUARE]
    by_name: dict[str, list[Check]] = {}
    for part, part_anchors in zip(x.split(CHUNK), anchors.split(CHUNK), strict=True):
        with torch.no_grad():
            image = decoder(encoder(part))
            at_x, between = local(encoder, decoder, part), secant(encoder, decoder, part, part_anchors)
            again = secant(encoder, decoder, image, part)
            checks = [statement(at_x) for statement in at_point]
            checks += [region_flips(at_x)] if small else []
            checks += [statement(between) for statement in BETWEEN]
            checks += [statement(again) for statement in SECOND_APPLICATION]
        for check in checks:
            by_name.setdefault(check.name, []).append(check)
    checks = [joined(parts) for parts in by_name.values()]
    return [*checks, *stein(encoder, decoder, x[:STEIN_POINTS], STEIN_SPREAD, STEIN_DRAWS, generator)]


def statement_table(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """A row per statement: the numbers of points, of points where it applies, of violations, and of failures elsewhere.

    `tightness_q05`, `tightness_median`, `tightness_q95`: quantiles of bound / actual over the points where the statement
    applies and the actual value exceeds rounding (None without such points, and for identities); `vacuous`: the share of
    points at which the bound carries no information.
    """
    return [
        {
            "statement": check.name,
            "kind": check.kind,
            "points": len(check.actual),
            "applies": int(check.applies.sum()),
            "violations": check.violations,
            "broken_without": check.broken_without,
            "largest_error": float((-check.slack)[check.applies].max())
            if check.kind == "identity" and check.applies.any()
            else None,
            **dict(zip(("tightness_q05", "tightness_median", "tightness_q95"), _tightness(check), strict=True)),
            "vacuous": float(check.vacuous.double().mean()),
        }
        for check in checks
    ]


def _tightness(check: Check) -> list[float | None]:
    chosen = check.applies & (check.actual > check.tolerance) & torch.isfinite(check.bound)
    if check.kind == "identity" or not chosen.any():
        return [None] * 3
    return [float(value) for value in np.quantile(check.tightness[chosen].cpu().numpy(), [0.05, 0.5, 0.95])]
