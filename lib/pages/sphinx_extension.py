"""The Sphinx side: pages execute before Sphinx reads, a page whose key has changed is read again, a failing page fails.

Sphinx hands a reader of notebook formats nothing but the text, so what the build knows (which page has which executed
notebook) is kept here between `builder-inited` and the reading.
"""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from logging import Filter, LogRecord, getLogger
from pathlib import Path
from typing import Any

import nbformat
from bokeh.util.paths import bokehjs_path
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.logging import WarningIsErrorFilter
from sphinx_external_toc.parsing import parse_toc_yaml

from lib import runs
from lib.base import files
from lib.base.digests import code_digest
from lib.base.errors import InputError
from lib.pages import execution, source
from lib.pages import provenance as origins
from lib.pages.archive import pack
from lib.pages.provenance import DOWNLOADS

SCRIPTS = ("bokeh.min.js", "bokeh-widgets.min.js")
JUPYTER_BOOK = "https://github.com/executablebooks/jupyter-book"  # the repository that Jupyter Book names by default
AT_ONCE = 2  # pages executed side by side
MARKUP = re.compile(r"(\*\*[^*]+\*\*)|`([^`]+)`|([\\|*]|(?<=\w)_(?!\w))")  # bold, code, what else is markup
logger = logging.getLogger(__name__)


class BuildEnds(SystemExit):
    """Ends the build with its message alone: neither Sphinx nor Jupyter Book adds a traceback to a `SystemExit`."""

    def __init__(self, message: str) -> None:
        super().__init__(f"The book was not built. {message}")


class PlaceInPage(Filter):
    """Names page, cell and line of a warning (MyST-NB numbers the lines of cell n from 10000 n); under -W, ends the build."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__()
        self.app = app

    def filter(self, record: LogRecord) -> bool:
        place = re.sub(r"\.py:(\d+)$", _cell_and_line, str(getattr(record, "location", None) or ""))
        if self.app.warningiserror and not getattr(record, "skip_warningsiserror", False):
            message = (
                record.getMessage().partition(": WARNING: ")[2] or record.getMessage()
            )  # docutils repeats the place
            raise BuildEnds(f"{place}: {message}" if place else message)
        setattr(record, "location", place)  # noqa: B010 (an attribute that Sphinx gives a record)
        return True


def _cell_and_line(match: re.Match) -> str:
    cell, line = divmod(int(match[1]), 10000)
    return f".py, cell {cell}, line {line}"


@dataclass
class Book:
    """The executed pages of the build in hand: their keys, notes and notebooks by name, and names by their text."""

    keys: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    notebooks: dict[str, NotebookNode] = field(default_factory=dict)
    by_text: dict[str, str] = field(default_factory=dict)


BOOK = Book()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    for event in ("env-before-read-docs", "doctree-resolved"):  # Jupyter Book has Thebe, whose script comes from a CDN
        for one in [one for one in app.events.listeners[event] if one.handler.__module__ == "sphinx_thebe"]:
            app.disconnect(one.id)
    for handler in getLogger("sphinx").handlers:
        places = [place for place, one in enumerate(handler.filters) if isinstance(one, WarningIsErrorFilter)]
        if places:
            handler.filters.insert(places[0], PlaceInPage(app))
    app.connect("autodoc-process-docstring", escape_docstring)
    app.connect("config-inited", offer_repository)
    app.connect("builder-inited", execute_pages)
    app.connect("env-get-outdated", outdated)
    app.connect("html-page-context", bring_scripts)
    app.connect("html-page-context", launch_as_notebook, priority=900)  # after the theme has made its buttons
    app.connect("doctree-read", remember)
    app.connect("env-get-updated", renumbered, priority=900)  # after Sphinx has counted
    app.connect("build-finished", copy_notebooks)
    version = int(code_digest((__name__,))[:8], 16)  # Sphinx reads all pages again where this is another
    return {"env_version": version, "parallel_read_safe": False, "parallel_write_safe": True}


def offer_repository(app: Sphinx, config: Config) -> None:
    """On `config-inited`: buttons to launch, edit and report where `_config.yml` names a repository, and none where it does not."""
    options = config.html_theme_options
    known = options.get("repository_url", "") not in ("", JUPYTER_BOOK)
    options |= {f"use_{name}_button": known for name in ("repository", "issues", "edit_page")}
    if not known:
        options |= {"repository_url": "", "launch_buttons": {}}


def launch_as_notebook(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """On `html-page-context`: launch a page, which is a script, in Jupyter Notebook as the notebook that Jupytext makes of it."""
    for group in context.get("header_buttons", []):
        if group.get("label") == "launch-buttons":
            for button in group["buttons"]:
                url = button["url"].replace("urlpath=tree/", "urlpath=notebooks/")
                button["url"] = url.replace(f"{name}.py", f"{name}.py%3Ffactory%3DJupytext%2520Notebook")


def escape_docstring(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """On `autodoc-process-docstring`: code in single backticks, |norms|, products a * b and indented formulas mean what they say.

    reStructuredText would take them for references, substitutions, emphasis and quotations.
    """
    blocks = "\n".join(lines).split("\n\n")
    for position, block in enumerate(blocks):
        if block.startswith("    "):
            blocks[position] = f"::\n\n{block}"
        elif not block.startswith(">>>"):
            blocks[position] = MARKUP.sub(_escaped, block)
    lines[:] = "\n\n".join(blocks).splitlines()


def _escaped(match: re.Match) -> str:
    bold, code, character = match.groups()
    return bold or (rf"``{code}``\ " if code else rf"\{character}")


def folder_of(app: Sphinx) -> Path:
    """Where executed notebooks are kept: beside the builder's output, book/_build/executed."""
    return Path(app.outdir).parent / "executed"


def execute_pages(app: Sphinx) -> None:
    """On `builder-inited`: compute the runs that pages need, then execute the pages whose outputs are not there, two at a time."""
    try:
        _execute_pages(app)
    except (InputError, execution.PageError) as error:
        raise BuildEnds(str(error)) from error


def _execute_pages(app: Sphinx) -> None:
    folder = folder_of(app)
    folder.mkdir(parents=True, exist_ok=True)
    BOOK.keys, BOOK.notes, BOOK.notebooks, BOOK.by_text = {}, {}, {}, {}
    pages = _pages(app)
    ensure = cache(runs.ensure)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second build of the same book waits here
        jobs = []
        for name in pages:
            page, parameters = pages[name]
            for run in page.reads(parameters):
                ensure(run)
            BOOK.keys[name] = execution.key(page, parameters)
            notebook = execution.stored(folder, name, BOOK.keys[name])
            if notebook is None:
                jobs.append(name)
            else:
                BOOK.notebooks[name] = notebook
        logger.info("pages: %d to execute, %d unchanged", len(jobs), len(pages) - len(jobs))
        with execution.one_thread(), ThreadPoolExecutor(AT_ONCE) as pool:
            futures = [pool.submit(_execute_page, folder, name, *pages[name]) for name in jobs]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


def _pages(app: Sphinx) -> dict[str, tuple[source.Page, dict[str, Any]]]:
    """The percent pages of the table of contents, each with its parameters; BOOK_RUNS overrides their `runs`.

    A kept run whose results are absent or damaged is left out, and the page says so; a page whose last run that was is
    nothing but its title and this.
    """
    book = Path(app.srcdir)
    in_toc = {
        Path(name).with_suffix("").name for name in parse_toc_yaml(Path(app.confdir, app.config.external_toc_path))
    }
    chosen = os.environ.get("BOOK_RUNS")
    absent = cache(runs.missing_reason)
    pages = {}
    for name in source.names(book):
        if name in in_toc:
            page = source.load(name, book)
            given = {"runs": chosen.split(",")} if chosen and "runs" in page.parameters else {}
            parameters = source.checked(page, given)
            BOOK.notes[name] = []
            for parameter in filter(source.holds_runs, parameters):
                missing = {run: why for run in parameters[parameter] if (why := absent(run))}
                parameters[parameter] = [run for run in parameters[parameter] if run not in missing]
                BOOK.notes[name] += [f"The run {run} is not shown here. {why}" for run, why in missing.items()]
            BOOK.by_text[(book / f"{name}.py").read_text()] = name
            if all(parameters[parameter] for parameter in filter(source.holds_runs, parameters)):
                pages[name] = (page, parameters)
            else:
                BOOK.keys[name] = "without runs"
    return pages


def _execute_page(folder: Path, name: str, page: source.Page, parameters: Mapping[str, Any]) -> None:
    started = time.monotonic()
    logger.info("executing %s ...", name)
    notebook = execution.execute(page, parameters)
    BOOK.notebooks[name] = notebook
    logger.info("executed %s in %.0f s", name, time.monotonic() - started)
    if execution.key(page, parameters) == BOOK.keys[name]:
        execution.store(folder, name, BOOK.keys[name], notebook)
    else:
        logger.info("%s is executed again by the next build: a run that it shows has grown meanwhile", name)


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """On `env-get-outdated`: the pages whose key is not the one they were last read with."""
    known = getattr(env, "page_keys", {})
    return [name for name in BOOK.keys if known.get(name) != _read_with(name) and name in env.found_docs]


def remember(app: Sphinx, doctree: Any) -> None:
    """On `doctree-read`: note the key a page was read with."""
    name = app.env.docname
    if name in BOOK.keys:
        known = getattr(app.env, "page_keys", {})
        setattr(app.env, "page_keys", known | {name: _read_with(name)})  # noqa: B010 (pickled with the environment)


def _read_with(name: str) -> list[str]:
    """What the text of a page depends on besides its file."""
    return [BOOK.keys[name], *BOOK.notes[name]]


def renumbered(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """On `env-get-updated`: all pages where a figure, table or theorem has another number; Sphinx forgets who refers to it."""
    before, now = getattr(env, "page_numbers", None), repr(env.toc_fignumbers)
    setattr(env, "page_numbers", now)  # noqa: B010
    return sorted(env.found_docs) if before != now else []


def copy_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """On `build-finished`: put notebooks, figures' numbers and runs' summaries into the HTML, for readers to download."""
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir, DOWNLOADS)
    shutil.rmtree(target, ignore_errors=True)  # what an earlier build offered
    target.mkdir()
    shown = {run for notebook in BOOK.notebooks.values() for run in notebook.metadata["provenance"]["runs"]}
    for run in sorted(shown):
        pack(target / f"{run}.zip", ((path.name, path) for path in runs.summary_files(run)))
    for name, notebook in BOOK.notebooks.items():
        for figure, _, numbers in origins.figures(notebook):
            if numbers:
                files.write(target / origins.numbers_name(name, figure), numbers)
        files.write(target / f"{name}.ipynb", nbformat.writes(notebook))


def bring_scripts(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """On `html-page-context`: Bokeh's scripts, from its Python package, for a page that has a figure to explore, no other."""
    if 'class="explore"' in context.get("body", ""):
        for script in SCRIPTS:
            files.write(Path(app.outdir, "_static", script), bokehjs_path().joinpath("js", script).read_bytes())
            app.add_js_file(script, loading_method="defer")


def read(text: str) -> NotebookNode:
    """The page of this percent text with its outputs and a provenance foot: what `nb_custom_formats` names."""
    name = BOOK.by_text.get(text)
    if name is None:
        raise BuildEnds(
            "A .py page was read that is not in the table of contents, or changed during the build; build again."
        )
    notebook = source.parse(name, text).notebook
    title, _, rest = notebook.cells[0].source.partition("\n")
    notes = [f":::{{warning}}\n{note}\n:::\n" for note in BOOK.notes[name]]
    if name not in BOOK.notebooks:
        notebook.cells = [new_markdown_cell("\n".join([title, "", *notes]))]
        return notebook
    executed = BOOK.notebooks[name]
    outputs = iter(execution.code_cells(executed))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            done = next(outputs)
            cell.outputs, cell.execution_count = [*done.outputs], done.execution_count
    notebook.metadata["language_info"] = executed.metadata.get("language_info", {"name": "python"})
    notebook.cells[0].source = "\n".join([title, "", *notes, rest])
    provenance = executed.metadata["provenance"]
    origins.add(notebook, name, provenance)
    notebook.cells.append(new_markdown_cell(_foot(name, provenance)))
    return notebook


FOOT = """<aside class="provenance"><p>{items}. <a href="{notebook}" download>The executed notebook</a>.</p>
<details><summary>Run this page again, with parameters of your own</summary>

```bash
{command}
```

</details></aside>"""


def _foot(name: str, provenance: Mapping[str, Any]) -> str:
    """The provenance foot as MyST: small print, and the command that makes the page again."""
    versions = ", ".join(f"{package} {number}" for package, number in provenance["versions"].items())
    items = [
        f"Computed {provenance['computed']} in {provenance['seconds']:g} s on one {provenance['processor']} thread",
        f"commit {provenance['commit']}",
        *(
            f"run {run} ({one['digest']}), computed on {one['device']} in {one['precision']}, threads {one['threads']}"
            for run, one in provenance["runs"].items()
        ),
        versions,
    ]
    command, _ = origins.commands(name, provenance["parameters"])
    return FOOT.format(items="; ".join(items), notebook=f"{DOWNLOADS}/{name}.ipynb", command=command)
