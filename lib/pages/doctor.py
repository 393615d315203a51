"""What is wrong with an installation, and how to mend it: `python -m lib doctor`.

A check yields marks and sentences; one that raises is itself a finding. What a check looks at is imported inside it, so
that a broken torch, or no pandas, is found and not stumbled over.
"""

import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, NamedTuple

from lib.base import files
from lib.base.errors import InputError
from lib.base.usercode import reason, some

Mark = Literal["ok", "wrong", "note"]
Marked = Iterator[tuple[Mark, str]]
ANEW = "set up anew: rm -rf .venv && make .venv/installed"


class Finding(NamedTuple):
    """One line of the report: the check, "ok", "wrong" or "note", and a sentence that says how to mend it."""

    check: str
    mark: Mark
    sentence: str


def examine() -> list[Finding]:
    """The findings of every check. Raises nothing, downloads nothing, and leaves nothing behind."""
    return [Finding(name, mark, sentence) for name, check in CHECKS.items() for mark, sentence in _guarded(check)]


def _guarded(check: Callable[[], Marked]) -> Marked:
    try:
        yield from check()
    except InputError as error:
        yield "wrong", str(error)
    except Exception as error:  # whatever a broken installation raises
        yield "wrong", f"This could not be checked ({reason(error)}); {ANEW}."


def report(findings: list[Finding], as_json: bool = False) -> str:
    """The findings for a terminal, a line each, and how many are wrong; or as JSON."""
    if as_json:
        return json.dumps([one._asdict() for one in findings], indent=1)
    wrong = sum(one.mark == "wrong" for one in findings)
    lines = [f"{one.mark:5}  {one.check:8}  {one.sentence}" for one in findings]
    return "\n".join([*lines, f"{wrong or 'None'} of {len(findings)} findings are wrong."])


def _python() -> Marked:
    wanted = tomllib.loads((files.ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    good = sys.version_info >= tuple(int(part) for part in wanted.removeprefix(">=").split("."))
    remedy = "" if good else "; set up with another one: make PYTHON=python3.12"
    yield "ok" if good else "wrong", f"Python {platform.python_version()}, {wanted} is needed{remedy}."


def _packages() -> Marked:
    from packaging.requirements import Requirement

    pins = map(Requirement, (files.ROOT / "requirements.txt").read_text().splitlines())
    pins = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    others = []
    for pin in pins:
        try:
            if not pin.specifier.contains(version(pin.name), prereleases=True):
                others.append(f"{pin.name} {version(pin.name)}, not {str(pin.specifier).removeprefix('==')}")
        except PackageNotFoundError:
            others.append(f"no {pin.name}")
    if others:
        yield "wrong", f"{len(others)} of {len(pins)} packages are not as pinned ({some(others)}); {ANEW}."
    else:
        yield "ok", f"All {len(pins)} packages have the versions of requirements.txt."


def _torch() -> Marked:
    names = f"torch {version('torch')} and torchvision {version('torchvision')}"
    try:
        import torch
        from torchvision.ops import nms

        nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([1.0]), 0.5)
    except Exception as error:  # another build's operators are missing, or a library is
        yield "wrong", f"{names} do not work together ({reason(error)}); {ANEW}."
        return
    yield "ok", f"{names} work together."
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        devices = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        usable = torch.cuda.is_available()
    if usable:
        yield "ok", f"CUDA {torch.version.cuda} on {', '.join(devices)}."
    else:
        why = " ".join(str(caught[0].message).split(".")[0].split()) if caught else "none was found"
        yield "note", f"No CUDA device can be used ({why}); the CPU does everything, more slowly."


def _data() -> Marked:
    from lib.training import datasets

    places = ", ".join(map(str, datasets.data_roots()))
    known = {entry["data"] for entry in _manifest("mnist").values()}
    if datasets.found("mnist") is None:
        yield "note", f"MNIST is in none of {places}; its runs fetch it, or set GEOMETRY_DATA to where it is."
    elif not known or datasets.load("mnist").sha256 in known:
        yield "ok", f"MNIST is there{', and what results/mnist was computed from' if known else ''}."
    else:
        yield "wrong", f"MNIST is not what results/mnist was computed from; remove it from {places}, and fetch it anew."


def _manifest(name: str) -> dict[str, dict]:
    from lib.runs import store

    return store.load_manifest(store.RESULTS / name / "manifest.json")


def _results() -> Marked:
    from lib import runs
    from lib.base import files
    from lib.runs import store

    for run in filter(lambda run: run.committed, map(runs.read, runs.names())):
        listed, members = _manifest(run.name), runs.members(run)
        paths = {member.name: store.summary_path(run, member) for member in members}
        found = {name: files.sha256(path) for name, path in paths.items() if path.exists()}
        altered = sorted(name for name, entry in listed.items() if found.get(name) != entry["sha256"])
        newer = [member for member in members if member.name in found.keys() - listed.keys()]
        if not found and not listed:
            yield "note", f"{run.name} has no results yet; compute them with: python -m lib run {run.name}."
        elif altered:
            where = files.display_path(store.RESULTS / run.name)
            yield "wrong", f"{run.name} is not as in its manifest ({some(altered)}); restore it: git checkout {where}."
        elif why := runs.missing_reason(run.name):
            yield "wrong", why
        elif newer:
            what = f"{run.name} is newer than its manifest ({some(member.name for member in newer)})"
            yield "note", f"{what}; python -m lib run {run.name} --only {newer[0].only} writes it anew."
        else:
            yield "ok", f"{run.name}: {len(found)} of {len(members)} members, as in its manifest."


def _disk() -> Marked:
    from lib.runs import store

    for folder in (store.ARTIFACTS, store.RESULTS):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        try:
            with tempfile.TemporaryFile(dir=there):
                free = shutil.disk_usage(there).free
        except OSError as error:
            yield "wrong", f"{folder} cannot be written to ({reason(error)}); mend its permissions, or make room."
            continue
        live, kept = _needed(False), _needed(True)
        mark: Mark = "wrong" if free < live else "note" if free < live + kept else "ok"
        needs = f"the book needs {live / 2**30:.1f} more, making kept runs anew {kept / 2**30:.1f}"
        yield mark, f"{folder}: {free / 2**30:.1f} GiB free, {needs}{'' if mark == 'ok' else '; make room'}."


def _needed(kept: bool) -> int:
    """Bytes that the absent members of the runs that are kept, or not, take up at most: tables, 8 bytes a number."""
    from lib import runs
    from lib.analysis import published
    from lib.runs import store

    total = 0
    for run in filter(lambda run: run.committed == kept, map(runs.read, runs.names())):
        points = (run.train_points or published.TRAIN_POINTS) + (run.test_points or published.TEST_POINTS)
        absent = [one for one in runs.members(run) if not store.points_path(run, one).exists()]
        total += (
            8
            * (2000 if run.dataset == "digits" else points)
            * sum(store.PLAIN_COLUMNS + 4 * one.latent_dim for one in absent)
        )
    return total


def _machine() -> Marked:
    import joblib

    from lib.runs import store

    for path in store.ARTIFACTS.glob("*/*/.lock"):
        with path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                yield "note", f"Another process is executing {path.parent.parent.name}; a second one waits for it."
    for name, need in {"git": "provenance needs it", "chromium": "make pdf and the browser's tests need it"}.items():
        path = shutil.which(name)
        yield ("ok", f"{name} is {path}.") if path else ("note", f"{name} is not installed; {need}.")
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    yield "ok", f"{joblib.cpu_count()} of {os.cpu_count()} processors may be used; OMP_NUM_THREADS is {threads}."


def _links() -> Marked:
    from lib.analysis import published

    broken = [name for name in ("_config.yml", "_toc.yml") if not (files.ROOT / "book" / name).exists()]
    if broken:
        yield "wrong", f"Links in book/ lead nowhere ({some(broken)}); restore them: git checkout book."
    rows = sum(len(published.table(number)) for number in published.PREDICTORS)
    yield "ok", f"The published tables are there, {rows} rows."
    here = next((path for path in (Path.cwd(), *Path.cwd().parents) if (path / "lib/doctor.py").exists()), files.ROOT)
    with tempfile.TemporaryDirectory() as folder:  # a folder that has no lib of its own, as a kernel's may be
        show = [sys.executable, "-c", "import lib; print(lib.__path__[0])"]
        shown = subprocess.run(show, cwd=folder, capture_output=True, text=True).stdout.strip()
    if Path(shown) == here / "lib" == files.ROOT / "lib":
        yield "ok", f"Python finds lib in this checkout, {here}."
    else:
        found = shown or "nowhere"
        yield "wrong", f"Python finds lib in {found}, not in {here}; run there: .venv/bin/uv pip install --no-deps -e ."


EVERY = (_python, _packages, _torch, _data, _results, _disk, _machine, _links)
CHECKS: dict[str, Callable[[], Marked]] = {check.__name__.strip("_"): check for check in EVERY}
