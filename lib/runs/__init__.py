"""Runs: specifications (runs/NAME.yml), their execution, and what they leave behind.

`read` validates a specification, `ensure` trains and measures what is missing of it (by `lib.runs.execution`),
`summary` loads the result; `member` and `measurements` give one trained autoencoder and its per-point table.
"""

from lib.runs.manifests import manifest
from lib.runs.results import (
    Summary,
    ensure,
    followed,
    listed,
    live,
    matching,
    measurements,
    member,
    piecewise_affine,
    spread,
    summary,
    summary_digest,
    summary_files,
    why_absent,
)
from lib.runs.specification import Member, Run, checked_members, members, names, read

__all__ = [
    "Member",
    "Run",
    "Summary",
    "checked_members",
    "ensure",
    "followed",
    "listed",
    "live",
    "manifest",
    "matching",
    "measurements",
    "member",
    "members",
    "names",
    "piecewise_affine",
    "read",
    "spread",
    "summary",
    "summary_digest",
    "summary_files",
    "why_absent",
]
