"""What is wrong with an installation, and how to mend it: `python -m lib doctor`."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lib import runs
from lib.base import files
from lib.base.errors import InputError
from lib.base.usercode import reason, some
from lib.runs import store

ANEW = "set up anew: rm -rf .venv && make .venv/installed"


def examine() -> Iterator[tuple[str, str, str]]:
    """The findings: the name of a check, "ok", "wrong" or "note", and a sentence that says how to mend it.

    A check that raises is itself a finding. Downloads nothing and leaves nothing behind.
    """
    for check in (packages, kernel, data, results):
        try:
            yield from ((check.__name__, *finding) for finding in check())
        except Exception as error:  # whatever a broken installation raises
            unknown = f"This could not be checked ({reason(error)}); {ANEW}."
            yield check.__name__, "wrong", str(error) if isinstance(error, InputError) else unknown


def packages() -> Iterator[tuple[str, str]]:
    """Whether the installed packages have the versions of requirements.txt."""
    installed = {canonicalize_name(package.name): package.version for package in distributions()}
    pins = map(Requirement, (files.ROOT / "requirements.txt").read_text().splitlines())
    versions = {pin: installed.get(pin.name) for pin in pins if pin.marker is None or pin.marker.evaluate()}
    wrong = {pin: version for pin, version in versions.items() if f"=={version}" != str(pin.specifier)}
    others = some(f"{pin.name} {version}, not {pin.specifier}" for pin, version in wrong.items())
    pinned = f"{len(versions)} packages have the versions of requirements.txt"
    yield ("wrong", f"Not all {pinned} ({others}); {ANEW}.") if wrong else ("ok", f"All {pinned}.")


def kernel() -> Iterator[tuple[str, str]]:
    """Whether this Python, which executes the pages, has torch, torchvision and this checkout's library."""
    code = "import ipykernel, torchvision, lib; print(lib.__path__[0])"
    with tempfile.TemporaryDirectory() as empty:  # elsewhere a folder lib may lie beside it and be found first
        shown = subprocess.run([sys.executable, "-c", code], cwd=empty, capture_output=True, text=True)
    place = (shown.stdout or shown.stderr).strip().rpartition("\n")[2]
    right = f"{sys.executable} executes the pages, with the library of this checkout."
    wrong = f"{sys.executable}, which executes the pages, does not have this checkout's library ({place}); {ANEW}."
    yield ("ok", right) if Path(place) == files.ROOT / "lib" else ("wrong", wrong)


def data() -> Iterator[tuple[str, str]]:
    """Whether MNIST is found."""
    from lib.training import datasets  # torch, which may be broken

    folder, places = datasets.found("mnist"), ", ".join(map(str, datasets.data_roots()))
    absent = f"MNIST is in none of {places}; its runs fetch it, or set GEOMETRY_DATA to where it is."
    yield ("ok", f"MNIST is in {folder}.") if folder else ("note", absent)


def results() -> Iterator[tuple[str, str]]:
    """Whether the results of each committed run are there, readable, and those of its manifest."""
    for run in filter(lambda run: run.committed, map(runs.read, runs.names())):
        listed = store.load_manifest(store.RESULTS / run.name / "manifest.json")
        paths = {member.name: store.summary_path(run, member) for member in runs.members(run)}
        sums = {name: files.sha256(path) for name, path in paths.items() if path.exists()}
        if altered := sorted(name for name, entry in listed.items() if sums.get(name) != entry["sha256"]):
            restore = f"restore it: git checkout {files.display_path(store.RESULTS / run.name)}"
            yield "wrong", f"{run.name} is not as in its manifest ({some(altered)}); {restore}."
        elif why := runs.missing_reason(run.name):
            yield "wrong" if sums else "note", f"{why.removesuffix('.')}."  # it may end in a command
        else:
            yield "ok", f"{run.name}: {len(sums)} of {len(paths)} members, as in its manifest."
