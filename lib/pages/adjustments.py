"""What Sphinx, Jupyter Book and their theme do otherwise in this book: warnings, docstrings, buttons, scripts.

What readers on the web need beside the pages is here too: descriptions, tags for citations, and no bytes that nobody uses.
"""

import re
from html import escape
from logging import Filter, LogRecord, getLogger
from pathlib import Path
from typing import Any

from bokeh.util.paths import bokehjs_path
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.logging import WarningIsErrorFilter

from lib.base import documents, files
from lib.pages.provenance import DOWNLOADS

BOKEH_SCRIPTS = ("bokeh.min.js", "bokeh-widgets.min.js")
JUPYTER_BOOK = "https://github.com/executablebooks/jupyter-book"  # the repository that Jupyter Book names by default
# Bold, code, and other markup of reStructuredText.
RST_MARKUP = re.compile(r"(\*\*[^*]+\*\*)|`([^`]+)`|([\\|*]|(?<=\w)_(?!\w))")
# The theme loads its icons twice, as a font and by this script. MathJax comes with bundles for every input and output.
ICON_SCRIPT = re.compile(r"\s*<script[^>]*scripts/fontawesome\.js[^>]*></script>")
SHORTEST = 40  # letters of a description: shorter paragraphs are cells of tables
MATHJAX = ("tex-chtml.js", "output/chtml/fonts/", "input/tex/extensions/")
CITED = re.compile(r'(?<=<div )role="list" (?=class="citation-list")')  # its children are links, not items of a list


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
    app.connect("html-page-context", describe)
    app.connect("html-page-context", launch_as_notebook, priority=900)  # after the theme has made its buttons
    app.connect("html-page-context", offer_notebook, priority=900)
    app.connect("build-finished", lighten, priority=900)  # after MathJax has been copied


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


def describe(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """On `html-page-context`: what search engines, previews and reference managers show of a page."""
    if doctree is None:
        return
    paragraphs = (" ".join(node.astext().split()) for node in doctree.findall(nodes.paragraph))
    description = next((text for text in paragraphs if len(text) > SHORTEST), app.config.html_title)[:300]
    title = f"{context.get('title', '')} · {app.config.html_title}"
    tags = [("description", description), ("og:type", "article"), ("og:title", title), ("og:description", description)]
    if name == app.config.root_doc:
        about = documents.parse((files.ROOT / "CITATION.cff").read_text(), "CITATION.cff")
        tags += [("citation_title", about["title"]), ("citation_publication_date", str(app.config.copyright))]
        tags += [("citation_author", author["name"]) for author in about["authors"]]
    context["metatags"] += "".join(
        f'<meta {"property" if key.startswith("og:") else "name"}="{key}" content="{escape(text)}">\n'
        for key, text in tags
    )


def offer_notebook(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """On `html-page-context`: the executed notebook stands first in the menu of downloads of a page that has one."""
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons" and app.env.doc2path(name).endswith(".py"):
            link = {"type": "link", "url": f"{DOWNLOADS}/{name}.ipynb", "text": ".ipynb", "icon": "fas fa-file-code"}
            group["buttons"].insert(
                0, link | {"label": "download-notebook-button", "tooltip": "Download the executed notebook"}
            )


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """On `build-finished`: remove what no page of the book uses from the folder of its HTML."""
    if exception is not None or app.builder.format != "html":
        return
    html = Path(app.outdir)
    for path in html.glob("*.html"):
        text = path.read_text()
        if (lighter := CITED.sub("", ICON_SCRIPT.sub("", text))) != text:
            files.write(path, lighter)
    static = html / "_static"
    unused = [*static.glob("scripts/fontawesome.js*"), *static.rglob("*.map"), *static.glob("locales/**/*.*")]
    unused += static.rglob("*.ttf")  # for browsers of before 2016, which do not know .woff2
    for path in (static / "mathjax").rglob("*"):
        if path.is_file() and not path.relative_to(static / "mathjax").as_posix().startswith(MATHJAX):
            unused.append(path)
    for path in unused:
        path.unlink(missing_ok=True)
