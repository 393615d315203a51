"""What a page shows: sentences, tables and figures, each the output of its cell.

Jupyter, nbviewer and the notebooks of papermill show these outputs as they stand. The book numbers the figures and tables
and makes their captions its own (`lib.pages.outputs` reads the metadata set here).
"""

from collections.abc import Iterable
from inspect import cleandoc

from IPython.display import Markdown, display
from matplotlib.figure import Figure


def say(text: str) -> None:
    """Show sentences in Markdown. Numbers belong in an f-string, beside the code that computes them.

    In an f-string that holds formulas, LaTeX's braces are doubled.
    """
    display(Markdown(cleandoc(text)))


def show_figure(figures: Figure | Iterable[Figure], name: str, caption: str, alt: str) -> None:
    """Show a figure with its caption.

    Several figures, such as one for each run, are parts of one: side by side in the book, one below the other on a phone.
    `name`: its anchor in the book, such as "fig-slopes", and the name of the file of its numbers. `caption`: Markdown; says
    what is drawn. `alt`: plain text for readers who cannot see it; says what it shows.
    """
    parts, caption, alt = (
        [figures] if isinstance(figures, Figure) else list(figures),
        _one_line(caption),
        _one_line(alt),
    )
    for part in parts:
        display(part, metadata={"figure": {"name": name, "caption": caption, "alt": alt}})
    display(Markdown(f"**Figure.** {caption}"), metadata={"caption_of": name})


def show_table(body: str, name: str, caption: str) -> None:
    """Show a Markdown table (`lib.report.layout`) below its caption. `name`: its anchor in the book, such as "table-1"."""
    caption = _one_line(caption)
    table = {"name": name, "caption": caption, "body": body}
    display(Markdown(f"**Table.** {caption}\n\n{body}"), metadata={"table": table})


def fold(title: str, body: str) -> None:
    """Show Markdown that unfolds with a click on its title: a long table, a proof."""
    display(Markdown(f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"))


def _one_line(text: str) -> str:
    """A caption whose lines are broken in the source: in the book it is the one line of a directive."""
    return " ".join(text.split())
