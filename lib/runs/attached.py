"""Results that are computed once for a member and kept beside its summary: MEMBER.KIND.json.gz.

The bounds and the detection of strange images are such results. A caller describes one by a `Kind`, and gets its rows
by `load_attached` (what is there) or `load_or_compute`. Whatever lies attached is packed, hashed and checked with the run
(`lib.runs.store.attached_paths`); no list of kinds has to be kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lib.base import files
from lib.base.digests import code_digest
from lib.base.errors import InputError
from lib.base.files import corrupt_file_error, display_path
from lib.runs import results, store
from lib.runs.specification import Member, Run

if TYPE_CHECKING:
    from lib.training.datasets import Dataset


@dataclass(frozen=True)
class Kind:
    """A sort of attached result: its name in the file's name, its columns with their types, and the modules it is computed by."""

    name: str
    columns: Mapping[str, type]
    code: tuple[str, ...]


def load_attached(run: Run, member: Member, kind: Kind) -> pd.DataFrame | None:
    """The rows attached to a member; None where there are none, or where they are out of date and may be computed again.

    They are valid for the run's digest, the digest of its data and, unless the run is committed, the digest of `kind.code`.
    Raises `InputError` for a damaged file, and for a committed one that belongs to another specification or other data.
    """
    path = store.attached_path(run, member, kind.name)
    if not path.exists():
        return None
    content = store.load_summary(path)
    outdated = _outdated(run, member, kind, content)
    if outdated and run.committed:
        raise corrupt_file_error(path, outdated)
    if outdated:
        return None
    try:
        (rows,) = content["tables"].values()
        return pd.DataFrame(rows)[list(kind.columns)].astype(dict(kind.columns))
    except (KeyError, TypeError, ArithmeticError, AttributeError, ValueError) as error:
        raise corrupt_file_error(path, error) from error


def load_or_compute(
    run: Run,
    member: Member,
    kind: Kind,
    compute: Callable[["Dataset"], pd.DataFrame],
    whole: Callable[[pd.DataFrame], bool] = lambda rows: True,
) -> pd.DataFrame | None:
    """The rows attached to a member, computed from the run's data set and written first where `load_attached` gives none,
    or gives some that are not `whole`.

    The member is trained where it is missing. What is there of a committed run without weights to compute them from: None
    or rows. Raises `InputError` where the data set is no longer the one that the member was measured on.
    """
    rows = load_attached(run, member, kind)
    if (rows is not None and whole(rows)) or (run.committed and not store.weights_path(run, member).exists()):
        return rows
    # Training takes the run's lock itself, so it has to be over before the lock is taken here.
    results.member(run.name, member.depth, member.latent_dim, member.seed)
    with store.only_process(run):
        rows = load_attached(run, member, kind)  # another process may have computed them while this one waited
        if rows is None or not whole(rows):
            dataset, summary = run.load_dataset(), store.summary_path(run, member)
            if _data_digest(summary, member) != dataset.sha256:
                raise InputError(
                    f"{display_path(summary)} was computed from other data than the data set {run.dataset} now holds; "
                    "restore the data set, or delete the summary and run again."
                )
            computed = compute(dataset)
            if rows is not None and computed.equals(rows):  # no more can be had here
                return rows
            content = {
                "run": run.digest,
                "data": dataset.sha256,
                "code": code_digest(kind.code),
                # JSON has no NaN.
                "tables": {kind.name: computed.astype(object).where(computed.notna(), None).to_dict("list")},
            }
            files.write(store.attached_path(run, member, kind.name), store.encoded_summary(content))
            rows = load_attached(run, member, kind)
    return rows


def _outdated(run: Run, member: Member, kind: Kind, content: Mapping[str, Any]) -> str:
    """Why an attached result is not valid for this run, as a clause; empty where it is valid."""
    if content["run"] != run.digest:
        return "it belongs to another specification of the run"
    # The first committed files name no data set: theirs is the summary's, with which they were committed.
    if "data" in content and content["data"] != _data_digest(store.summary_path(run, member), member):
        return "it was computed from other data than the summary beside it"
    if not run.committed and content["code"] != code_digest(kind.code):
        return "it was computed by other code"
    return ""


def _data_digest(summary: Path, member: Member) -> str | None:
    """The digest of the data that a member was measured on; None where it has no summary."""
    return store.load_summary(summary, member)["data"] if summary.exists() else None
