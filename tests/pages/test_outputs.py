"""From the outputs of an executed page to the cells of the book."""

import nbformat
from markdown_it import MarkdownIt
from nbformat.v4 import new_code_cell, new_output

from lib.pages import outputs


def test_a_caption_may_hold_code():
    """A fence of backticks cannot have a backtick in its first line: the table would be a paragraph."""
    shown = {"name": "tab-x", "caption": "Of the run `digits`.", "body": "| a |\n| :-- |\n| b |"}
    output = new_output("display_data", {"text/markdown": "..."}, metadata={"table": shown})
    *_, cell = outputs.laid_out(nbformat.from_dict(new_code_cell("", outputs=[output])), {})
    (fence,) = MarkdownIt().parse(cell.outputs[0].data["text/markdown"])
    assert (fence.type, fence.info) == ("fence", "{table} Of the run `digits`.")
