"""The figures and the tables of the page `attractors`."""

import math

import numpy as np
import pandas as pd

from lib.report import attractors, numbers


def test_a_network_without_attractors_has_blank_cells(cells):
    nothing = dict.fromkeys(("radius_high", "largest", "purity", "single", "exponent"), math.nan)
    counts = dict.fromkeys(("attractors", "like_training", "solved", "fixed_points", "repelling"), 0)
    for table in (attractors.attractors_table, attractors.basins_table):
        line = cells(table({"net": nothing | counts}))[-1]
        assert "nan" not in "".join(line) and line[0] == "net"


def test_rank_correlations_are_left_out_where_there_is_nothing_to_rank(cells):
    draw = np.random.default_rng(0)
    trace = draw.normal(size=60)
    columns = {"trace": trace, "fate": np.where(np.arange(60) < 30, 0, 2), "steps": np.argsort(np.argsort(trace))}
    row = cells(attractors.fate_correlations({"net": columns}, {"trace": "trace"}, 0))[-1]
    assert row[:2] == ["net", "trace"]
    assert row[3].startswith("+1.00 ["), "steps that rise with the trace"
    all_end = columns | {"fate": np.zeros(60, dtype=int)}
    row = cells(attractors.fate_correlations({"net": all_end}, {"trace": "trace"}, 0))[-1]
    assert row[2] == "" and row[3] != ""
    none_end = columns | {"fate": np.full(60, 3)}
    assert len(cells(attractors.fate_correlations({"net": none_end}, {"trace": "trace"}, 0))) == 1, "the header alone"


def test_the_shares_of_fates_are_drawn_and_recorded():
    shares = pd.DataFrame(
        [("$d=2$", "test", 0.5, 0, 0.25, 0.25), ("$d=2$", "noise", 1, 0, 0, 0), ("$d=3$", "test", 0, 0, 0, 1)],
        columns=["network", "start", *"abcd"],
    )
    first, _ = attractors.fates(shares)
    heights = [bar.get_height() for bar in first.axes[0].patches]
    assert heights == [0.5, 1, 0, 0, 0.25, 0, 0.25, 0]
    assert numbers.csv(first).splitlines()[:2] == ["network,start,a,b,c,d", "$d=2$,test,0.5,0,0.25,0.25"]


def test_a_gallery_pairs_fixed_points_with_images():
    images = [np.zeros(4), np.ones(4)]
    figure = attractors.gallery("$d=2$", images, [0.6, 0.4], images[::-1], (2, 2))
    shown = [axis for axis in figure.axes if axis.spines["left"].get_visible()]
    assert len(figure.axes) == 12 and all(axis.get_images() for axis in figure.axes), "the same scale for all networks"
    assert [axis.get_title() for axis in shown] == ["60 %", "40 %", "", ""]
    assert [float(axis.get_images()[0].get_array().max()) for axis in shown] == [0, 1, 1, 0]
