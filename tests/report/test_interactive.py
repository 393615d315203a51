"""The figure to explore."""

import json
import subprocess
import sys

from lib.analysis import evidence
from lib.report import interactive


def test_a_figure_to_explore_is_the_same_each_time_and_holds_the_slopes_it_offers(summaries):
    """In another process, as ids are counted in one; no NaN, no address of a server."""
    code = (
        "from lib.report import interactive; from lib.runs import summary;"
        " print(interactive.class_slopes({'smoke': summary('smoke')}).html)"
    )
    texts = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert texts[0] == texts[1]
    assert "NaN" not in texts[0]
    assert "http" not in texts[0]
    rows = evidence.slopes(summaries["smoke"], "trace", space="input", depth=4, label=-1)
    assert json.dumps(json.dumps(rows["test_slope"].round(4).tolist()))[1:-1] in texts[0]
    assert str(interactive.class_slopes(summaries)).endswith(interactive.ABSENT)


def test_all_images_and_class_one_are_drawn_at_first_and_all_images_alone_have_intervals(summaries):
    """Ten lines with their names lay on each other at first; the intervals were those of least squares."""
    html = interactive.class_slopes(summaries).html
    assert '"active":[0,2]' in html.replace(" ", ""), "of all images, class 0, class 1, and so on"
    columns = interactive._columns(summaries["smoke"], "trace", "input", -1)
    rows = evidence.raw_slopes(summaries["smoke"], predictor="trace", space="input")
    assert columns["told"][0] == f"{rows['slope'][0]:.2f} ± {rows['high'][0] - rows['slope'][0]:.2f}"
    assert "±" not in "".join(interactive._columns(summaries["smoke"], "trace", "input", 1)["told"])


def test_the_choices_have_a_name_and_the_instruction_is_inside_the_figure(summaries):
    """Print hides the figure, and with it how to use it."""
    html = interactive.class_slopes(summaries).html
    assert 'role="group" aria-label="Choices' in html
    assert html.index('class="explore"') < html.index(interactive.HINT) < html.index("<script>")
