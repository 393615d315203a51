"""Tables of the page `claims`."""

import dataclasses
import re

from lib.analysis import claims
from lib.report import claims as claims_report


def test_what_a_page_rests_on_counts_networks_points_and_verdicts(summaries):
    text = claims_report.sample_sizes(summaries, "spectra")
    assert (
        "**smoke**: 4 networks, 2 of them at the depth of the tables; 1 seed for each $d$ and depth; 420 points" in text
    )
    of, *counts = map(
        int, re.search(r"Of the (\d+) claims .*: (\d+) re.*, (\d+) not re.*, (\d+) not te", text).groups()
    )
    assert of == sum(counts) > 0
    assert "claims" not in claims_report.sample_sizes(summaries, "controls"), "a page without claims of the paper"
    absent = {"smoke": dataclasses.replace(summaries["smoke"], absent=3)}
    assert "4 of 7 networks" in claims_report.sample_sizes(absent, "spectra")
    row = claims_report.verdict_counts(absent).splitlines()[-1].split("|")[2:-1]
    assert row[0].strip() == "4 of 7"
    assert sum(map(int, row[1:])) == len(claims.CLAIMS) - len(claims.PRINTED)
    assert claims_report.verdict_counts(summaries).splitlines()[-1].split("|")[2].strip() == "4"
