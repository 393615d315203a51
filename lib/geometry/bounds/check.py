"""A statement held against every point."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

ROUNDING = 1e-10  # relative to the lengths compared: what float64 may be off by

Kind = Literal["lower", "upper", "identity"]


@dataclass(frozen=True)
class Check:
    """A statement at P points: `bound` <= `actual` ("lower"), `actual` <= `bound` ("upper"), or equality ("identity").

    `bound`, `actual` (P,); `tolerance` (P,), what rounding may do to their difference (of an expectation: chance);
    `applies` (P,) bool, where the statement's assumption holds (everywhere where it has none). A bound may be infinite
    (vacuous), never NaN.
    """

    name: str
    kind: Kind
    bound: Tensor
    actual: Tensor
    tolerance: Tensor
    applies: Tensor

    @property
    def slack(self) -> Tensor:
        """How far on the right side of the bound, (P,): negative where it is broken; of an identity -|bound - actual|."""
        if self.kind == "identity":
            return -(self.actual - self.bound).abs()
        return self.actual - self.bound if self.kind == "lower" else self.bound - self.actual

    @property
    def broken(self) -> Tensor:
        """Where the inequality or identity fails by more than the tolerance, (P,) bool, its assumption met or not."""
        return ~(self.slack >= -self.tolerance)

    @property
    def violations(self) -> int:
        """At how many points the statement is false: its assumption holds, and it is broken."""
        return int((self.broken & self.applies).sum())

    @property
    def broken_without(self) -> int:
        """At how many points it is broken where its assumption does not hold: what applying it regardless would cost."""
        return int((self.broken & ~self.applies).sum())

    @property
    def tightness(self) -> Tensor:
        """bound / actual (P,); 1 where they are equal, as where both are 0."""
        return torch.where(self.actual == self.bound, 1.0, self.bound / self.actual)

    @property
    def vacuous(self) -> Tensor:
        """Where the bound says nothing, (P,) bool: a lower bound of 0 where the actual value is not, an infinite upper bound."""
        if self.kind == "lower":
            return (self.bound <= self.tolerance) & (self.actual > self.tolerance)
        return torch.isinf(self.bound) & (self.kind == "upper")


def check(name: str, kind: Kind, bound: Tensor, actual: Tensor, scale: Tensor, applies: Tensor | None = None) -> Check:
    """A `Check` that applies everywhere unless told where; `scale` (P,), the size of what was subtracted on the way."""
    everywhere = torch.ones(actual.shape, dtype=torch.bool, device=actual.device)
    tolerance = ROUNDING * (scale + actual.abs())
    return Check(name, kind, bound, actual, tolerance, everywhere if applies is None else applies)


def joined(parts: Sequence[Check]) -> Check:
    """The checks of one statement at several sets of points, as one."""
    tensors = {
        name: torch.cat([getattr(part, name) for part in parts]) for name in ("bound", "actual", "tolerance", "applies")
    }
    return Check(parts[0].name, parts[0].kind, **tensors)
