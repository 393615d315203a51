"""The result of testing a statement at points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

ROUNDING = 1e-10  # rounding in float64, relative to the lengths compared

BoundKind = Literal["lower", "upper", "identity"]


@dataclass(frozen=True)
class Check:
    """A statement at P points: `bound` <= `actual` ("lower"), `actual` <= `bound` ("upper"), or equality ("identity").

    `bound`, `actual` (P,); `tolerance` (P,), the difference that rounding can cause (for expectations: chance); `applies`
    (P,) bool, where the assumption of the statement holds (everywhere without an assumption). A bound may be infinite
    (vacuous), but not NaN.
    """

    name: str
    kind: BoundKind
    bound: Tensor
    actual: Tensor
    tolerance: Tensor
    applies: Tensor

    @property
    def slack(self) -> Tensor:
        """The margin (P,) by which the bound holds, negative where it is broken; for an identity -|bound - actual|."""
        if self.kind == "identity":
            return -(self.actual - self.bound).abs()
        return self.actual - self.bound if self.kind == "lower" else self.bound - self.actual

    @property
    def broken(self) -> Tensor:
        """Where the statement fails by more than the tolerance, (P,) bool, whether or not its assumption holds."""
        # The negation counts NaN as broken.
        return ~(self.slack >= -self.tolerance)

    @property
    def violations(self) -> int:
        """The number of points at which the assumption holds and the statement is broken."""
        return int((self.broken & self.applies).sum())

    @property
    def broken_without(self) -> int:
        """The number of points at which the assumption does not hold and the statement is broken."""
        return int((self.broken & ~self.applies).sum())

    @property
    def tightness(self) -> Tensor:
        """bound / actual (P,); 1 if both are equal, including 0."""
        return torch.where(self.actual == self.bound, 1.0, self.bound / self.actual)

    @property
    def vacuous(self) -> Tensor:
        """Where the bound carries no information, (P,) bool: a lower bound of 0 for a positive value, an infinite upper bound."""
        if self.kind == "lower":
            return (self.bound <= self.tolerance) & (self.actual > self.tolerance)
        return torch.isinf(self.bound) & (self.kind == "upper")


def check(
    name: str, kind: BoundKind, bound: Tensor, actual: Tensor, scale: Tensor, applies: Tensor | None = None
) -> Check:
    """A `Check` that applies everywhere by default; `scale` (P,), the size of the terms subtracted in its computation."""
    everywhere = torch.ones(actual.shape, dtype=torch.bool, device=actual.device)
    tolerance = ROUNDING * (scale + actual.abs())
    return Check(name, kind, bound, actual, tolerance, everywhere if applies is None else applies)


def joined(parts: Sequence[Check]) -> Check:
    """Concatenate the checks of a statement at several sets of points."""
    tensors = {
        name: torch.cat([getattr(part, name) for part in parts]) for name in ("bound", "actual", "tolerance", "applies")
    }
    return Check(parts[0].name, parts[0].kind, **tensors)
