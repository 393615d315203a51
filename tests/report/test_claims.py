"""Tables of the page `claims`."""

import dataclasses
import re

import pandas as pd
import pytest

from lib.analysis import claims
from lib.report import claims as claims_report


def of_one_claim(*outcomes: tuple[str, str, int, int], source: str = "Figure 4, top") -> pd.DataFrame:
    """A list of claims with a single one, by run: verdict, held, estimates."""
    told = {"id": "a", "statement": "The mean falls.", "source": source, "page": "means", "published": "falls"}
    rows = [
        told
        | {"run": run, "verdict": verdict, "held": held, "estimates": estimates}
        | {"tolerance": "$|x|$ is small", "reason": f"{held} of {estimates} hold.", "reproduced": "d = 5: 0.3"}
        for run, verdict, held, estimates in outcomes
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("verdict", "held", "estimates", "seen"),
    [
        (claims.REPRODUCED, 3, 3, "3 of 3 ✓"),
        (claims.CONTRADICTED, 15, 19, "15 of 19 ✗"),
        (claims.UNDECIDED, 9, 10, "9 of 10 ?"),
        (claims.NOT_TESTABLE, 0, 0, "–"),
        (claims.HOLDS, 2, 2, "2 of 2 ✓"),
        (claims.FAILS, 0, 2, "0 of 2 ✗"),
    ],
)
def test_a_badge_gives_the_fraction_and_then_the_verdict(verdict, held, estimates, seen, cells):
    """Undecided claims were shown as failed, and the fraction stood in a column that was cut off."""
    header, row = cells(claims_report.claims_table(of_one_claim(("smoke", verdict, held, estimates))))
    assert header == ["where", "claim", "smoke"]
    assert re.sub("<[^>]*>", "", row[-1]).replace("\N{NO-BREAK SPACE}", " ") == seen
    assert f'title="{verdict}"' in row[-1]


def test_a_claim_has_one_row_and_unfolds_to_its_test_and_estimates():
    """It had a row per run, 96 in all. A bar in the text does not end the cell."""
    table = claims_report.claims_table(of_one_claim(("one", claims.REPRODUCED, 1, 1), ("two", claims.UNDECIDED, 4, 5)))
    _, _, row = table.splitlines()
    assert row.startswith("| [Figure 4](means) ") and "<summary>The mean falls.</summary>" in row
    assert "Test: $\\|x\\|$ is small.<br>`one`:  d = 5: 0.3<br>`two`: 4 of 5 hold. d = 5: 0.3</details>" in row


def test_the_paper_s_claims_are_grouped_by_figure_and_ours_by_page(summaries, cells):
    ledger = claims.ledger(summaries)
    rows = cells(claims_report.claims_table(ledger[~ledger["id"].isin(claims.PRINTED)]))
    assert len(rows) == len(claims.CLAIMS) - len(claims.PRINTED) + 1
    places = [row[0] for row in rows[1:] if row[0]]
    assert len(places) == len(set(places)) and "[abstract](bounds)" in places
    ours = cells(claims_report.claims_table(claims.ledger(summaries, claims.OUR_CLAIMS)))
    assert [row[0] for row in ours[1:] if row[0]] == [
        "[controls](controls)",
        "[bounds](bounds)",
        "[training](training_dynamics)",
    ]


def test_verdicts_are_counted_by_run_without_the_printed_tables(summaries, cells):
    """One vocabulary, and no header col_0."""
    absent = {"smoke": dataclasses.replace(summaries["smoke"], absent=3)}
    header, networks, *rows = cells(claims_report.verdict_counts(absent, claims.ledger(absent)))
    assert header == ["number of", "smoke"] and networks == ["networks", "4 of 7"]
    assert [row[0] for row in rows] == [f"claims {word}" for word in claims.PAPERS_WORDS]
    assert sum(int(row[1]) for row in rows) == len(claims.CLAIMS) - len(claims.PRINTED)
    _, networks, *rows = cells(claims_report.verdict_counts(summaries, claims.ledger(summaries, claims.OUR_CLAIMS)))
    ours = ["claims that hold", "claims that do not hold", "claims undecided", "claims not testable"]
    assert networks == ["networks", "4"] and [row[0] for row in rows] == ours
    assert sum(int(row[1]) for row in rows) == len(claims.OUR_CLAIMS)


def test_a_page_says_what_becomes_of_its_claims(summaries):
    """The claims about the printed tables are no run's; a page without claims says nothing."""
    line = claims_report.verdict_line(summaries, "prediction")
    total, told = re.fullmatch(
        r"This page tests \[(\d+) claims of the paper\]\(claims\)\.\n\n- On `smoke`: (.*)\.", line
    ).groups()
    assert int(total) == sum(claim.page == "prediction" for claim in claims.CLAIMS) - len(claims.PRINTED)
    assert sum(int(part.split()[0]) for part in told.split(", ")) == int(total)
    assert {part.split(maxsplit=1)[1] for part in told.split(", ")} <= set(claims.PAPERS_WORDS)
    both = claims_report.verdict_line(summaries, "bounds")
    assert "[1 claim of the paper](claims)" in both and "[2 claims of our own](claims)" in both
    assert claims_report.verdict_line(summaries, "rerun") == ""


def test_changes_without_lost_directions_are_listed(cells):
    row = {
        "run": "smoke",
        "statement": "The mean falls.",
        "page": "means",
        "verdict": "contradicted",
        "reason": "0 of 1 hold.",
    }
    changes = pd.DataFrame([row | {"verdict_without": "reproduced", "reason_without": "1 of 1 hold."}])
    assert cells(claims_report.without_lost_table(changes))[1] == [
        "[The mean falls.](means)",
        "`smoke`",
        "contradicted: 0 of 1 hold.",
        "reproduced: 1 of 1 hold.",
    ]


def test_claims_that_no_setup_reproduces_are_named_with_the_first_one_s_count():
    row = {"source": "Figure 2", "held": 1, "estimates": 3}
    verdicts = [("near", "contradicted"), ("near", "undecided"), ("falls", "contradicted"), ("falls", "reproduced")]
    verdicts += [("unknown", "undecided"), ("unknown", "not testable"), ("tables-sum", "contradicted")]
    rows = [{"id": name, "statement": f"It is {name}.", "run": "a", "verdict": word} | row for name, word in verdicts]
    assert claims_report.nowhere_reproduced(pd.DataFrame(rows)) == "- It is near. (Figure 2; `a`: 1 of 3)"


def test_claims_over_seeds_are_counted_by_verdict(cells):
    row = {"statement": "The mean falls.", "page": "spectra", "reproduced": 4, "contradicted": 1, "undecided": 0}
    table = cells(claims_report.over_seeds_table(pd.DataFrame([row])))
    assert table == [["claim", "✓", "✗", "?"], ["[The mean falls.](spectra)", "4", "1", "0"]]
