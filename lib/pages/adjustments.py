"""What Sphinx, Jupyter Book and their theme do otherwise in this book: warnings, docstrings, buttons, scripts."""

import re
from logging import Filter, LogRecord, getLogger
from pathlib import Path
from typing import Any

from bokeh.util.paths import bokehjs_path
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.logging import WarningIsErrorFilter

from lib.base import files

BOKEH_SCRIPTS = ("bokeh.min.js", "bokeh-widgets.min.js")
JUPYTER_BOOK = "https://github.com/executablebooks/jupyter-book"  # the repository that Jupyter Book names by default
RST_MARKUP = re.compile(
    r"(\*\*[^*]+\*\*)|`([^`]+)`|([\\|*]|(?<=\w)_(?!\w))"
)  # bold, code, other markup of reStructuredText


class BuildEnds(SystemExit):
    """Ends the build with its message alone: neither Sphinx nor Jupyter Book adds a traceback to a `SystemExit`."""

    def __init__(self, message: str) -> None:
        super().__init__(f"The book was not built. {message}")


def adjust(app: Sphinx) -> None:
    """Register with Sphinx."""
    for event in ("env-before-read-docs", "doctree-resolved"):  # Jupyter Book has Thebe, whose script comes from a CDN
        for listener in list(app.events.listeners[event]):
            if listener.handler.__module__ == "sphinx_thebe":
                app.disconnect(listener.id)
    for handler in getLogger("sphinx").handlers:
        for position, other in enumerate(handler.filters):
            if isinstance(other, WarningIsErrorFilter):  # which would end the build without the page's cell and line
                handler.filters.insert(position, PlaceInPage(app))
                break
    app.connect("autodoc-process-docstring", escape_docstring)
    app.connect("config-inited", offer_repository)
    app.connect("html-page-context", bring_scripts)
    app.connect("html-page-context", launch_as_notebook, priority=900)  # after the theme has made its buttons


class PlaceInPage(Filter):
    """Names page, cell and line of a warning (MyST-NB numbers the lines of cell n from 10000 n); under -W, ends the build."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__()
        self.app = app

    def filter(self, record: LogRecord) -> bool:
        place = re.sub(r"\.py:(\d+)$", _cell_and_line, str(getattr(record, "location", None) or ""))
        if self.app.warningiserror and not getattr(record, "skip_warningsiserror", False):
            text = record.getMessage()
            message = text.partition(": WARNING: ")[2] or text  # docutils repeats the place
            raise BuildEnds(f"{place}: {message}" if place else message)
        setattr(record, "location", place)  # noqa: B010 (an attribute that Sphinx gives a record)
        return True


def _cell_and_line(match: re.Match) -> str:
    cell, line = divmod(int(match[1]), 10000)
    return f".py, cell {cell}, line {line}"


def escape_docstring(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """On `autodoc-process-docstring`: code in single backticks, |norms|, products a * b and indented formulas mean what they say.

    reStructuredText would take them for references, substitutions, emphasis and quotations.
    """
    blocks = "\n".join(lines).split("\n\n")
    for position, block in enumerate(blocks):
        if block.startswith("    "):
            blocks[position] = f"::\n\n{block}"
        elif not block.startswith(">>>"):
            blocks[position] = RST_MARKUP.sub(_escaped, block)
    lines[:] = "\n\n".join(blocks).splitlines()


def _escaped(match: re.Match) -> str:
    bold, code, character = match.groups()
    return bold or (rf"``{code}``\ " if code else rf"\{character}")


def offer_repository(app: Sphinx, config: Config) -> None:
    """On `config-inited`: buttons to launch, edit and report if `_config.yml` names a repository, and none if it does not."""
    options = config.html_theme_options
    known = options.get("repository_url", "") not in ("", JUPYTER_BOOK)
    options |= {f"use_{name}_button": known for name in ("repository", "issues", "edit_page")}
    if not known:
        options |= {"repository_url": "", "launch_buttons": {}}


def launch_as_notebook(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """On `html-page-context`: launch buttons open the script in Jupyter Notebook, which Jupytext shows as a notebook."""
    for group in context.get("header_buttons", []):
        if group.get("label") == "launch-buttons":
            for button in group["buttons"]:
                url = button["url"].replace("urlpath=tree/", "urlpath=notebooks/")
                button["url"] = url.replace(f"{name}.py", f"{name}.py%3Ffactory%3DJupytext%2520Notebook")


def bring_scripts(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """On `html-page-context`: Bokeh's scripts, from its Python package, for pages with a figure to explore and no others."""
    if 'class="explore"' in context.get("body", ""):
        for script in BOKEH_SCRIPTS:
            files.write(Path(app.outdir, "_static", script), bokehjs_path().joinpath("js", script).read_bytes())
            app.add_js_file(script, loading_method="defer")
