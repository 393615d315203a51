"""Tables of the ledger of claims: where each run stands, and what was found."""

from collections.abc import Sequence

import pandas as pd

from lib.analysis import claims, evidence
from lib.report.layout import Summaries, markdown
from lib.runs import select_rows

VERDICTS = (claims.REPRODUCED, claims.NOT_REPRODUCED, claims.NOT_TESTABLE)


def verdicts(ledger: pd.DataFrame) -> str:
    """What a `lib.analysis.claims.ledger` of the paper's claims says: a row a claim and run, with what was found."""
    rows = []
    for row in ledger.to_dict("records"):
        found = " ".join(filter(None, [row["reason"], row["reproduced"]]))
        verdict = f"**{row['verdict']}**"
        source = f"[{row['source']}]({row['page']})"
        rows.append([row["statement"], source, row["published"], row["run"], verdict, found])
    header = ["The paper says", "where", "published", "run", "verdict", "what the run shows (positive: as claimed)"]
    return f"```{{div}} verdicts\n\n{markdown(header, rows, left=6)}\n```"


def verdict_counts(summaries: Summaries) -> str:
    """Where each run stands: its networks, and what it says of the paper's claims (`lib.analysis.claims.counts`)."""
    rows = []
    for name, found in claims.counts(claims.ledger(dict(summaries))).iterrows():
        there, absent = len(summaries[str(name)].members), summaries[str(name)].absent
        rows.append([name, f"{there} of {there + absent}" if absent else f"{there}", *found])
    return markdown(
        ["run", "networks shown", "claims reproduced", "contradicted", "undecided", "not testable there"], rows
    )


def lost(summaries: Summaries) -> str:
    """The networks that have lost latent directions (`lib.analysis.evidence.lost_directions`), a list item a run."""
    items = []
    for name, summary in summaries.items():
        found, of_depth = evidence.lost_directions(summary), len(summary.run.latent_dims) * len(summary.run.seeds)
        cells = []
        for depth, own in found.groupby("depth"):
            most, dims = own["lost"].max(), ", ".join(map(str, dict.fromkeys(own["latent_dim"])))
            cells.append(
                f"{len(own)} of {of_depth} at $n$ = {depth}, {most} direction{'s' if most > 1 else ''} at most "
                f"($d$ = {dims})"
            )
        told = f": {'; '.join(cells)}" if cells else ""
        items.append(f"- **{name}**: {len(found) or 'none'} of {len(summary.members)} networks{told}.")
    return "\n".join(items)


def lost_sentence(summaries: Summaries) -> str:
    """How many of each run's networks at its largest d and the tables' depth have lost a latent direction, as a sentence."""
    cells = []
    for name, summary in summaries.items():
        keys = {"depth": summary.run.table_depth, "latent_dim": max(summary.run.latent_dims)}
        count = len(select_rows(evidence.lost_directions(summary), **keys))
        cells.append(f"{count} of {len(summary.run.seeds)} in {name} ($d$ = {keys['latent_dim']})")
    return (
        "Of the networks at the largest $d$ and the depth of the tables [a latent direction is lost](small_eigenvalues) "
        f"by {', '.join(cells)}; where one is lost, numbers at this $d$ are not those of an intact network."
    )


def without_lost(summaries: Summaries) -> str:
    """The claims that come out differently without the networks that lost a direction (`lib.analysis.claims.without_lost`)."""
    found = claims.without_lost(dict(summaries))
    if found.empty:
        return "No claim comes out differently."
    rows = [
        [f"[{row['statement']}]({row['page']})", row["run"]]
        + [f"**{row[f'verdict{which}']}**: {row[f'reason{which}']}" for which in ("", "_without")]
        for row in found.to_dict("records")
    ]
    return markdown(["claim", "run", "all $d$", "without these"], rows, left=4)


def sample_sizes(summaries: Summaries, page: str) -> str:
    """What the verdicts of a page rest on, a list item a run: networks, seeds, points, and how many claims are decided."""
    own = claims.of_page(page)
    items = []
    for name, summary in summaries.items():
        there, seeds = summary.members, len(summary.run.seeds)
        at_depth = int((there["depth"] == summary.run.table_depth).sum())
        points = int(there["points_train"].iloc[0] + there["points_test"].iloc[0])
        planned = f" of {len(there) + summary.absent}" if summary.absent else ""
        text = (
            f"**{name}**: {len(there)}{planned} networks, {at_depth} of them at the depth of the tables; "
            f"{seeds} seed{'s' if seeds > 1 else ''} for each $d$ and depth; {points:,} points a network."
        )
        verdicts = [one.verdict for one in claims.evaluate(summary, own)]
        if own:
            counts = (f"{verdicts.count(one)} {one}" for one in VERDICTS)
            text += f" Of the {len(own)} claims of this page: {', '.join(counts)}."
        items.append(f"- {text}")
    return "\n".join(items)


def tests(page: str | None = None, of: Sequence[claims.Claim] = claims.CLAIMS) -> str:
    """How each claim is tested, fixed before a run is looked at."""
    rows = [[claim.statement, claim.tolerance] for claim in of if page is None or claim.page == page]
    return markdown(["Claim", "holds when"], rows, left=2)


def our_verdicts(ledger: pd.DataFrame) -> str:
    """What a `lib.analysis.claims.ledger` of our own claims says: a row a claim and run, with what was found."""
    rows = []
    for row in ledger.to_dict("records"):
        found = " ".join(filter(None, [row["reason"], row["reproduced"]]))
        rows.append([f"[{row['statement']}]({row['page']})", row["run"], f"**{row['verdict']}**", found])
    header = ["We say", "run", "verdict", "what the run shows (positive: as claimed)"]
    return f"```{{div}} verdicts\n\n{markdown(header, rows, left=4)}\n```"
