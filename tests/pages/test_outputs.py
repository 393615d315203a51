"""From the outputs of a page to the cells of the book."""

from nbformat.v4 import new_code_cell, new_output

from lib.pages import outputs


def test_a_caption_with_code_and_line_breaks_stays_one_line_of_its_table():
    """A fence of backticks must not have a backtick on its first line; the argument of a directive ends with the line."""
    table = {"name": "tab-one", "caption": "Seeds of `mnist`\n  at one $d$.", "body": "| a |\n|:--|\n| 1 |"}
    output = new_output("display_data", {"text/markdown": "| a |"}, metadata={"table": table})
    _, cell = outputs.laid_out(new_code_cell("show", outputs=[output]), {})
    first, *_, last = cell.outputs[0].data["text/markdown"].splitlines()
    assert first == "~~~~{table} Seeds of `mnist` at one $d$." and last == "~~~~"
