"""The Sphinx extension: pages execute before Sphinx reads them, a page with a new key is read again, a failing page fails.

Sphinx reads a page's script and emits `source-read`, whose handler puts the executed notebook in its place, as JSON; so
`_config.yml` names nbformat's reader for .py files.
"""

import gc
import shutil
from html import escape
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx_external_toc.parsing import parse_toc_yaml

from lib import runs
from lib.base import files
from lib.base.digests import code_digest
from lib.base.errors import InputError
from lib.pages import adjustments, provenance
from lib.pages.adjustments import BuildEnds
from lib.pages.archive import pack
from lib.pages.book import BookPage, execute_pages, load_pages
from lib.pages.execution import PageError
from lib.pages.outputs import JoinParts
from lib.pages.source import MOVED


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    adjustments.adjust(app)
    app.add_transform(JoinParts)
    book = Book()
    app.connect("config-inited", refuse_top, priority=1)
    app.connect("builder-inited", book.execute)
    app.connect("env-get-outdated", book.outdated)
    app.connect("source-read", book.show_executed)
    app.connect("doctree-read", book.remember)
    app.connect("env-get-updated", renamed, priority=900)  # after Sphinx has counted
    app.connect("build-finished", book.copy_notebooks)
    app.connect("build-finished", remove_stale)
    app.connect("build-finished", lambda *_: gc.enable())
    version = int(code_digest((__name__,))[:8], 16)  # Sphinx reads all pages again if this changes
    return {"env_version": version, "parallel_read_safe": False, "parallel_write_safe": True}


BUILDERS = ("html", "singlehtml", "linkcheck")
REDIRECT = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Moved</title>
<meta http-equiv="refresh" content="0; url={new}"><link rel="canonical" href="{new}">
<p>Now a part of the page <a href="{new}">{title}</a>.</p></html>
"""
MADE = {"genindex", "search", "py-modindex", "prf-prf"}  # pages of HTML that Sphinx makes by itself


class Book:
    """The executable pages of one build, by name."""

    def __init__(self) -> None:
        self.pages: dict[str, BookPage] = {}

    def execute(self, app: Sphinx) -> None:
        """On `builder-inited`: compute the runs that pages need, and execute the pages whose outputs are not stored."""
        if app.builder.name not in BUILDERS:
            raise BuildEnds(
                f"The builder {app.builder.name} cannot show its figures; choose one of: {', '.join(BUILDERS)}."
            )
        names = [
            str(Path(name).with_suffix("")) for name in parse_toc_yaml(Path(app.confdir, app.config.external_toc_path))
        ]
        for name in names:
            if "/" in name and Path(app.srcdir, f"{name}.py").exists():
                raise BuildEnds(
                    f"The page {name}.py lies in a folder of its own; move it into {Path(app.srcdir).name}/ itself."
                )
        try:
            self.pages = load_pages(names, Path(app.srcdir))
            execute_pages(self.pages.values(), Path(app.outdir).parent / "executed")
        except (InputError, PageError) as error:
            raise BuildEnds(str(error)) from error
        except KeyboardInterrupt as error:
            raise BuildEnds(
                "It was interrupted; pages that had been executed are kept, and the next build goes on."
            ) from error
        gc.freeze()
        gc.disable()  # Sphinx's documents live as long as the build: looking for garbage takes a fifth of its time

    def outdated(self, app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
        """On `env-get-outdated`: the pages whose key or notes have changed since they were last read."""
        known = getattr(env, "page_keys", {})
        return [name for name, page in self.pages.items() if known.get(name) != page.read_with]

    def show_executed(self, app: Sphinx, name: str, text: list[str]) -> None:
        """On `source-read`: put the executed notebook in place of a page's script. Its prose may have changed meanwhile."""
        if app.env.doc2path(name).endswith(".py"):
            notebook = jupytext.reads(text[0], fmt="py:percent")
            code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
            if name not in self.pages or code != self.pages[name].page.code:
                raise BuildEnds(
                    f"The page {name}.py is not in the table of contents, or changed during the build; build again."
                )
            text[0] = nbformat.writes(self.pages[name].content(notebook))

    def remember(self, app: Sphinx, doctree: Any) -> None:
        """On `doctree-read`: note the key and the notes with which a page was read."""
        name = app.env.docname
        if name in self.pages:
            known = getattr(app.env, "page_keys", {})
            setattr(app.env, "page_keys", known | {name: self.pages[name].read_with})  # noqa: B010 (pickled with env)

    def copy_notebooks(self, app: Sphinx, exception: Exception | None) -> None:
        """On `build-finished`: put notebooks, figures' numbers and runs' summaries into the HTML, for readers to download."""
        if exception is not None or app.builder.format != "html":
            return
        target = Path(app.outdir, provenance.DOWNLOADS)
        shutil.rmtree(target, ignore_errors=True)  # the downloads of an earlier build
        target.mkdir()
        notebooks = {name: page.notebook for name, page in self.pages.items() if page.notebook is not None}
        parameters = [notebook.metadata["provenance"]["parameters"] for notebook in notebooks.values()]
        shown = {run for values in parameters for run in values.get("runs", [])}
        for run in provenance.downloadable(sorted(shown)):
            pack(target / f"{run}.zip", ((path.name, path) for path in runs.summary_files(run)))
        for name, notebook in notebooks.items():
            for figure, (_, numbers) in provenance.figures(notebook).items():
                if numbers:
                    files.write(target / provenance.numbers_name(name, figure), numbers)
            files.write(target / f"{name}.ipynb", nbformat.writes(notebook))


def refuse_top(app: Sphinx, config: Config) -> None:
    """On `config-inited`: the book lies in book/, although its configuration can be seen at the top, too."""
    if Path(app.srcdir) == files.ROOT:
        raise BuildEnds("Its pages lie in book/; build it with: jupyter-book build book/")


def renamed(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """On `env-get-updated`: all pages if a page has a new title, a figure, table or theorem a new number, or a style or script
    has changed. Sphinx does not write pages again, or copy styles and scripts, for any of these.
    """
    titles = {name: title.astext() for name, title in env.titles.items()}
    static = [path for folder in app.config.html_static_path for path in sorted(Path(app.srcdir, folder).glob("*"))]
    sums = [files.sha256(path) for path in static if path.is_file()]
    before, now = getattr(env, "page_names", None), repr((titles, env.toc_fignumbers, sums))
    setattr(env, "page_names", now)  # noqa: B010 (pickled with env)
    return sorted(env.found_docs) if before != now else []


def remove_stale(app: Sphinx, exception: Exception | None) -> None:
    """On `build-finished`: remove the pages and images of earlier builds, and lead old addresses to the pages of today."""
    if exception is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    for path in folder.glob("*.html"):
        if path.stem not in app.env.found_docs | MADE:
            path.unlink()
    for path in folder.glob("_sources/*"):
        if path.name.partition(".")[0] not in app.env.found_docs:
            path.unlink()
    images = {name for _, name in app.env.images.values()}
    for path in folder.glob("_images/*"):
        if path.name not in images:
            path.unlink()
    for old, new in MOVED.items():
        title = app.env.titles.get(new.partition(".")[0])
        if title is not None and old not in app.env.found_docs:
            files.write(folder / f"{old}.html", REDIRECT.format(new=new, title=escape(title.astext())))
