"""Provenance in the book: a collapsible line under each figure (code, data, command), and a foot under each page."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from myst_nb.ext.glue import GLUE_PREFIX
from nbformat import NotebookNode
from nbformat.v4 import new_output
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import BashLexer, PythonLexer

DOWNLOADS = "_executed"  # the folder of executed notebooks and of data in the HTML
GLUED = re.compile(r"^```\{glue:figure\} (\S+)$.*?^```$", re.MULTILINE | re.DOTALL)
FOLD = """<details class="origin"><summary>Code · Data · Remake</summary>
<p>Code, a cell of <a href="_sources/{page}.py">the page's script</a> (<a href="{folder}/{page}.ipynb" download>executed</a>):</p>
{code}
<p>Data: {data}.</p>
<p>Remake the page, with parameters of your own; either command will do:</p>
{commands}
</details>"""


FOOT = """<aside class="provenance"><p>{items}. <a href="{notebook}" download>The executed notebook</a>.</p>
<details><summary>Run this page again, with parameters of your own</summary>

```bash
{command}
```

</details></aside>"""


def figures(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode, str | None]]:
    """The figures of an executed notebook: the name of its glue or else of its cell, the cell, and its numbers as CSV."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = {kind.removeprefix(GLUE_PREFIX): value for kind, value in output.get("data", {}).items()}
            if any(kind.startswith("image/") for kind in data):
                glued = output.metadata.get("scrapbook", {}).get("name")
                numbers = data.get("text/csv", "")
                yield glued or f"cell-{cell.execution_count}", cell, numbers if numbers.count("\n") > 1 else None


def visible(notebook: NotebookNode) -> NotebookNode:
    """A copy of an executed notebook in which Jupyter shows what the page glued: MyST-NB's prefix hides the kinds of its data."""
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data = {kind.removeprefix(GLUE_PREFIX): value for kind, value in output.data.items()}
    return notebook


def numbers_name(page: str, figure: str) -> str:
    """The file of a figure's numbers, in the folder of downloads."""
    return f"{page}-{figure}.csv"


def add(notebook: NotebookNode, page: str, provenance: Mapping[str, Any]) -> None:
    """Put the line below every figure of a page, in place: after the output, or after the directive that shows a glued figure."""
    folds: dict[str, str] = {}
    for name, cell, numbers in list(figures(notebook)):
        links = [f'<a href="{DOWNLOADS}/{run}.zip" download>run {run}</a>' for run in provenance["runs"]]
        data = [f"summaries of the page's runs ({', '.join(links)})"] if links else []
        if numbers:
            file = f"{DOWNLOADS}/{numbers_name(page, name)}"
            data.insert(0, f'<a href="{file}" download>the numbers drawn</a>')
        folds[name] = FOLD.format(
            page=page,
            folder=DOWNLOADS,
            code=_highlighted(cell.source, PythonLexer()),
            data="; ".join(data) or "none but what the code holds",
            commands=_highlighted("\n".join(commands(page, provenance["parameters"])), BashLexer()),
        )
        if name.startswith("cell-"):
            cell.outputs.append(new_output("display_data", {"text/html": folds[name]}))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = GLUED.sub(lambda match: f"{match[0]}\n{folds.get(match[1], '')}", cell.source)


def foot(page: str, provenance: Mapping[str, Any]) -> str:
    """The provenance foot of a page as MyST: small print, and the command that makes the page again."""
    versions = ", ".join(f"{package} {number}" for package, number in provenance["versions"].items())
    items = [
        f"Computed {provenance['computed']} in {provenance['seconds']:g} s on one {provenance['processor']} thread",
        f"commit {provenance['commit']}",
        *(
            f"run {run} ({origin['digest']}), computed on {origin['device']} in {origin['precision']}, "
            f"threads {origin['threads']}"
            for run, origin in provenance["runs"].items()
        ),
        versions,
    ]
    command, _ = commands(page, provenance["parameters"])
    return FOOT.format(items="; ".join(items), notebook=f"{DOWNLOADS}/{page}.ipynb", command=command)


def commands(page: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """The commands that make a page again with these parameters: with this library, and with jupytext and papermill alone."""
    written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
    given = "".join(f" -p {name} {shlex.quote(value)}" for name, value in written.items())
    plain = f" -y {shlex.quote(json.dumps(dict(parameters)))}" if parameters else ""
    return (
        f"python -m lib page {page}{given} -o {page}.ipynb",
        f"jupytext --to ipynb -o - book/{page}.py | papermill{plain} - {page}.ipynb",
    )


def _highlighted(code: str, lexer: Any) -> str:
    """Code as HTML, as the theme colours it, on one line: a blank line would end the block of HTML in a markdown cell."""
    coloured = highlight(code, lexer, HtmlFormatter()).strip().replace("\n", "&#10;")
    return f'<div class="highlight-default notranslate">{coloured}</div>'
