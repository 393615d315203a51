"""The Sphinx side: pages execute before Sphinx reads, a page whose key has changed is read again, a failing page fails.

Sphinx hands a reader of notebook formats nothing but the text, so what the build knows (which page has which executed
notebook) is kept here between `builder-inited` and the reading.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.util import logging
from sphinx_external_toc.parsing import parse_toc_yaml

from lib import runs
from lib.errors import InputError
from lib.pages import execution, source

AT_ONCE = 2  # pages executed side by side
DOWNLOADS = "_executed"  # the folder of executed notebooks in the HTML
logger = logging.getLogger(__name__)


class BuildError(SphinxError):
    """Ends the build with its message alone, instead of a traceback of Sphinx."""

    category = "The book was not built"


@dataclass
class Book:
    """The executed pages of the build in hand: their keys and notebooks by name, and names by their text."""

    keys: dict[str, str] = field(default_factory=dict)
    notebooks: dict[str, NotebookNode] = field(default_factory=dict)
    by_text: dict[str, str] = field(default_factory=dict)


BOOK = Book()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", execute_pages)
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-read", remember)
    app.connect("build-finished", copy_notebooks)
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def folder_of(app: Sphinx) -> Path:
    """Where executed notebooks are kept: beside the builder's output, book/_build/executed."""
    return Path(app.outdir).parent / "executed"


def execute_pages(app: Sphinx) -> None:
    """On `builder-inited`: compute the runs that pages need, then execute the pages whose outputs are not there, two at a time."""
    try:
        _execute_pages(app)
    except (InputError, execution.PageError) as error:
        raise BuildError(str(error)) from error


def _execute_pages(app: Sphinx) -> None:
    folder = folder_of(app)
    folder.mkdir(parents=True, exist_ok=True)
    BOOK.keys, BOOK.notebooks, BOOK.by_text = {}, {}, {}
    pages = _pages(app)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second build of the same book waits here
        jobs = []
        for name, run_names in [(name, parameters.get("runs", [])) for name, (_, parameters) in pages.items()]:
            for run in run_names:
                runs.ensure(run)
            BOOK.keys[name] = execution.key(*pages[name])
            notebook = execution.stored(folder, name, BOOK.keys[name])
            if notebook is None:
                jobs.append(name)
            else:
                BOOK.notebooks[name] = notebook
        logger.info("pages: %d to execute, %d unchanged", len(jobs), len(pages) - len(jobs))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            futures = [pool.submit(_execute_page, folder, name, *pages[name]) for name in jobs]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


def _pages(app: Sphinx) -> dict[str, tuple[source.Page, dict[str, Any]]]:
    """The percent pages of the table of contents, each with its parameters; BOOK_RUNS overrides their `runs`."""
    book = Path(app.srcdir)
    in_toc = {
        Path(name).with_suffix("").name for name in parse_toc_yaml(Path(app.confdir, app.config.external_toc_path))
    }
    chosen = os.environ.get("BOOK_RUNS")
    pages = {}
    for name in source.names(book):
        if name in in_toc:
            page = source.load(name, book)
            given = {"runs": chosen.split(",")} if chosen and "runs" in page.parameters else {}
            pages[name] = (page, source.checked(page, given))
            BOOK.by_text[(book / f"{name}.py").read_text()] = name
    return pages


def _execute_page(folder: Path, name: str, page: source.Page, parameters: Mapping[str, Any]) -> None:
    started = time.monotonic()
    logger.info("executing %s ...", name)
    notebook = execution.execute(page, parameters)
    execution.store(folder, name, BOOK.keys[name], notebook)
    BOOK.notebooks[name] = notebook
    logger.info("executed %s in %.0f s", name, time.monotonic() - started)


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """On `env-get-outdated`: the pages whose key is not the one they were last read with."""
    known = getattr(env, "page_keys", {})
    return [name for name, key in BOOK.keys.items() if known.get(name) != key and name in env.found_docs]


def remember(app: Sphinx, doctree: Any) -> None:
    """On `doctree-read`: note the key a page was read with."""
    name = app.env.docname
    if name in BOOK.keys:
        known = getattr(app.env, "page_keys", {})
        setattr(app.env, "page_keys", known | {name: BOOK.keys[name]})  # noqa: B010 (pickled with the environment)


def copy_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """On `build-finished`: put the executed notebooks into the HTML, for readers to download."""
    if exception is None and app.builder.format == "html":
        target = Path(app.outdir, DOWNLOADS)
        target.mkdir(exist_ok=True)
        for name in BOOK.keys:
            shutil.copyfile(folder_of(app) / f"{name}.ipynb", target / f"{name}.ipynb")


def read(text: str) -> NotebookNode:
    """The page of this percent text with its outputs and a provenance foot: what `nb_custom_formats` names."""
    name = BOOK.by_text.get(text)
    if name is None:
        raise BuildError(
            "A .py page was read that is not in the table of contents, or changed during the build; build again."
        )
    notebook = source.parse(name, text).notebook
    executed = BOOK.notebooks[name]
    outputs = iter(
        cell
        for cell in executed.cells
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            done = next(outputs)
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
    notebook.metadata["language_info"] = executed.metadata.get("language_info", {"name": "python"})
    notebook.cells.append(new_markdown_cell(_foot(name, executed.metadata["provenance"])))
    return notebook


def _foot(name: str, provenance: Mapping[str, Any]) -> str:
    """The provenance foot as MyST: raw HTML, small print."""
    run_names = ", ".join(f"{run} ({digest})" for run, digest in provenance["runs"].items())
    versions = ", ".join(f"{package} {number}" for package, number in provenance["versions"].items())
    items = [
        f"Computed {provenance['computed']} in {provenance['seconds']:g} s on one {provenance['processor']} thread",
        f"commit {provenance['commit']}",
        *([f"run {run_names}"] if run_names else []),
        versions,
    ]
    return (
        '<aside class="provenance"><p>'
        + "; ".join(items)
        + f'. <a href="{DOWNLOADS}/{name}.ipynb" download>The executed notebook</a>.</p></aside>'
    )
