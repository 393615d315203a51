"""A claim, its test, and its verdict on a run."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from lib.analysis.intervals import Estimate, NotTestable
from lib.runs import Summary

REPRODUCED, CONTRADICTED, UNDECIDED, NOT_TESTABLE = "reproduced", "contradicted", "undecided", "not testable"
HOLDS, FAILS = "holds", "does not hold"  # of our own claims, which have no original
PAPERS_WORDS, OUR_WORDS = (
    (good, bad, UNDECIDED, NOT_TESTABLE) for good, bad in ((REPRODUCED, CONTRADICTED), (HOLDS, FAILS))
)
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
    """A statement's outcome on one run: `held` of its `estimates` support it; `reproduced` gives them in words."""

    verdict: str
    reproduced: str
    reason: str
    held: int = 0
    estimates: int = 0


def judge_claim(claim: Claim, summary: Summary) -> Verdict:
    """The verdict on a claim by a run: one estimate against it contradicts it; else all have to support it, or it is undecided."""
    stated = {field.name: getattr(claim, field.name) for field in fields(Statement)}
    try:
        parts = claim.parts(summary)
        if not parts:
            raise NotTestable("the run has nothing that the claim speaks of")
    except NotTestable as missing:
        return Verdict(**stated, verdict=NOT_TESTABLE, reproduced="", reason=f"{missing}.")
    held = sum(part.low > 0 for part in parts)
    against = sum(part.high < 0 for part in parts)
    good, bad, *_ = OUR_WORDS if claim.source == OURS else PAPERS_WORDS
    verdict = good if held == len(parts) else bad if against else UNDECIDED
    reason = f"{held} of {len(parts)} hold"
    if verdict != good:
        reason += f", {against} contradicted, {len(parts) - held - against} undecided"
    counts = {"held": held, "estimates": len(parts)}
    return Verdict(**stated, verdict=verdict, reproduced=_in_numbers(parts), reason=f"{reason}.", **counts)


def _in_numbers(parts: list[Estimate]) -> str:
    """All parts where they are few, else the one that supports the claim least, and the one that does most."""
    few = len(parts) <= 3
    ordered = parts if few else sorted(parts, key=lambda part: part.estimate)
    texts = [f"{part} (claimed: {part.claimed})" for part in ordered]
    if len({part.claimed for part in parts}) == 1:
        texts = [*map(str, ordered[:-1]), texts[-1]]
    return "; ".join(texts) if few else f"least support: {texts[0]}; most: {texts[-1]}"
