"""The pages of a book in one build: which of them execute, and what Sphinx reads in place of their scripts."""

import os
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sphinx.util import logging

from lib import runs
from lib.pages import execution, outputs, provenance, source
from lib.pages.kernels import PageKernels, forked_kernels

INTERRUPTED_SECONDS = 0.2  # between two looks at whether an interrupted build's kernels have ended
AT_ONCE = 2  # pages executed side by side
logger = logging.getLogger(__name__)


@dataclass
class BookPage:
    """A page in this build: its parameters, notes on runs that cannot be shown, its key, and its executed notebook.

    A page without any run to show does not execute: it has no notebook.
    """

    page: source.Page
    parameters: dict[str, Any]
    notes: list[str]
    key: str = "without runs"
    notebook: NotebookNode | None = None

    @property
    def executes(self) -> bool:
        """Whether every list of runs among the parameters names a run that can be shown."""
        return all(self.parameters[name] for name in filter(source.holds_runs, self.parameters))

    @property
    def read_with(self) -> list[str]:
        """What the content of the page depends on besides its file."""
        return [self.key, *self.notes]

    def content(self, notebook: NotebookNode) -> NotebookNode:
        """The page's notebook, as in its file now, with notes, outputs, a line below each figure, and the provenance foot.

        Without outputs the title and the notes alone.
        """
        title, _, rest = notebook.cells[0].source.partition("\n")
        notes = [f":::{{warning}}\n{note}\n:::\n" for note in self.notes]
        if self.notebook is None:
            notebook.cells = [new_markdown_cell("\n".join([title, "", *notes]))]
            return notebook
        notebook.cells[0].source = "\n".join([title, "", *notes, rest])
        origin = self.notebook.metadata["provenance"]
        folds = provenance.folds(self.notebook, self.page.name, origin["parameters"].get("runs", []))
        executed = iter(execution.code_cells(self.notebook))
        cells = []
        for cell in notebook.cells:
            if cell.cell_type == "code":
                ran = next(executed)
                cell.outputs, cell.execution_count = deepcopy(ran.outputs), ran.execution_count
                cells += outputs.laid_out(cell, folds)
            else:
                cells.append(cell)
        notebook.cells = outputs.brief_first(cells)
        notebook.metadata["language_info"] = self.notebook.metadata.get("language_info", {"name": "python"})
        notebook.cells.append(new_markdown_cell(provenance.foot(self.page.name, origin)))
        return notebook


def load_pages(names: Iterable[str], folder: Path) -> dict[str, BookPage]:
    """The pages of these names that are percent scripts in `folder`; BOOK_RUNS replaces their parameter `runs`.

    A committed run whose results are absent or damaged is left out, and a note says so.
    """
    chosen = os.environ.get("BOOK_RUNS")
    missing_reason = cache(runs.missing_reason)
    pages = {}
    for name in sorted(set(names) & set(source.page_names(folder))):
        page = source.load_page(name, folder)
        given = {"runs": chosen.split(",")} if chosen and "runs" in page.parameters else {}
        parameters = source.checked_parameters(page, given)
        notes = []
        for parameter in filter(source.holds_runs, parameters):
            names = runs.parse_names(parameters[parameter])
            if missing := {run: why for run in names if (why := missing_reason(run))}:
                parameters[parameter] = [run for run in names if run not in missing]
            notes += [f"The run {run} is not shown here. {why}" for run, why in missing.items()]
        pages[name] = BookPage(page, parameters, notes)
    return pages


def execute_pages(pages: Collection[BookPage], folder: Path) -> None:
    """Compute the runs that the pages read, then execute the pages without stored outputs, two at a time.

    Kernels of several pages are forked, with the pages' imports done once.
    `folder` holds the executed notebooks. Raises `InputError` or `PageError`, and then starts no further page.
    """
    ensure = cache(runs.ensure)
    folder.mkdir(parents=True, exist_ok=True)
    executing = [page for page in pages if page.executes]
    # A second build of the same book waits at the lock.
    with FileLock(folder / ".lock"), execution.one_thread(), ExitStack() as stack:
        # In a first build the imports, seconds of one core, go on beside the training of the runs.
        kernels = _kernels(stack, [page for page in executing if not execution.entry(folder, page.page.name).exists()])
        waiting = []
        for page in executing:
            for run in page.page.reads(page.parameters):
                ensure(run)
            page.key = execution.key(page.page, page.parameters)
            page.notebook = execution.stored(folder, page.page.name, page.key)
            if page.notebook is None:
                waiting.append(page)
        logger.info("pages: %d to execute, %d unchanged", len(waiting), len(pages) - len(waiting))
        kernels = kernels or _kernels(stack, waiting) or PageKernels
        kernels.prepare(read_by_several(waiting))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            futures = [pool.submit(execute_and_store, page, folder, kernels) for page in waiting]
            try:
                for future in futures:
                    future.result()
            except BaseException as error:
                pool.shutdown(wait=False, cancel_futures=True)
                while isinstance(error, KeyboardInterrupt) and not all(future.done() for future in futures):
                    PageKernels.end_all()  # a page in hand may have minutes to go, and a kernel may just be starting
                    time.sleep(INTERRUPTED_SECONDS)
                raise


def _kernels(stack: ExitStack, pages: Sequence[BookPage]) -> type[PageKernels] | None:
    """Forked kernels for several pages, until the stack closes."""
    return stack.enter_context(forked_kernels(preloaded(page.page for page in pages))) if len(pages) > 1 else None


def preloaded(pages: Iterable[source.Page]) -> list[str]:
    """The modules that kernels of these pages have imported when they start."""
    return [*sorted(set().union(*(page.modules() for page in pages))), "lib.pages.warm"]


def read_by_several(pages: Iterable[BookPage]) -> list[str]:
    """The runs that more than one of these pages reads."""
    readers = Counter(run for page in pages for run in page.page.reads(page.parameters))
    return [run for run, count in readers.items() if count > 1]


def execute_and_store(page: BookPage, folder: Path, kernel_manager: type[PageKernels] = PageKernels) -> None:
    """Execute a page, and keep its outputs in `folder` unless what they depend on has changed meanwhile."""
    name = page.page.name
    started = time.monotonic()
    logger.info("executing %s ...", name)
    page.notebook = execution.execute_page(page.page, page.parameters, kernel_manager)
    logger.info("executed %s in %.0f s", name, time.monotonic() - started)
    if execution.key(page.page, page.parameters) == page.key:
        execution.store(folder, name, page.key, page.notebook)
    else:
        logger.info("%s is executed again by the next build: a run that it shows has grown meanwhile", name)
