"""The built book, which several files of tests read."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lib.base.files import ROOT


def current(site: Path) -> bool:
    """Whether nothing that the book is made of has changed since it was built."""
    made_of = ["book", "lib", "runs", "results", "benchmarks", "_config.yml", "_toc.yml", "requirements.txt"]
    listed = subprocess.run(["git", "ls-files", *made_of], cwd=ROOT, capture_output=True, text=True).stdout.split()
    built = site / "_executed" / "index.ipynb"  # the last thing that a build writes, every time
    return bool(listed) and built.exists() and built.stat().st_mtime > max(_changed(ROOT / name) for name in listed)


def _changed(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else float("inf")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of a book's HTML; of two test processes one builds it, where it has to be built."""
    if current(ROOT / "book" / "_build" / "html"):
        return ROOT / "book" / "_build" / "html"
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    html = shared / "book" / "_build" / "html"
    with (shared / "book.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (html / "_executed").exists():
            shutil.copytree(ROOT / "book", shared / "book", ignore=shutil.ignore_patterns("_build"), dirs_exist_ok=True)
            shutil.copy(ROOT / "requirements.txt", shared)
            build = [Path(sys.executable).parent / "jupyter-book", "build", shared / "book", "-W", "-n"]
            environment = os.environ | {"BOOK_RUNS": "smoke"}
            result = subprocess.run(build, env=environment, cwd=shared, capture_output=True, text=True)
            assert result.returncode == 0, result.stderr[-3000:]
    return html
