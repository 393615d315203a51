"""The pages are reproducible: papermill executes each on the smoke run, nbval executes it again and compares all outputs."""

import os
import subprocess
import sys

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


@pytest.mark.parametrize("name", source.page_names())
def test_a_page_gives_the_same_outputs_again(name, tmp_path):
    parameters = {"runs": '["smoke"]'} if "runs" in source.load_page(name).parameters else {}
    pages.run_page(name, parameters, tmp_path / f"{name}.ipynb")
    result = nbval(tmp_path / f"{name}.ipynb", tmp_path)
    assert result.returncode == 0, result.stdout[-4000:]
    assert " passed" in result.stdout


def test_nbval_would_notice_a_changed_figure(tmp_path):
    """The comparison covers SVG: the same page with another colour in its stored figure fails."""
    pages.run_page("introduction", {}, tmp_path / "page.ipynb")
    text = (tmp_path / "page.ipynb").read_text()
    assert "#222222" in text
    (tmp_path / "page.ipynb").write_text(text.replace("#222222", "#ff0000"))
    assert nbval(tmp_path / "page.ipynb", tmp_path).returncode == 1


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
