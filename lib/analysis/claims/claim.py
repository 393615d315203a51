"""A claim, its test, and its verdict on a run."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from lib.analysis.intervals import Estimate, NotTestable
from lib.runs import Summary

REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE = "reproduced", "not reproduced", "not testable here"
HOLDS, FAILS = "holds", "does not hold"  # of our own claims, which have no original
OURS = "this book"

Test = Callable[[Summary], list[Estimate]]


@dataclass(frozen=True)
class Statement:
    """A claim of the paper (`lib.analysis.published.PublishedClaim`) or of ours (source `OURS`), and its tolerance."""

    id: str
    statement: str
    source: str
    page: str
    published: str
    tolerance: str


@dataclass(frozen=True)
class Claim(Statement):
    """A statement, and how it is tested."""

    parts: Test


@dataclass(frozen=True)
class Verdict(Statement):
    """A statement's outcome on one run; `reproduced` gives the estimates, `contradicted` whether one of them contradicts it."""

    verdict: str
    reproduced: str
    reason: str
    contradicted: bool = False


def judge_claim(claim: Claim, summary: Summary) -> Verdict:
    """The verdict on a claim by a run: all of its parts have to hold."""
    stated = {field.name: getattr(claim, field.name) for field in fields(Statement)}
    try:
        parts = claim.parts(summary)
        if not parts:
            raise NotTestable("the run has nothing that the claim speaks of")
    except NotTestable as missing:
        return Verdict(**stated, verdict=NOT_TESTABLE, reproduced="", reason=f"{missing}.")
    held = sum(part.low > 0 for part in parts)
    against = sum(part.high < 0 for part in parts)
    good, bad = (HOLDS, FAILS) if claim.source == OURS else (REPRODUCED, NOT_REPRODUCED)
    verdict = good if held == len(parts) else bad
    reason = f"{held} of {len(parts)} hold"
    if verdict == bad:
        reason += f", {against} contradicted, {len(parts) - held - against} undecided"
    return Verdict(
        **stated, verdict=verdict, reproduced=_in_numbers(parts), reason=f"{reason}.", contradicted=against > 0
    )


def _in_numbers(parts: list[Estimate]) -> str:
    """All parts where they are few, else the smallest and the largest."""
    if len(parts) <= 3:
        return "; ".join(map(str, parts))
    ordered = sorted(parts, key=lambda part: part.estimate)
    return f"from {ordered[0]} to {ordered[-1]}"
