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
