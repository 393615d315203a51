"""The layout of the book's tables: MyST Markdown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from string import Formatter

import pandas as pd

from lib.runs import Summary

Summaries = Mapping[str, Summary]
Columns = Sequence[tuple[str, str]]  # of each its heading, and a pattern of a row's fields, such as "{slope:.3f}"


def table(rows: pd.DataFrame, columns: Columns, left: int = 1) -> str:
    """The rows of a frame as a Markdown table; a cell is blank where a field of its pattern is missing."""
    fields = [{name for _, name, _, _ in Formatter().parse(pattern) if name} for _, pattern in columns]
    cells = [
        [
            "" if any(pd.isna(row[name]) for name in needed) else re.sub(r"(?<=\d)%", " %", pattern.format(**row))
            for (_, pattern), needed in zip(columns, fields, strict=True)
        ]
        for row in rows.to_dict("records")
    ]
    return markdown([heading for heading, _ in columns], cells, left)


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are left-aligned, the others right-aligned."""
    sides = ["left" if place < left else "right" for place in range(len(header))]
    frame = pd.DataFrame([[typeset(cell) for cell in row] for row in rows], columns=[typeset(name) for name in header])
    return frame.to_markdown(index=False, colalign=sides, disable_numparse=True)


def by_run(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The frames of several runs, one below the other, led by a column `run`."""
    return pd.concat(frames, names=["run", "row"]).reset_index("run").reset_index(drop=True)


def typeset(cell: object) -> str:
    """A cell as text: J_I and J_L, which are plain text, as formulas; a number that rounds to -0 as 0."""
    text = re.sub(r"(?<![\w.])-(?=0(\.0*)?(?![\d.]))", "", str(cell))
    return re.sub(r"(?<![$\w])J_([IL])\b", r"$J_\1$", text)


def share_in_words(part: float, whole: float) -> str:
    """A share as a word, so that a computed sentence needs no number: from "none" to "all".

    >>> [share_in_words(part, 40) for part in (0, 2, 10, 20, 30, 39, 40)]
    ['none', 'few', 'some', 'about half', 'most', 'nearly all', 'all']
    """
    steps = {0.0: "none", 0.1: "few", 0.4: "some", 0.6: "about half", 0.9: "most", 1.0: "nearly all"}
    if part == whole and whole:
        return "all"
    return next(word for limit, word in steps.items() if part <= limit * whole)


def span(values: pd.Series, pattern: str = "{:.2f}", unit: str = "") -> str:
    """The least and the largest of the values, as text; once where they look alike, empty where there are none."""
    ends = dict.fromkeys(pattern.format(value) for value in (values.min(), values.max())) if len(values) else []
    return " to ".join(ends) + (unit if ends else "")
