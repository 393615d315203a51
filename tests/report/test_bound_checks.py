"""The figure and the tables of the page `bound_checks`."""

import io

import pandas as pd
import torch

from lib import runs
from lib.analysis import bound_checks
from lib.base import files
from lib.geometry import bounds
from lib.geometry.bounds.check import check
from lib.report import bound_checks as report
from lib.report import numbers


def test_every_bound_has_its_panel_and_points_above_it_are_counted():
    actual, zero = torch.tensor([1.0, 2.0]), torch.zeros(2)
    checks = [
        check("second application, lower", "lower", actual / 2, actual, zero),
        check("second application, upper", "upper", torch.tensor([1.5, 70.0]), actual, zero),
    ]
    below, above = (report.bound_against_actual(one, latent_dim=3).axes[0] for one in checks)
    assert [axis.get_title("left") for axis in (below, above)] == [one.name for one in checks]
    assert below.lines[0].get_ydata().tolist() == [0.5, 1.0]
    assert above.lines[0].get_ydata().tolist() == [1.5]
    (clipped,) = above.lines[-1].get_ydata()
    assert clipped < above.get_ylim()[1]
    assert (below.get_title("right"), above.get_title("right")) == ("", "1 above")
    assert (below.get_ylabel(), above.get_ylabel()) == ("lower bound", "upper bound")
    rows = pd.read_csv(io.StringIO(numbers.csv(above.figure)))
    assert list(rows) == ["latent_dim", "statement", "kind", "actual", "bound"] and rows["bound"].max() == 70


def checked(**columns):
    return pd.DataFrame(
        [
            {"run": "smoke", "latent_dim": d, "statement": name, "kind": kind, "points": 10, "applies": applies}
            | {"violations": 0, "largest_error": error, "tightness_median": tight, "vacuous": vacuous}
            | {"tightness_q05": 0.25, "tightness_q95": 2345.0}
            for d in (2, 5)
            for name, kind, applies, error, tight, vacuous in [
                ("tangent plane", "lower", 8, None, d / 10, 0.0),
                ("two-sided, upper", "upper", 8, None, 12.0, 0.0),
                ("secant identity", "identity", 8, 1e-12, None, 0.0),
                ("certified radius", "identity", 8, 0.0, None, 0.0),
                ("normal part", "lower", 8, None, 0.0, 0.9),
                ("orthogonal eigenvectors, lower", "lower", 0, None, None, 0.0),
                ("Stein, z-score", "identity", 8, 2.54, None, 0.0),
            ]
        ]
    ).assign(**columns)


def test_a_statement_is_one_row_of_violations_and_tightness(cells):
    rows = checked()
    _, radius, identity = cells(report.check_summary(rows, "identities"))
    assert radius == ["[certified radius](#cor-radius)", "0 of 16", "0"]
    assert identity == ["[secant identity](#thm-secant)", "0 of 16", "1e-12"]
    _, vacuous, tight, upper = cells(report.check_summary(rows, "residual"))
    assert vacuous[-1] == "no bound"
    assert tight == ["[tangent plane](#cor-lower)", "0 of 16", "0.2 to 0.5"]
    assert upper[-1] == "12"
    assert len(cells(report.check_summary(rows, "orthogonal"))) == 1, "no row of 0 checks"
    assert cells(report.check_summary(checked(violations=1), "identities"))[1][1] == "2 of 16"


def test_all_statements_of_a_run_stand_by_latent_dimension(cells):
    header, *rows = cells(report.checks_by_dim(checked()))
    assert header == ["statement", "$d=2$", "$d=5$"]
    by_name = {row[0].partition("]")[0][1:]: row[1:] for row in rows}
    assert by_name["tangent plane"] == ["0.2 (0.25)", "0.5 (0.25)"]
    assert by_name["two-sided, upper"] == ["12 (2,300)"] * 2
    assert by_name["Stein, z-score"] == ["2.5"] * 2
    assert "orthogonal eigenvectors, lower" not in by_name


def test_totals_count_networks_pairs_and_checks():
    totals = bound_checks.check_totals(checked())
    assert totals == {
        "statements": 7,
        "applied": 6,
        "networks": 2,
        "pairs": 20,
        "checks": 96,
        "violations": 0,
    }


def test_every_statement_that_is_checked_is_shown_and_proved():
    run = runs.read("smoke")
    encoder, decoder = (module.double() for module in runs.member("smoke", run.table_depth, 2))
    x = run.load_dataset().test.images[:5].double()
    checked = {one.name for one in bounds.evaluate(encoder, decoder, x, x.roll(1, 0))}
    shown = {statement: label for table in report.STATEMENTS.values() for statement, label in table.items()}
    assert checked == set(shown)
    proofs = (files.ROOT / "book" / "proofs.md").read_text()
    for label in shown.values():
        assert f"({label})=\n:::{{prf:" in proofs and f":label: {label}\n" in proofs, label
