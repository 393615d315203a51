"""What readers on the web need beside the pages: descriptions, tags for citations, downloads, and no bytes that nobody uses."""

import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from lib.base import documents, files
from lib.pages.provenance import DOWNLOADS

# The theme loads its icons twice, as a font and by this script. MathJax comes with bundles for every input and output.
ICON_SCRIPT = re.compile(r"\s*<script[^>]*scripts/fontawesome\.js[^>]*></script>")
SHORTEST = 40  # letters of a description: shorter paragraphs are cells of tables
MATHJAX = ("tex-chtml.js", "output/chtml/fonts/", "input/tex/extensions/")
CITED = re.compile(r'(?<=<div )role="list" (?=class="citation-list")')  # its children are links, not items of a list


def connect(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", describe)
    app.connect("html-page-context", offer_notebook, priority=900)  # after the theme has made its buttons
    app.connect("build-finished", lighten, priority=900)  # after MathJax has been copied


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
    for path in (static / "mathjax").rglob("*"):
        if path.is_file() and not path.relative_to(static / "mathjax").as_posix().startswith(MATHJAX):
            unused.append(path)
    for path in unused:
        path.unlink(missing_ok=True)
