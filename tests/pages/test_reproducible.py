"""The pages are reproducible: papermill executes each on the smoke run, nbval executes it again and compares all outputs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lib import pages
from lib.base import files
from lib.pages import provenance, source

# What differs from run to run by its nature: times, and addresses of objects.
SANITISE = """
[seconds]
regex: "wall_seconds": [0-9.]+
replace: SECONDS
[address]
regex: 0x[0-9a-f]{6,}
replace: ADDRESS
"""


def nbval(notebook, folder):
    (folder / "sanitise.cfg").write_text(SANITISE)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--numprocesses", "0", "--nbval", notebook]
    command += ["--nbval-sanitize-with", folder / "sanitise.cfg", "--nbval-cell-timeout", "300", "--rootdir", folder]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run([*map(str, command)], cwd=files.ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture
def executed(site, tmp_path):
    """The notebook of a page on the smoke run: the book's where the book was built from that run, else executed here."""

    def notebook(name):
        page, target = source.load_page(name), tmp_path / f"{name}.ipynb"
        given = {"runs": ["smoke"]} if "runs" in page.parameters else {}
        built = site / "_executed" / target.name
        provenance_of = nbformat.read(built, as_version=4).metadata["provenance"]
        if provenance_of["parameters"] == source.checked_parameters(page, given):
            return shutil.copy(built, target)
        pages.run_page(name, given, target)
        return target

    return notebook


@pytest.mark.parametrize("name", source.page_names())
def test_a_page_gives_the_same_outputs_again(name, executed, tmp_path):
    """Of the book's kernels, which are forked, and of nbval's, which are not."""
    result = nbval(executed(name), tmp_path)
    assert result.returncode == 0, result.stdout[-4000:]
    assert " passed" in result.stdout


def test_nbval_would_notice_a_changed_figure(executed, tmp_path):
    """The comparison covers SVG: the same page with another colour in its stored figure fails."""
    page = Path(executed("introduction"))
    assert "#222222" in page.read_text()
    page.write_text(page.read_text().replace("#222222", "#ff0000"))
    assert nbval(page, tmp_path).returncode == 1


def test_plain_jupytext_and_papermill_run_a_page(tmp_path):
    bin = os.path.dirname(sys.executable)  # noqa: PTH120
    given, listed = """-p runs '["smoke"]'""", provenance.commands("spectra", {"runs": ["smoke"]})[1]
    assert listed.startswith("jupytext --to ipynb -o - book/spectra.py | papermill -y ")
    (tmp_path / "book").symlink_to(files.ROOT / "book")
    for command in (f"jupytext --to ipynb -o - book/spectra.py | papermill {given} - spectra.ipynb", listed):
        (tmp_path / "spectra.ipynb").unlink(missing_ok=True)
        environment = os.environ | {"PATH": f"{bin}:{os.environ['PATH']}"}
        whole = ["bash", "-o", "pipefail", "-c", command]
        subprocess.run(whole, cwd=tmp_path, env=environment, check=True, capture_output=True)
        assert "run smoke" in (tmp_path / "spectra.ipynb").read_text()
