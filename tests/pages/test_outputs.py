"""From the outputs of a page to the cells of the book."""

from nbformat.v4 import new_code_cell, new_notebook, new_output

from lib.pages import outputs, provenance


def test_a_caption_with_code_and_line_breaks_stays_one_line_of_its_table():
    """A fence of backticks must not have a backtick on its first line; the argument of a directive ends with the line."""
    table = {"name": "tab-one", "caption": "Seeds of `mnist`\n  at one $d$.", "body": "| a |\n|:--|\n| 1 |"}
    output = new_output("display_data", {"text/markdown": "| a |"}, metadata={"table": table})
    _, cell = outputs.laid_out(new_code_cell("show", outputs=[output]), {})
    first, *_, last = cell.outputs[0].data["text/markdown"].splitlines()
    assert first == "~~~~{table} Seeds of `mnist` at one $d$." and last == "~~~~"


def test_the_parts_of_a_figure_may_have_other_columns():
    """The rows of a second part stood below the columns of the first."""
    cell = new_code_cell("show", execution_count=1)
    for numbers in ("run,slope\none,0.50\n", "run,digit,slope\ntwo,7,0.25\n"):
        data = {"image/svg+xml": "<svg/>", "text/csv": numbers}
        cell.outputs.append(new_output("display_data", data, metadata={"figure": {"name": "fig-x"}}))
    assert provenance.figures(new_notebook(cells=[cell])) == {
        "fig-x": ("show", "run,slope,digit\none,0.50,\ntwo,0.25,7\n")
    }
