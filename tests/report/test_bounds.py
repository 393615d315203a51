"""The figure and the tables of the pages `geometry` and `bounds`."""

import pandas as pd
import torch

from lib import runs
from lib.base import files
from lib.geometry import bounds
from lib.geometry.bounds import check as bound_check
from lib.report import bounds as bounds_report


def test_bounds_are_drawn_against_what_they_bound():
    check = bound_check.check
    actual, zero = torch.tensor([1.0, 2.0]), torch.zeros(2)
    figure = bounds_report.bound_against_actual(
        {
            "below": check("a", "lower", actual / 2, actual, zero),
            "above": check("b", "upper", actual * 1.5, actual, zero),
        }
    )
    below, above, empty = figure.axes
    assert below.lines[0].get_ydata().tolist() == [0.5, 1.0]
    assert above.get_ylim()[1] > 3.0
    assert (below.get_ylabel(), above.get_ylabel()) == ("lower bound", "upper bound")
    assert not empty.get_visible()


def test_checks_show_tightness_errors_and_what_is_vacuous(cells):
    rows = [
        {"latent_dim": d, "statement": name, "kind": kind, "points": 10, "applies": 8, "violations": 0}
        | {"broken_without": 0, "largest_error": error, "tightness_median": tight, "vacuous": vacuous}
        | {"tightness_q05": 0.25, "tightness_q95": 0.75}
        for d in (2, 5)
        for name, kind, error, tight, vacuous in [
            ("tangent plane", "lower", None, 0.5, 0.0),
            ("secant identity", "identity", 1e-12, None, 0.0),
            ("normal part", "lower", None, 0.0, 0.9),
            ("Stein, z-score", "identity", 2.54, None, 0.0),
        ]
    ]
    _, identity, vacuous, tight, simulated = cells(
        bounds_report.checks({"smoke": pd.DataFrame(rows)}, "split", "average")
    )
    assert identity == ["{prf:ref}`thm-secant`: secant identity", "$=$", "smoke", "0 of 16", "1e-12", "1e-12"]
    assert vacuous[-2:] == ["no bound", "no bound"]
    assert simulated[-2:] == ["2.5", "2.5"]
    statement = ["{prf:ref}`cor-lower`: tangent plane", "$\\ge$", "smoke", "0 of 16"]
    assert tight == [*statement, "0.5 (0.25)", "0.5 (0.25)"]


def test_every_statement_that_is_checked_is_shown_under_a_label_of_the_book():
    run = runs.read("smoke")
    encoder, decoder = (module.double() for module in runs.member("smoke", run.table_depth, 2))
    x = run.load_dataset().test.images[:5].double()
    checked = {one.name for one in bounds.evaluate(encoder, decoder, x, x.roll(1, 0))}
    shown = {statement: label for section in bounds_report.STATEMENTS.values() for statement, label in section.items()}
    assert checked == set(shown)
    pages = (files.ROOT / "book" / "geometry.py").read_text() + (files.ROOT / "book" / "bounds.py").read_text()
    for label in shown.values():
        assert f":label: {label}\n" in pages
