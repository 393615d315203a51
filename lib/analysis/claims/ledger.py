"""Every claim tested on runs: the verdicts side by side, and as text or JSON."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict

import pandas as pd

from lib.analysis.claims.claim import (
    NOT_TESTABLE,
    OUR_WORDS,
    OURS,
    PAPERS_WORDS,
    Claim,
    Verdict,
    judge_claim,
)
from lib.analysis.claims.companions import COMPANION_CLAIMS
from lib.analysis.claims.ours import OUR_CLAIMS
from lib.analysis.claims.paper import CLAIMS, PAPERS_DATA, PRINTED
from lib.analysis.comparisons import AGREE_FROM, agreement
from lib.analysis.evidence import check_columns, intact_dims, part_of
from lib.analysis.published import SPACE_NAMES
from lib.runs import Summary

AT_LARGEST = (
    *("fig4-class-one", "fig5-class-one", "fig6-few", "fig6-class-one", "fig6-at-most-two"),
    *("own-halved", "own-class-one"),
)
SEARCHED = ("fig6-", "fig8-", "fig9-", "table1-", "table2-")  # claims on what `lib.analysis.search` compares


def evaluate_claims(summary: Summary, claims: Sequence[Claim] = CLAIMS) -> list[Verdict]:
    """The verdicts on the claims by one run. `InputError` where the summary lacks what every run has."""
    check_columns(summary)
    return [judge_claim(claim, summary) for claim in claims]


def ledger(summaries: dict[str, Summary], claims: Sequence[Claim] = CLAIMS) -> pd.DataFrame:
    """The verdicts of several runs, one row a claim and run, the runs side by side under each claim."""
    verdicts = {name: evaluate_claims(summary, claims) for name, summary in summaries.items()}
    rows = [{"run": name} | asdict(of_run[place]) for place in range(len(claims)) for name, of_run in verdicts.items()]
    return pd.DataFrame(rows)


def counts(verdicts: pd.DataFrame) -> pd.DataFrame:
    """A row per run of a `ledger`: the number of claims with each verdict, without those about the printed tables."""
    verdicts = verdicts.loc[~verdicts["id"].isin(PRINTED)]
    words = OUR_WORDS if (verdicts["source"] == OURS).all() else PAPERS_WORDS
    table = pd.crosstab(verdicts["run"], verdicts["verdict"]).rename_axis(columns=None)
    return table.reindex(index=verdicts["run"].unique(), columns=[*words], fill_value=0)


def without_lost(summaries: dict[str, Summary]) -> pd.DataFrame:
    """The claims, the paper's and ours, that come out differently where the networks that lost a latent direction are left out.

    Both times on the networks at the depth of the tables alone. Columns: `run`, `statement`, `page`, `verdict`, `reason`,
    and `verdict_without`, `reason_without`; claims that the rest of the run cannot test are not listed.
    """
    columns = ["statement", "page", "verdict", "reason", "verdict_without", "reason_without"]
    rows = []
    for name, summary in summaries.items():
        rest = intact_dims(summary)
        if len(rest) in (0, len(summary.run.latent_dims)):
            continue
        both = (*CLAIMS, *OUR_CLAIMS)
        pairs = (evaluate_claims(part_of(summary, chosen), both) for chosen in (summary.run.latent_dims, rest))
        for whole, without in zip(*pairs, strict=True):
            if without.verdict not in (whole.verdict, NOT_TESTABLE):
                values = [whole.statement, whole.page, whole.verdict, whole.reason, without.verdict, without.reason]
                rows.append({"run": name} | dict(zip(columns, values, strict=True)))
    return pd.DataFrame(rows, columns=["run", *columns])


def over_seeds(summaries: Sequence[Summary], latent_dim: int) -> pd.DataFrame:
    """The claims that rest on the one network of the largest d (`AT_LARGEST`), judged by each seed of runs that differ by them.

    Of the networks at the depth of the tables. A row a claim: `statement`, `page`, and the number of seeds with each
    verdict, REPRODUCED for a claim of ours that holds and CONTRADICTED for one that does not.
    """
    chosen = [claim for claim in (*CLAIMS, *OUR_CLAIMS) if claim.id in AT_LARGEST]
    rows = [
        {"id": verdict.id, "statement": verdict.statement, "page": verdict.page, "verdict": verdict.verdict}
        for summary in summaries
        for seed in summary.run.seeds
        for verdict in evaluate_claims(part_of(summary, [latent_dim], [seed]), chosen)
    ]
    verdicts = pd.DataFrame(rows).replace({"verdict": dict(zip(OUR_WORDS, PAPERS_WORDS, strict=True))})
    table = verdicts.groupby(["id", "statement", "page"], sort=False)["verdict"].value_counts().unstack(fill_value=0)
    return table.reindex(columns=[*PAPERS_WORDS], fill_value=0).loc[[*AT_LARGEST]].reset_index()


def claims_report(summary: Summary, as_json: bool = False, searched: Collection[int] = ()) -> str:
    """The ledger of one run, the claims of the paper, of its companions and ours, as text for a terminal or as JSON (a list).

    `searched`: the latent dimensions by which the run's settings were chosen; the others are also compared apart.
    """
    papers, companions, ours = (evaluate_claims(summary, some) for some in (CLAIMS, COMPANION_CLAIMS, OUR_CLAIMS))
    if as_json:
        rows = [{"run": summary.run.name} | asdict(verdict) for verdict in papers + companions + ours]
        return json.dumps(rows, indent=1, allow_nan=False)
    name = summary.run.name
    parts = (
        (f"The paper's claims on run {name}", papers, PAPERS_WORDS),
        (f"Claims of its companion papers on run {name}", companions, PAPERS_WORDS),
        (f"Claims of this book on run {name}", ours, OUR_WORDS),
    )
    lines = []
    for title, verdicts, words in parts:
        lines += [f"{title} (estimates with 95 % intervals)", ""]
        for verdict in verdicts:
            lines.append(f"{verdict.verdict:<14} {verdict.id:<20} {verdict.statement} ({verdict.source})")
            lines.append(f"{'':<14} {'':<20} {verdict.reason} {verdict.reproduced}".rstrip())
        counts = pd.Series([verdict.verdict for verdict in verdicts]).value_counts()
        lines += ["", "; ".join(f"{counts.get(word, 0)} {word}" for word in words) + ".", ""]
        if verdicts is papers and summary.run.dataset == PAPERS_DATA:
            lines += [*_agreement(summary, searched), ""]
    return "\n".join(lines[:-1])


def _agreement(summary: Summary, searched: Collection[int]) -> list[str]:
    """Lines on the test slopes and gaps beside the published ones, at all d and at those that no search has seen."""
    lines = []
    for without in dict.fromkeys([(), tuple(searched)]):
        rows = agreement(summary, without=without)
        seen = (
            f", without d = {', '.join(map(str, without))}, at which its settings were searched for" if without else ""
        )
        lines += [f"Beside the published tables, d from {AGREE_FROM}{seen}:"] if len(rows) else []
        for row in rows.to_dict("records"):
            rank = "none" if pd.isna(row["spearman"]) else f"{row['spearman']:.2f}"
            lines.append(
                f"Table {row['number']}, {SPACE_NAMES[row['space']]}: test slopes: RMS difference {row['rms']:.3f}, Spearman "
                f"{rank}, same sign {row['same_sign']:.0%}; gaps: RMS difference {row['gap_rms']:.3f}; over "
                f"{row['dims']} values of d"
            )
    return lines
