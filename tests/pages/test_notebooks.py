"""A page's notebook, as papermill writes it, is whole by itself: Jupyter shows the figures, tables and numbers of the book."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from lib.pages import source

ROLE_OR_DIRECTIVE = re.compile(r"\{[\w:.-]+\}`|^\s*(?:`{3,}|:{3,})\s*\{", re.MULTILINE)
TABLE = re.compile(r"^\|(?: ?:?-+:? ?\|)+\s*$", re.MULTILINE)


@pytest.fixture(scope="module", params=source.page_names())
def page(request, site):
    """The notebook of a page, the texts that its reader sees, and the page in the book."""
    notebook = nbformat.read(site / "_executed" / f"{request.param}.ipynb", as_version=4)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for cell in notebook.cells:
        texts += [text for output in cell.get("outputs", []) if (text := output.get("data", {}).get("text/markdown"))]
    return notebook, texts, BeautifulSoup((site / f"{request.param}.html").read_text(), "html.parser").article


def test_nothing_in_a_notebook_waits_for_sphinx(page):
    notebook, texts, _ = page
    assert not [text for text in texts if ROLE_OR_DIRECTIVE.search(text)]
    kinds = {kind for cell in notebook.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert kinds <= {"text/plain", "text/markdown", "text/html", "text/csv", "image/svg+xml", "image/png"}


def test_a_notebook_shows_what_the_book_shows(page):
    """As many figures and tables as the page in the book, in Jupyter and in nbconvert's HTML."""
    notebook, texts, built = page
    outputs = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    images = sum(any(kind.startswith("image/") for kind in data) for data in outputs)
    tables = sum(len(TABLE.findall(text)) for text in texts)
    assert (images, tables) == (len(built.select("img")), len(built.select("table")))
    html = BeautifulSoup(HTMLExporter(embed_images=True).from_notebook_node(notebook)[0], "html.parser")
    assert len(html.select(".jp-OutputArea-output :is(img, svg)")) >= images
    assert len(html.select("main table")) >= tables


def test_every_figure_and_table_has_a_caption(page):
    _, texts, built = page
    captions = sum(text.startswith("**Figure.**") for text in texts)
    assert captions == len(built.select("figure")) == len(built.select("figcaption .caption-number"))


def test_a_role_and_a_table_would_be_noticed():
    assert ROLE_OR_DIRECTIVE.search("See {numref}`fig-one`.")
    assert ROLE_OR_DIRECTIVE.search("Text\n:::{note}\n")
    assert ROLE_OR_DIRECTIVE.search("```{glue:figure} one\n```")
    assert not ROLE_OR_DIRECTIVE.search(r"The set {0, 1}, `code` and ${\omega}$")
    assert len(TABLE.findall("| a | b |\n| :-- | --: |\n| 1 | 2 |\n\n|a|\n|:--|\n")) == 2
