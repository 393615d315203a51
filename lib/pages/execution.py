"""Executing a page with papermill, and storing its outputs under a key of everything they depend on.

The key covers the page's code cells, its parameters, the code of the `lib` modules that it imports, the summaries of its
runs, the paper's printed values (CSV files of lib), the benchmarks, and the versions that matter. It leaves out prose and
captions: a page with changed prose keeps its stored outputs. An entry is an executed notebook and a small JSON file with
its key and checksum, written last.
"""

import json
import os
import platform
import re
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from lib import runs
from lib.base import files
from lib.base.digests import code_digest
from lib.base.errors import InputError
from lib.base.usercode import reason
from lib.pages.kernels import PageKernels
from lib.pages.source import BOOK, Page, checked_parameters, load_page, parameter_table
from lib.runs.store import commit

VERSIONS_THAT_MATTER = ("torch", "numpy", "scipy", "pandas", "statsmodels", "scikit-learn", "matplotlib", "ipykernel")
TIMEOUT = 900  # seconds a cell may take
COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


class PageError(RuntimeError):
    """A page raised an error: the message names the page and the cell, and quotes the cell and the traceback.

    `refusal`: the sentence of the page's `InputError`; None for any other error.
    """

    refusal: str | None = None


def run_page(name: str, given: Mapping[str, Any], output: Path, book: Path = BOOK) -> None:
    """Execute the page `name` with these parameters and write the notebook to `output`, whole or not at all.

    Raises `InputError` for an unknown page, parameter or run, for a value of the wrong type or refused by the page, and for an
    `output` that cannot be written; `PageError` if the page raises anything else.
    """
    page = load_page(name, book)
    parameters = checked_parameters(page, given)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=output.parent).close()
    except OSError as error:
        raise InputError(f"{output} cannot be written ({reason(error)}); name another file.") from error
    for run in page.reads(parameters):
        runs.ensure(run)
    try:
        with one_thread():
            notebook = execute_page(page, parameters)
    except PageError as error:
        if error.refusal:
            raise InputError(error.refusal) from error
        raise
    files.write(output, nbformat.writes(notebook))


def versions() -> dict[str, str]:
    """The versions that outputs may depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in VERSIONS_THAT_MATTER}


@cache
def origin(name: str, results: str) -> dict[str, str]:
    """The provenance of a run: its digest, and the devices, precisions and thread counts of its members, in words.

    Computed once for the `results` of this digest: the manifest unpacks every summary.
    """
    members = runs.manifest(runs.read(name))["members"].values()
    words = {"digest": runs.read(name).digest[:12]}
    for field in ("device", "precision", "threads"):
        words[field] = ", ".join(sorted({str(member[field]) for member in members}))
    return words


def key(page: Page, parameters: Mapping[str, Any]) -> str:
    """The digest of everything the page's outputs depend on."""
    summaries = {run: runs.summary_digest(run) for run in page.reads(parameters)}
    committed = [path for folder in ("lib", "results") for path in (files.ROOT / folder).rglob("*.csv")]
    committed += (files.ROOT / "benchmarks").glob("*.json")
    printed = [files.sha256(path) for path in sorted(committed)]
    modules = tuple(sorted(page.modules()))
    declared = parameter_table().to_csv() if "lib.pages.source" in modules else ""
    return files.digest([page.code, dict(parameters), code_digest(modules), summaries, printed, declared, versions()])


def execute_page(
    page: Page, parameters: Mapping[str, Any], kernel_manager: type[PageKernels] = PageKernels
) -> NotebookNode:
    """The executed notebook, with a record of its provenance in its metadata. Raises `PageError` if the page raises."""
    started = time.monotonic()
    changed = {name: value for name, value in parameters.items() if value != page.parameters[name].default}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, f"{page.name}.ipynb"), Path(folder, "executed.ipynb")
        nbformat.write(page.notebook, source)
        try:
            papermill.execute_notebook(
                source,
                target,
                parameters=changed,
                kernel_name="python3",
                kernel_manager_class=kernel_manager,
                cwd=files.ROOT,
                progress_bar=False,
                execution_timeout=TIMEOUT,
            )
        except PapermillExecutionError as error:
            raised = PageError(_message(page, target, error))
            raised.refusal = error.evalue if error.ename == InputError.__name__ else None
            raise raised from error
        except (CellTimeoutError, DeadKernelError) as error:
            raise PageError(_stopped(page, target, error)) from error
        notebook = nbformat.read(target, as_version=4)
    notebook.metadata["provenance"] = {
        "computed": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": round(time.monotonic() - started, 1),
        "processor": platform.machine(),
        "threads": 1,
        "commit": commit(),
        "parameters": dict(parameters),
        "runs": {run: origin(run, runs.summary_digest(run)) for run in page.reads(parameters)},
        "versions": versions(),
    }
    return notebook


def one_thread() -> Any:
    """Kernels started in the block have one thread: faster for small matrices, and reproducible to the bit."""
    return patch.dict(os.environ, OMP_NUM_THREADS="1")


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells of an executed page, without papermill's cell of injected parameters."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell for cell in cells if "injected-parameters" not in cell.metadata.get("tags", [])]


def _message(page: Page, target: Path, error: PapermillExecutionError) -> str:
    traceback = COLOUR_CODES.sub("", "\n".join(error.traceback))
    counts = [cell.execution_count for cell in code_cells(nbformat.read(target, as_version=4))]
    return (
        f"Page {page.name} raised {error.ename} in code cell {counts.index(error.exec_count) + 1}: {error.evalue}\n\n"
        f"{error.source}\n\n{traceback}"
    )


def _stopped(page: Page, target: Path, error: Exception) -> str:
    """The message for a page whose kernel died or took too long; papermill notes the start time of each cell."""
    cells = code_cells(nbformat.read(target, as_version=4))
    began = [cell for cell in cells if cell.metadata["papermill"]["start_time"]] or cells[:1]
    why = f"took more than {TIMEOUT} s" if isinstance(error, CellTimeoutError) else "ended its kernel (out of memory?)"
    return f"Page {page.name}: code cell {len(began)} {why}.\n\n{began[-1].source}"


# --- stored outputs ------------------------------------------------------------------------------------------------


def entry(folder: Path, name: str) -> Path:
    """The file with the key of a page's stored outputs."""
    return folder / f"{name}.json"


def stored(folder: Path, name: str, wanted: str) -> NotebookNode | None:
    """The executed notebook of this key; None if it is absent, damaged, or of another key."""
    notebook = folder / f"{name}.ipynb"
    try:
        record = json.loads(entry(folder, name).read_bytes())
        if record["key"] == wanted and record["sha256"] == files.sha256(notebook):
            return nbformat.read(notebook, as_version=4)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def store(folder: Path, name: str, wanted: str, notebook: NotebookNode) -> None:
    """Store an executed notebook under its key."""
    path = folder / f"{name}.ipynb"
    files.write(path, nbformat.writes(notebook))
    files.write(entry(folder, name), json.dumps({"key": wanted, "sha256": files.sha256(path)}))
