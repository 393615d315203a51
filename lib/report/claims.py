"""Tables of the page `claims`, and the verdicts that other pages show: the ledger of claims, run by run."""

from collections.abc import Sequence

import pandas as pd

from lib.analysis import claims, evidence
from lib.report.layout import Summaries, markdown, table
from lib.runs import select_rows

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


def lost(summaries: Summaries) -> str:
    """The networks that have lost latent directions (`lib.analysis.evidence.lost_directions`), a list item a run."""
    items = []
    for name, summary in summaries.items():
        networks, of_depth = evidence.lost_directions(summary), len(summary.run.latent_dims) * len(summary.run.seeds)
        parts = []
        for depth, rows in networks.groupby("depth"):
            most, dims = rows["lost"].max(), ", ".join(map(str, dict.fromkeys(rows["latent_dim"])))
            parts.append(
                f"{len(rows)} of {of_depth} at $n$ = {depth}, {most} direction{'s' if most > 1 else ''} at most "
                f"($d$ = {dims})"
            )
        detail = f": {'; '.join(parts)}" if parts else ""
        items.append(f"- **{name}**: {len(networks) or 'none'} of {len(summary.members)} networks{detail}.")
    return "\n".join(items)


def lost_sentence(summaries: Summaries) -> str:
    """The number of each run's networks, at its largest d and the tables' depth, that lost a latent direction, as a sentence."""
    cells = []
    for name, summary in summaries.items():
        keys = {"depth": summary.run.table_depth, "latent_dim": max(summary.run.latent_dims)}
        count = len(select_rows(evidence.lost_directions(summary), **keys))
        cells.append(f"{count} of {len(summary.run.seeds)} in {name} ($d$ = {keys['latent_dim']})")
    return (
        "Of the networks at the largest $d$ and the depth of the tables [a latent direction is lost](small_eigenvalues) "
        f"by {', '.join(cells)}; where one is lost, numbers at this $d$ are not those of an intact network."
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
