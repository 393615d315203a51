"""The pages are reproducible: papermill executes each on the smoke run, nbval executes it again and compares all outputs."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, redirect_stdout
from io import StringIO
from pathlib import Path

import nbformat
import pytest

from lib import runs
from lib.base import files
from lib.pages import book, execution, kernels, provenance, source

# What differs from run to run by its nature: times, and addresses of objects.
SANITISE = """
[seconds]
regex: "wall_seconds": [0-9.]+
replace: SECONDS
[address]
regex: 0x[0-9a-f]{6,}
replace: ADDRESS
"""
STARTED = ("diagnose", "geometry", "networks")  # a model's report, figures in space, wide tables
LIBRARIES = ("torch._dynamo", "scipy.stats", "pandas", "sklearn.datasets", "sklearn.neighbors", "matplotlib.figure")


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """A folder with the kernel "bare": forked from a process that has imported other libraries, and nothing of lib."""
    folder = tmp_path_factory.mktemp("kernels")
    place = folder / "kernels" / "bare" / "kernel.json"
    place.parent.mkdir(parents=True)
    with ExitStack() as stack:
        with execution.one_thread():
            manager = stack.enter_context(kernels.forked_kernels(LIBRARIES))
        command = manager(connection_file="placeholder").format_kernel_cmd()
        command[command.index("-f") + 1] = "{connection_file}"  # for nbval to fill in
        place.write_text(json.dumps({"argv": command, "display_name": "bare", "language": "python"}))
        yield folder


@pytest.fixture
def nbval(tmp_path, monkeypatch, bare):
    """Has nbval compare a notebook with what a kernel of its own gives: the exit code, and what was printed.

    pytest is called here, not started: that spares its imports for every page.
    """
    (tmp_path / "sanitise.cfg").write_text(SANITISE)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("JUPYTER_PATH", str(bare))
    monkeypatch.chdir(files.ROOT)
    options = ["--nbval-sanitize-with", tmp_path / "sanitise.cfg", "--nbval-cell-timeout", "300"]
    for plugin in ("cacheprovider", "faulthandler", "timeout", "xdist", "xdist.looponfail"):
        options += ["-p", f"no:{plugin}"]

    def compared(notebook, kernel="bare"):
        chosen = ["--nbval-kernel-name", kernel, "--capture=no", "--rootdir", str(tmp_path), "--nbval", str(notebook)]
        with redirect_stdout(StringIO()) as printed:
            code = pytest.main([*map(str, options), *chosen])
        return code, printed.getvalue()

    return compared


@pytest.fixture(scope="session")
def forked():
    """Kernels as in a build of the book, which have imported what the pages import, and loaded the runs that several read."""
    pages = [book.BookPage(page, on_smoke(page), []) for page in map(source.load_page, source.page_names())]
    with ExitStack() as stack:
        with execution.one_thread():
            manager = stack.enter_context(kernels.forked_kernels(book.preloaded(page.page for page in pages)))
        shared = book.read_by_several(pages)
        for run in shared:
            runs.ensure(run)
        manager.prepare(shared)
        yield manager


def on_smoke(page):
    """The parameters of a page that shows the smoke run."""
    return source.checked_parameters(page, {"runs": ["smoke"]} if "runs" in page.parameters else {})


@pytest.fixture
def executed(site, forked, tmp_path):
    """The notebook of a page on the smoke run: the book's where the book was built from that run, else executed here."""

    def notebook(name):
        page, target = source.load_page(name), tmp_path / f"{name}.ipynb"
        built = site / "_executed" / target.name
        parameters = on_smoke(page)
        if nbformat.read(built, as_version=4).metadata["provenance"]["parameters"] == parameters:
            return shutil.copy(built, target)
        for run in page.reads(parameters):
            runs.ensure(run)
        with execution.one_thread():
            files.write(target, nbformat.writes(execution.execute_page(page, parameters, forked)))
        return target

    return notebook


@pytest.mark.parametrize("name", source.page_names())
def test_a_page_gives_the_same_outputs_again(name, executed, nbval):
    """Of the book's kernels, which have imported lib when they start, and of nbval's, which have not; some start as usual."""
    code, printed = nbval(executed(name), "python3" if name in STARTED else "bare")
    assert code == 0, printed[-4000:]
    assert " passed" in printed


def test_nbval_would_notice_a_changed_figure(executed, nbval):
    """The comparison covers SVG: the same page with another colour in its stored figure fails."""
    page = Path(executed("introduction"))
    assert "#222222" in page.read_text()
    page.write_text(page.read_text().replace("#222222", "#ff0000"))
    code, printed = nbval(page)
    assert code == 1, "some tests failed, and nothing else"
    assert " failed" in printed


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
