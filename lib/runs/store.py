"""Where a run's files lie, and how each is checked before it is used.

(`GEOMETRY_ARTIFACTS` and `GEOMETRY_RESULTS` name other folders than artifacts/ and results/, from the project's root.)

    artifacts/NAME/DIGEST/MEMBER.safetensors   weights, with the digest of the code that trained them
    artifacts/NAME/DIGEST/MEMBER-eEPOCH.safetensors   weights after that epoch, where the run asks for snapshots
    artifacts/NAME/DIGEST/MEMBER.parquet       the per-point table
    artifacts/NAME/DIGEST/MEMBER.json.gz       the summary (of a kept run: results/NAME/MEMBER.json.gz)
    artifacts/NAME/DIGEST/MEMBER.KIND.json.gz  a result computed later and attached (`lib.runs.attached`; likewise)
    artifacts/NAME/DIGEST/MEMBER.diverged.json  in place of all these: its loss was no longer finite (likewise)

The digest in the path is the run's, so a changed specification never meets old files. A file carries a checksum or a
digest of what it was made from; one that does not match is refused by name. Weights are read in `lib.training.weights`.
"""

import gzip
import io
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from lib.base import files, untrusted
from lib.base.digests import code_digest
from lib.base.errors import InputError
from lib.base.files import corrupt_file_error, display_path
from lib.base.usercode import reason
from lib.runs.specification import Member, Run, members

if TYPE_CHECKING:
    from lib.training.datasets import Dataset

TRAINED_BY = ("lib.training.datasets", "lib.training.autoencoders", "lib.training.loop")
MEASURED_BY = ("lib.measures.point_table", "lib.measures.summaries")
PLAIN_COLUMNS = 22  # of a per-point table, beside the 4 d of its eigenvalues
KIND = re.compile(r"[a-z][a-z0-9_-]*")  # no dot, which separates it from the member's name
ARTIFACTS = files.ROOT / (os.environ.get("GEOMETRY_ARTIFACTS") or "artifacts")
RESULTS = files.ROOT / (os.environ.get("GEOMETRY_RESULTS") or "results")


def folder(run: Run) -> Path:
    """The run's folder of artifacts."""
    return ARTIFACTS / run.name / run.digest[:12]


def weights_path(run: Run, member: Member, epoch: int | None = None) -> Path:
    """Where a member's weights lie: the trained ones, or those after one of the run's `snapshots`."""
    return folder(run) / f"{member.name}{'' if epoch is None else f'-e{epoch}'}.safetensors"


def points_path(run: Run, member: Member) -> Path:
    """Where a member's per-point table lies."""
    return folder(run) / f"{member.name}.parquet"


def summary_path(run: Run, member: Member) -> Path:
    """Where a member's summary lies."""
    return (RESULTS / run.name if run.committed else folder(run)) / f"{member.name}.json.gz"


def attached_path(run: Run, member: Member, kind: str) -> Path:
    """The path of a result attached to a member, beside its summary."""
    if not KIND.fullmatch(kind):
        raise InputError(f"{kind!r} cannot name an attached result; use a-z, 0-9, _ and hyphens.")
    return summary_path(run, member).with_name(f"{member.name}.{kind}.json.gz")


def attached_paths(run: Run) -> list[Path]:
    """The results attached to a run's members, of whatever kind, by member and kind."""
    folder = summary_path(run, members(run)[0]).parent
    by_member: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.json.gz")):
        name, _, kind = path.name.removesuffix(".json.gz").partition(".")
        if KIND.fullmatch(kind):
            by_member.setdefault(name, []).append(path)
    return [path for member in members(run) for path in by_member.get(member.name, [])]


def recompute_command(run: Run, member: Member) -> str:
    """The command that makes a member's artifacts, of a kept run too: by its epochs it is of the same digest, but not kept."""
    return f"python -m lib run {run.name} --epochs {run.epochs} --only {member.only}"


def encoded_points(points: pa.Table) -> bytes:
    """A per-point table as Parquet, with page checksums."""
    buffer = io.BytesIO()
    pq.write_table(points, buffer, write_page_checksum=True, compression="zstd")
    return buffer.getvalue()


def load_points(path: Path) -> pa.Table:
    """Read a per-point table back; `InputError` for a truncated or altered file."""
    untrusted.check_ordinary(path)
    try:
        return untrusted.table_of(path)
    except (pa.ArrowException, OSError) as error:
        raise corrupt_file_error(path, error) from error


LARGEST_SUMMARY = 2**25  # bytes of an unpacked summary; the largest there are have half a million
HEAD = {"run": str, "code": str, "tables": dict}
SUMMARY_KEYS = HEAD | {"data": str, "member": dict, "image_shape": list, "provenance": dict}
SUMMARY = re.compile(rb'\{"sha256": "([0-9a-f]{64})", "content": (.*)\}\n', re.DOTALL)


def encoded_summary(content: dict[str, Any]) -> bytes:
    """A summary as gzipped JSON, {"sha256": ..., "content": ...}, the checksum being that of the content's text."""
    text = json.dumps(content, allow_nan=False)
    whole = f'{{"sha256": "{files.sha256(text.encode())}", "content": {text}}}\n'
    return gzip.compress(whole.encode(), mtime=0)


def checksum(path: Path) -> str:
    """SHA-256 of a summary's file; `InputError` where it cannot be read."""
    untrusted.check_ordinary(path)
    try:
        return files.sha256(path)
    except OSError as error:
        raise corrupt_file_error(path, error) from error


def load_summary(path: Path, member: Member | None = None) -> dict[str, Any]:
    """Read a member's summary back or, without `member`, an attached result; `InputError` for a damaged or forged file."""
    untrusted.check_ordinary(path)
    try:
        with gzip.open(path) as file:
            unpacked = file.read(LARGEST_SUMMARY + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise corrupt_file_error(path, error) from error
    match = SUMMARY.fullmatch(unpacked) if len(unpacked) <= LARGEST_SUMMARY else None
    if match is None:
        raise corrupt_file_error(path, "it is no summary")
    if files.sha256(match[2]) != match[1].decode():
        raise corrupt_file_error(path, "its checksum does not match")
    try:
        content = json.loads(match[2])
    except (ValueError, RecursionError) as error:
        raise corrupt_file_error(path, error) from error
    for key, kind in (SUMMARY_KEYS if member else HEAD).items():
        if not isinstance(content, dict) or not isinstance(content.get(key), kind):
            raise corrupt_file_error(path, f"it has no {key}")
    if member and not all(type(size) is int for size in content["image_shape"]):
        raise corrupt_file_error(path, "its image_shape has a size that is none")
    if member and not _is_of(content, member):
        raise corrupt_file_error(path, f"it is not of the member {member.name}")
    return content


def _is_of(content: Mapping[str, Any], member: Member) -> bool:
    """Whether a summary names this member, and each of its tables has columns of one length."""
    for table in content["tables"].values():
        if not isinstance(table, dict) or not all(isinstance(column, list) for column in table.values()):
            return False
        if len({len(column) for column in table.values()}) > 1:
            return False
    return content["member"] == asdict(member) and bool(content["tables"].get("members", {}).get("wall_seconds"))


def json_text(value: object) -> str:
    """A readable JSON document."""
    return json.dumps(value, indent=1) + "\n"


def load_valid_summary(run: Run, member: Member) -> dict[str, Any] | None:
    """A member's summary where it is there and valid: of this specification and, unless the run is kept, of today's code."""
    path = summary_path(run, member)
    if not path.exists():
        return None
    content = load_summary(path, member)
    if content["run"] != run.digest:
        raise InputError(
            f"{display_path(path)} belongs to another specification of the run ({content['run'][:12]}, now "
            f"{run.digest[:12]}); delete it and run again, or restore runs/{run.name}.yml."
        )
    return content if run.committed or content["code"] == code_digest(TRAINED_BY + MEASURED_BY) else None


def missing(run: Run, chosen: Sequence[Member]) -> list[Member]:
    """The members without a valid summary, but for those known to diverge."""
    return [m for m in chosen if load_valid_summary(run, m) is None and diverged_epoch(run, m) is None]


def diverged_path(run: Run, member: Member) -> Path:
    """Where it is noted that a member diverged, beside its summary."""
    return summary_path(run, member).with_name(f"{member.name}.diverged.json")


def note_diverged(run: Run, member: Member, epoch: int) -> None:
    """Note that a member's loss was not finite after this epoch: it is not trained again until specification or code change."""
    note = {"run": run.digest, "code": code_digest(TRAINED_BY), "epoch": epoch}
    files.write(diverged_path(run, member), json_text(note))


def diverged_epoch(run: Run, member: Member) -> int | None:
    """The epoch at which a member diverged; None where it did not, or another specification or code of it did."""
    path = diverged_path(run, member)
    if not path.exists():
        return None
    try:
        note = json.loads(path.read_bytes())
        valid = note["run"] == run.digest and (run.committed or note["code"] == code_digest(TRAINED_BY))
        return int(note["epoch"]) if valid else None
    except (ValueError, KeyError, TypeError) as error:
        raise corrupt_file_error(path, error) from error


def diverged(run: Run) -> dict[Member, int]:
    """The members of a run that diverged, and the epoch after which each did."""
    epochs = {member: diverged_epoch(run, member) for member in members(run)}
    return {member: epoch for member, epoch in epochs.items() if epoch is not None}


def diverged_sentence(run: Run, lost: Mapping[Member, int]) -> str:
    """Which members diverged, and what to do."""
    listing = ", ".join(f"{member.name} after epoch {epoch}" for member, epoch in lost.items())
    return f"{listing} diverged (the loss is not finite); lower learning_rate {run.learning_rate:g} in runs/{run.name}.yml."


# --- a run as a whole ----------------------------------------------------------------------------------------------


def manifest(run: Run) -> dict[str, Any]:
    """The provenance of each finished member: its data, versions, device and time; and the members that diverged."""
    finished = {}
    for member in members(run):
        path = summary_path(run, member)
        if path.exists():
            content = load_summary(path, member)
            finished[member.name] = {
                "sha256": files.sha256(path),
                "data": content["data"],
                "wall_seconds": content["tables"]["members"]["wall_seconds"][0],
            } | content["provenance"]
    lost = {member.name: epoch for member, epoch in diverged(run).items()}
    return {"run": run.name, "digest": run.digest, "members": finished} | ({"diverged": lost} if lost else {})


def write_manifest(run: Run) -> None:
    """Write a run's manifest beside its results, unless the one there says the same. Reads all summaries."""
    text = json_text(manifest(run))
    for place in (folder(run), *([RESULTS / run.name] if run.committed else [])):
        path = place / "manifest.json"
        if not path.exists() or path.read_text() != text:
            files.write(path, text)


def load_manifest(path: Path) -> dict[str, dict[str, str]]:
    """The `sha256` and the `data` of each member in a manifest, by name; empty where there is no manifest."""
    try:
        entries = json.loads(path.read_bytes())["members"] if path.exists() else {}
        return {str(name): {key: str(entry[key]) for key in ("sha256", "data")} for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise corrupt_file_error(path, reason(error)) from error


@contextmanager
def only_process(run: Run) -> Iterator[None]:
    """Hold the run's lock; wait where another process holds it. The system frees the lock of a process that was killed."""
    lock = FileLock(folder(run) / ".lock")
    folder(run).mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"Another process is executing run {run.name}; waiting for it.", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def delete_unfinished(run: Run) -> None:
    """Remove the results that a killed process left half-written. For the holder of the run's lock (`only_process`)."""
    for place in {folder(run), summary_path(run, members(run)[0]).parent}:
        for path in place.glob(".*.part"):
            if not path.name.startswith(".checkpoint-"):  # a worker's, which may still be writing it
                path.unlink(missing_ok=True)


def stored_neighbours(dataset: "Dataset") -> dict[str, np.ndarray]:
    """`lib.measures.baselines.neighbours` of a data set, computed once for all runs and kept in artifacts/neighbours/."""
    from lib.measures import baselines  # torch: only where points are compared

    made_by = code_digest(("lib.measures.baselines",))
    path = ARTIFACTS / "neighbours" / f"{dataset.sha256[:12]}-{made_by[:12]}.parquet"
    if not path.exists():
        files.write(path, encoded_points(pa.table(baselines.neighbours(dataset))))
    table = load_points(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def commit() -> str:
    """The commit of this checkout, with "+" where tracked files differ from it; "unknown" outside git."""
    try:
        show = ["git", "-C", str(files.ROOT), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
        return subprocess.run(show, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
