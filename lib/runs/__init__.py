"""Runs: specifications (runs/NAME.yml), their execution, and what they leave behind.

`read` validates a specification, `ensure` trains and measures what is missing of it (by `lib.runs.execution`),
`summary` loads the result; `member` and `measurements` give one trained autoencoder and its per-point table.
"""

from lib.runs.results import (
    Summary,
    ensure,
    evenly_spaced,
    first_trainable,
    measurements,
    member,
    missing_reason,
    parse_names,
    piecewise_affine,
    select_rows,
    summary,
    summary_digest,
    summary_files,
    summary_of,
    with_snapshots,
)
from lib.runs.specification import Member, Run, members, names, read, reference_members, validated
from lib.runs.store import manifest
