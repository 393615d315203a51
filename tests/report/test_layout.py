"""The layout of tables."""

from lib.analysis import claims
from lib.report import claims as claims_report
from lib.report import controls, experiments, layout, prediction


def test_tables_are_rectangular(summaries, cells):
    for text in (
        prediction.coefficients_table(summaries, 1, "latent"),
        prediction.slopes_table(summaries),
        claims_report.verdicts(claims.ledger(summaries)),
        claims_report.tests("means"),
        experiments.health_table(summaries),
        experiments.settings_table(summaries),
        experiments.coverage(summaries),
        prediction.agreement_table(summaries),
        controls.controlled_table(summaries),
        controls.control_counts_sentence(summaries),
    ):
        assert len(set(map(len, cells(text)))) == 1


def test_the_jacobians_are_typeset(cells):
    assert cells(layout.markdown(["J_L"], [["of J_I and $J_L$."]])) == [["$J_L$"], ["of $J_I$ and $J_L$."]]
