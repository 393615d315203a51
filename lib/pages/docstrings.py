"""Docstrings as Sphinx wants them: they are written to be read as plain text, with `code`, |norms|, and indented formulas."""

import re
from typing import Any

from sphinx.application import Sphinx

KEPT = re.compile(r"(`[^`]+`|\*\*[^*]+\*\*)")  # code, and what is set in bold
INDENT = "    "


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx, beside autodoc."""
    app.connect("autodoc-process-docstring", convert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def convert(app: Any, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """On `autodoc-process-docstring`: turn the lines into reStructuredText, in place."""
    lines[:] = restructured(lines)


def restructured(lines: list[str]) -> list[str]:
    """Code in double backticks, indented lines and tables as literal blocks, doctests as they are, and all else as plain text.

    >>> restructured(["The norm |x| of `x`.", "", "    y = |x|"])
    ['The norm \\\\|x\\\\| of ``x``.', '', '::', '', '    y = |x|']
    """
    found: list[str] = []
    literal = doctest = False
    for line in lines:
        if not line.strip():
            doctest = False
            found.append(line)
            continue
        doctest = doctest or line.startswith(">>>")
        verbatim = not doctest and line.startswith((INDENT, "| "))
        if verbatim and not literal:
            found += ([] if not found or not found[-1].strip() else [""]) + ["::", ""]
        literal = verbatim
        if doctest:
            found.append(line)
        elif verbatim:
            found.append(line if line.startswith(INDENT) else INDENT + line)
        else:
            found.append(_inline(line))
    return found


def _inline(line: str) -> str:
    parts = KEPT.split(line)
    parts[1::2] = [f"`{part}`" if part.startswith("`") else part for part in parts[1::2]]
    parts[::2] = [re.sub(r"([\\|*])|(?<=\w)_(?!\w)", r"\\\g<0>", part) for part in parts[::2]]
    parts[2::2] = [rf"\ {part}" if part[:1].isalnum() else part for part in parts[2::2]]
    return "".join(parts)
