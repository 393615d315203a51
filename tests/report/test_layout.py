"""The layout of tables."""

from lib.analysis import claims
from lib.report import claims as claims_report
from lib.report import controls, experiments, layout, prediction


def test_tables_are_rectangular(summaries, cells):
    for text in (
        prediction.coefficients_table(summaries, 1, "latent"),
        prediction.slopes_table(summaries),
        claims_report.claims_table(claims.ledger(summaries)),
        claims_report.verdict_counts(summaries, claims.ledger(summaries)),
        experiments.health_table(summaries),
        experiments.settings_table(summaries),
        experiments.coverage(summaries),
        prediction.agreement_table(summaries),
        controls.controlled_table(summaries, "{slope:.2f}"),
        controls.counts_table(summaries),
    ):
        assert len(set(map(len, cells(text)))) == 1


def test_a_number_that_rounds_to_zero_has_no_sign(cells):
    row = ["-0.00 ± 0.04", "-0.01", "-0", "1e-05", "digits-0", "-0.5", "0.1 to -0.00"]
    assert cells(layout.markdown(row, []))[0] == [
        "0.00 ± 0.04",
        "-0.01",
        "0",
        "1e-05",
        "digits-0",
        "-0.5",
        "0.1 to 0.00",
    ]


def test_the_jacobians_are_typeset(cells):
    assert cells(layout.markdown(["J_L"], [["of J_I and $J_L$."]])) == [["$J_L$"], ["of $J_I$ and $J_L$."]]
