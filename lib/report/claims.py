"""Tables of the page `claims`, and the verdicts that other pages show: the ledger of claims, run by run."""

from collections.abc import Sequence

import pandas as pd

from lib.analysis import claims, evidence
from lib.report.layout import Summaries, markdown, table

VERDICTS = (claims.REPRODUCED, claims.NOT_REPRODUCED, claims.NOT_TESTABLE)


def verdicts(ledger: pd.DataFrame) -> str:
    """A `lib.analysis.claims.ledger` of the paper's claims: a row a claim and run."""
    columns = [
        ("The paper says", "{statement}"),
        ("where", "[{source}]({page})"),
        ("published", "{published}"),
        ("run", "{run}"),
        ("verdict", "**{verdict}**"),
        ("what the run shows (positive: as claimed)", "{reason} {reproduced}"),
    ]
    return f"```{{div}} verdicts\n\n{table(ledger, columns, left=6)}\n```"


def verdict_line(summaries: Summaries, page: str) -> str:
    """What becomes of a page's claims on each run, as one sentence that links to the list of claims."""
    of_page = claims.of_page(page)
    parts = []
    for name, counts in claims.counts(claims.ledger(dict(summaries), of_page)).iterrows():
        words = [f"{count} {word}" for word, count in counts.items() if count]
        parts.append(f"on `{name}` {', '.join(words)}")
    return f"[The {len(of_page)} claims of the paper](claims) tested on this page: {'; '.join(parts)}."


def our_verdicts(ledger: pd.DataFrame) -> str:
    """A `lib.analysis.claims.ledger` of our own claims: a row a claim and run."""
    columns = [
        ("We say", "[{statement}]({page})"),
        ("run", "{run}"),
        ("verdict", "**{verdict}**"),
        ("what the run shows (positive: as claimed)", "{reason} {reproduced}"),
    ]
    return f"```{{div}} verdicts\n\n{table(ledger, columns, left=4)}\n```"


def verdict_counts(summaries: Summaries) -> str:
    """Each run's networks, and how the paper's claims come out on it (`lib.analysis.claims.counts`)."""
    header = ["run", "networks shown", "claims reproduced", "contradicted", "undecided", "not testable there"]
    rows = []
    for name, counts in claims.counts(claims.ledger(dict(summaries))).iterrows():
        summary = summaries[str(name)]
        present, absent = len(summary.members), summary.absent
        rows.append([name, f"{present} of {present + absent}" if absent else present, *counts])
    return markdown(header, rows)


def lost_sentence(summaries: Summaries) -> str:
    """Each run's largest intact d: the largest whose networks at the tables' depth have lost no direction, as a sentence."""
    parts, depths = [], " or ".join(sorted({str(summary.run.table_depth) for summary in summaries.values()}))
    for name, summary in summaries.items():
        intact = evidence.intact_dims(summary)
        parts.append(
            f"{max(intact)} in `{name}` (of up to {max(summary.run.latent_dims)})" if intact else f"none in `{name}`"
        )
    return (
        f"The largest $d$ at which no network of depth {depths} [has lost a latent direction](spectra.py#lost-directions) is "
        f"{', '.join(parts)}."
    )


def without_lost_table(summaries: Summaries) -> str:
    """The claims that come out differently without the networks that lost a direction (`lib.analysis.claims.without_lost`)."""
    rows = claims.without_lost(dict(summaries))
    if rows.empty:
        return "No claim comes out differently."
    columns = [
        ("claim", "[{statement}]({page})"),
        ("run", "{run}"),
        ("all $d$", "**{verdict}**: {reason}"),
        ("without these", "**{verdict_without}**: {reason_without}"),
    ]
    return table(rows, columns, left=4)


def sample_sizes(summaries: Summaries, page: str) -> str:
    """The sample behind a page's verdicts, a list item a run: networks, seeds, points, and the number of claims decided."""
    of_page = claims.of_page(page)
    items = []
    for name, summary in summaries.items():
        networks, seeds = summary.members, len(summary.run.seeds)
        at_depth = int((networks["depth"] == summary.run.table_depth).sum())
        points = int(networks["points_train"].iloc[0] + networks["points_test"].iloc[0])
        planned = f" of {len(networks) + summary.absent}" if summary.absent else ""
        text = (
            f"**{name}**: {len(networks)}{planned} networks, {at_depth} of them at the depth of the tables; "
            f"{seeds} seed{'s' if seeds > 1 else ''} for each $d$ and depth; {points:,} points a network."
        )
        if of_page:
            verdicts = [verdict.verdict for verdict in claims.evaluate_claims(summary, of_page)]
            counts = (f"{verdicts.count(word)} {word}" for word in VERDICTS)
            text += f" Of the {len(of_page)} claims of this page: {', '.join(counts)}."
        items.append(f"- {text}")
    return "\n".join(items)


def tests(page: str | None = None, of: Sequence[claims.Claim] = claims.CLAIMS) -> str:
    """How each claim is tested, fixed before a run is looked at."""
    rows = [[claim.statement, claim.tolerance] for claim in of if page is None or claim.page == page]
    return markdown(["Claim", "holds when"], rows, left=2)
