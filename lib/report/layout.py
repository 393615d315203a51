"""How every table of the book is laid out: MyST Markdown."""

import re
from collections.abc import Iterable, Mapping, Sequence

from lib.runs import Summary

Summaries = Mapping[str, Summary]


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are left-aligned, the others right-aligned."""
    rules = [":--" if position < left else "--:" for position in range(len(header))]
    lines = [header, rules, *rows]
    return "\n".join("| " + " | ".join(_typeset(str(cell)) for cell in line) + " |" for line in lines)


def _typeset(text: str) -> str:
    """The two Jacobians, named J_I and J_L in plain text, as formulas."""
    return re.sub(r"(?<![$\w])J_([IL])\b", r"$J_\1$", text)


def numbered(name: str, caption: str, body: str) -> str:
    """A Markdown table as a numbered, referable table of the book."""
    return f"````{{table}} {caption}\n:name: {name}\n\n{body}\n````"
