"""Provenance in the book: a collapsible line under each figure (code, data, command), and a foot under each page."""

import json
import shlex
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

import pandas as pd
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from lib import runs

DOWNLOADS = "_executed"  # the folder of executed notebooks and of data in the HTML
FOLD = """<details class="origin"><summary>Code · Data</summary>
<p>Code, a cell of <a href="_sources/{page}.py">the page's script</a> (<a href="{folder}/{page}.ipynb" download>executed</a>):</p>
<div class="highlight-default notranslate">{code}</div>
<p>Data: {data}.</p>
</details>"""


FOOT = """<aside class="provenance"><p>{items}. <a href="{notebook}" download>The executed notebook</a>.</p>
<details><summary>Run this page again, with parameters of your own</summary>

```bash
{commands}
```

</details></aside>"""


def figures(notebook: NotebookNode) -> dict[str, tuple[str, str]]:
    """For each figure of an executed notebook, by name: the source of its cell, and the numbers drawn, as CSV ("" if none).

    A figure that is shown without a name has that of its cell.
    """
    found: dict[str, tuple[str, list[pd.DataFrame]]] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if any(kind.startswith("image/") for kind in output.get("data", {})):
                name = output.metadata.get("figure", {}).get("name") or f"cell-{cell.execution_count}"
                _, parts = found.setdefault(name, (cell.source, []))
                if numbers := output.data.get("text/csv"):
                    parts.append(pd.read_csv(StringIO(numbers), dtype=str, keep_default_na=False))
    return {
        name: (source, pd.concat(parts).to_csv(index=False, lineterminator="\n") if parts else "")
        for name, (source, parts) in found.items()
    }


def numbers_name(page: str, figure: str) -> str:
    """The file of a figure's numbers, in the folder of downloads."""
    return f"{page}-{figure.removeprefix('fig-')}.csv"


def downloadable(names: Iterable[str]) -> list[str]:
    """The runs whose summaries can be downloaded: the committed ones, as the others are made anew in minutes."""
    return [name for name in names if runs.read(name).committed]


def folds(notebook: NotebookNode, page: str, names: Iterable[str]) -> dict[str, str]:
    """For each figure, by name, the line below it, as HTML: its code and its data."""
    links = [f'<a href="{DOWNLOADS}/{run}.zip" download>run {run}</a>' for run in downloadable(names)]
    summaries = [f"summaries of the page's runs ({', '.join(links)})"] if links else []
    lines = {}
    for name, (code, numbers) in figures(notebook).items():
        drawn = [f'<a href="{DOWNLOADS}/{numbers_name(page, name)}" download>the numbers drawn</a>'] if numbers else []
        data = "; ".join(drawn + summaries) or "none but what the code holds"
        # On one line: a blank line would end the block of HTML in a Markdown cell.
        coloured = highlight(code, PythonLexer(), HtmlFormatter()).strip().replace("\n", "&#10;")
        lines[name] = FOLD.format(page=page, folder=DOWNLOADS, code=coloured, data=data)
    return lines


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
    remake = "\n# or\n".join(commands(page, provenance["parameters"]))
    return FOOT.format(items="; ".join(items), notebook=f"{DOWNLOADS}/{page}.ipynb", commands=remake)


def commands(page: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """The commands that make a page again with these parameters: with this library, and with jupytext and papermill alone."""
    written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
    given = "".join(f" -p {name} {shlex.quote(value)}" for name, value in written.items())
    plain = f" -y {shlex.quote(json.dumps(dict(parameters)))}" if parameters else ""
    return (
        f"python -m lib page {page}{given} -o {page}.ipynb",
        f"jupytext --to ipynb -o - book/{page}.py | papermill{plain} - {page}.ipynb",
    )
