"""From the outputs of an executed page to what Sphinx reads: figures and tables numbered, captions theirs, code folded.

`lib.report.output` shows a figure as one or more images, whose metadata name it, followed by its caption as Markdown. For
Sphinx each figure becomes a cell of its own, with MyST-NB's metadata for its name, caption and alternative text.
"""

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from sphinx.transforms import SphinxTransform

NUMBERED_TABLE = "~~~~{{table}} {caption}\n:name: {name}\n\n{body}\n~~~~"  # a caption may hold backticks
IN_BRIEF = "> **In brief"  # the beginning of a page's summary
SHOWN = {"parameters", "show-input"}  # tags of the cells whose code the book shows unfolded
HIDDEN = {"remove-input", "hide-input", "remove-cell"}


def laid_out(cell: NotebookNode, folds: dict[str, str]) -> Iterator[NotebookNode]:
    """The cells of the book for an executed code cell; `folds`: for each figure, HTML to stand below it."""
    hide_code(cell)
    outputs, cell.outputs = cell.outputs, []
    yield cell
    begun = ""  # the figure whose parts come next
    for output in outputs:
        known = output.get("metadata", {})
        if figure := known.get("figure"):
            named = {"name": figure["name"], "caption": figure["caption"], "classes": "whole"}
            options = {"figure": {"classes": "part"} if begun == figure["name"] else named}
            yield further_cell(output, mystnb=options | {"image": {"alt": figure["alt"]}})
            begun = figure["name"]
        elif name := known.get("caption_of"):
            if html := folds.get(name):
                yield further_cell(new_output("display_data", {"text/html": html}))
        else:
            if table := known.get("table"):
                line = {"caption": " ".join(table["caption"].split())}
                output.data["text/markdown"] = NUMBERED_TABLE.format(**table | line)
            yield further_cell(output)


def brief_first(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells with the page's summary, which is computed, right below its title and its first paragraph."""
    for position, cell in enumerate(cells):
        texts = [output.get("data", {}).get("text/markdown", "") for output in cell.get("outputs", [])]
        if any(text.startswith(IN_BRIEF) for text in texts):
            return [cells[0], cell, *cells[1:position], *cells[position + 1 :]]
    return cells


def further_cell(output: NotebookNode, **metadata: Any) -> NotebookNode:
    return new_code_cell(
        "# an output of the cell above", outputs=[output], metadata={"tags": ["remove-input"]} | metadata
    )


def hide_code(cell: NotebookNode) -> None:
    """Fold the code of a cell, unless its tags say what becomes of it.

    A cell that shows figures, sentences or tables alone has no code in the book: that of a figure is in the fold below it.
    """
    tags = cell.metadata.setdefault("tags", [])
    if SHOWN & set(tags) or HIDDEN & set(tags):
        return
    shows = [output for output in cell.outputs if output.get("data", {}).keys() & {"text/markdown", "image/svg+xml"}]
    tags.append("remove-input" if shows and len(shows) == len(cell.outputs) else "hide-input")


class JoinParts(SphinxTransform):
    """Put the parts of a figure into its one figure node: MyST-NB makes a node for each image."""

    default_priority = 400  # before Sphinx collects the labels

    def apply(self, **_: object) -> None:
        whole = None
        for figure in list(self.document.findall(nodes.figure)):
            if "whole" in figure["classes"]:
                whole = figure
            elif "part" in figure["classes"] and whole is not None:
                images = [child for child in whole.children if not isinstance(child, nodes.caption | nodes.legend)]
                whole.insert(len(images), figure.children[0])
                whole["classes"] = [*whole["classes"], "parts"]
                figure.parent.remove(figure)
