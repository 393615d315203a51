"""The layout of tables."""

from lib.analysis import claims
from lib.report import claims as claims_report
from lib.report import controls, experiments, layout, prediction


def test_tables_are_rectangular(summaries, cells):
    for text in (
        prediction.coefficients(summaries, 1),
        claims_report.verdicts(claims.ledger(summaries)),
        claims_report.tests("means"),
        experiments.health(summaries),
        experiments.settings(summaries),
        experiments.coverage(summaries),
        prediction.agreement(summaries),
        controls.controlled(summaries),
        controls.control_counts(summaries),
    ):
        assert len(set(map(len, cells(text)))) == 1


def test_the_jacobians_are_typeset(cells):
    assert cells(layout.markdown(["J_L"], [["of J_I and $J_L$."]])) == [["$J_L$"], ["of $J_I$ and $J_L$."]]
