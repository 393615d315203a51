"""What of a run is there, and what became of the rest: the manifest beside its results, and the members that diverged."""

from collections.abc import Mapping
from typing import Any

from lib.base import files
from lib.runs import store
from lib.runs.specification import Member, Run, members


def manifest(run: Run) -> dict[str, Any]:
    """What was computed, from what, on what, in what time: the provenance of each finished member."""
    finished = {}
    for member in members(run):
        path = store.summary_path(run, member)
        if path.exists():
            content = store.load_summary(path, member)
            finished[member.name] = {
                "sha256": files.sha256(path),
                "data": content["data"],
                "wall_seconds": content["tables"]["members"]["wall_seconds"][0],
            } | content["provenance"]
    lost = {member.name: epoch for member, epoch in diverged(run).items()}
    return {"run": run.name, "digest": run.digest, "members": finished} | ({"diverged": lost} if lost else {})


def write_manifest(run: Run) -> None:
    """Write the manifest of what is there beside it, where it does not say so already; it reads all summaries."""
    text = store.json_text(manifest(run))
    for folder in (store.folder(run), *([store.RESULTS / run.name] if run.committed else [])):
        path = folder / "manifest.json"
        if not path.exists() or path.read_text() != text:
            files.write(path, text)


def diverged(run: Run) -> dict[Member, int]:
    """The members of a run that diverged, and after which epoch."""
    epochs = {member: store.diverged_epoch(run, member) for member in members(run)}
    return {member: epoch for member, epoch in epochs.items() if epoch is not None}


def diverged_sentence(run: Run, lost: Mapping[Member, int]) -> str:
    """Which members diverged, and what to do."""
    listing = ", ".join(f"{member.name} after epoch {epoch}" for member, epoch in lost.items())
    return f"{listing} diverged (the loss is not finite); lower learning_rate {run.learning_rate:g} in runs/{run.name}.yml."
