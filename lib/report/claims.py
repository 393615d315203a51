"""Tables of the page `claims`, and what other pages say of claims."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib.analysis import claims, evidence
from lib.report.layout import Summaries, markdown, table, typeset
from lib.runs import Run

VERDICT_SYMBOLS = {
    claims.REPRODUCED: "✓",
    claims.HOLDS: "✓",
    claims.CONTRADICTED: "✗",
    claims.FAILS: "✗",
    claims.UNDECIDED: "?",
    claims.NOT_TESTABLE: "–",
}
SETUPS = {
    "mnist": "MNIST, the settings that a search found nearest to the paper's tables, 300 epochs",
    "mnist-100": "MNIST, settings chosen to approach the published slopes, 100 epochs",
    "mnist-300": "MNIST, the paper's settings and common defaults, 300 epochs",
    "digits": "scikit-learn's 8×8 digits",
}


def describe_run(run: Run) -> str:
    """The name of a run, and what it is."""
    return f"`{run.name}`: {SETUPS.get(run.name, f'{run.dataset}, {run.epochs} epochs')}"


def claims_table(ledger: pd.DataFrame) -> str:
    """A row per claim of a `lib.analysis.claims.ledger`, a column per run; the claim unfolds to its test and its estimates."""
    rows, above = [], ""
    for _, of_claim in ledger.groupby("id", sort=False):
        claim = of_claim.iloc[0]
        place = claim["page"].split("_")[0] if claim["source"] == claims.OURS else _place(claim["source"])
        badges = [badge(verdict) for verdict in of_claim.to_dict("records")]
        rows.append(["" if place == above else f"[{place}]({claim['page']})", _unfolding(of_claim), *badges])
        above = place
    return markdown(["where", "claim", *ledger["run"].unique()], rows, left=2)


def badge(verdict: Mapping[str, Any]) -> str:
    """How many estimates support the claim, and the symbol of the verdict: "15 of 19 ✗"."""
    fraction = f"{verdict['held']} of {verdict['estimates']} " if verdict["estimates"] else ""
    text = f"{fraction}{VERDICT_SYMBOLS[verdict['verdict']]}".replace(" ", "\u00a0")
    return f'<span class="verdict {verdict["verdict"].replace(" ", "-")}" title="{verdict["verdict"]}">{text}</span>'


def _place(source: str) -> str:
    """The figure or table of the paper that a claim comes from."""
    found = re.search(r"Tables \d and \d|(Figure|Tables?) \d", source)
    return found[0] if found else source


def _unfolding(of_claim: pd.DataFrame) -> str:
    claim = of_claim.iloc[0]
    lines = [f"Test: {claim['tolerance']}."]
    if claim["published"]:
        lines.insert(0, f"{claim['source']}, published: {claim['published']}.")
    for _, row in of_claim.iterrows():
        reason = (
            "" if 0 < row["estimates"] <= 3 else row["reason"]
        )  # where all estimates are shown, the badge says the rest
        lines.append(f"`{row['run']}`: {reason} {row['reproduced']}")
    text = "<br>".join(lines).replace("|", "\\|")
    return f"<details><summary>{claim['statement']}</summary>{text}</details>"


def verdict_line(summaries: Summaries, page: str) -> str:
    """What becomes of a page's claims, the paper's, its companions' and ours: sentences with a link, and an item per run."""
    lines = []
    sources = {"the paper": claims.CLAIMS, "a companion paper": claims.COMPANION_CLAIMS, "our own": claims.OUR_CLAIMS}
    for whose, known in sources.items():
        of_page = [claim for claim in known if claim.page == page and claim.id not in claims.PRINTED]
        if of_page:
            number = f"{len(of_page)} claim{'s' if len(of_page) > 1 else ''} of {whose}"
            found = claims.counts(claims.ledger(dict(summaries), of_page))
            lines.append(f"This page tests [{number}](claims).\n\n{_in_words(found)}")
    return "\n\n".join(lines)


def _in_words(counts: pd.DataFrame) -> str:
    """`lib.analysis.claims.counts` as a list with an item per run."""
    parts = ((run, [f"{count} {word}" for word, count in row.items() if count]) for run, row in counts.iterrows())
    return "\n".join(f"- On `{run}`: {', '.join(words)}." for run, words in parts)


def verdict_counts(summaries: Summaries, verdicts: pd.DataFrame) -> str:
    """The networks and the number of claims with each verdict of a `ledger` (`lib.analysis.claims.counts`), a column per run."""
    counts = claims.counts(verdicts)
    networks = [
        f"{len(one.members)} of {len(one.members) + one.absent}" if one.absent else len(one.members)
        for one in summaries.values()
    ]
    ours = dict(zip(claims.OUR_WORDS, ("claims that hold", "claims that do not hold"), strict=False))
    rows = [(ours.get(word, f"claims {word}"), *counts[word].loc[[*summaries]]) for word in counts]
    return markdown(["number of", *summaries], [("networks", *networks), *rows])


def without_lost_table(changes: pd.DataFrame) -> str:
    """The verdicts that change without the networks that lost a direction (`lib.analysis.claims.without_lost`)."""
    columns = [
        ("claim", "[{statement}]({page})"),
        ("setup", "`{run}`"),
        ("all $d$", "{verdict}: {reason}"),
        ("intact $d$ alone", "{verdict_without}: {reason_without}"),
    ]
    return table(changes, columns, left=4)


def over_seeds_table(verdicts: pd.DataFrame) -> str:
    """The claims at the largest d by the number of seeds with each verdict (`lib.analysis.claims.over_seeds`)."""
    names = {claims.REPRODUCED: "✓", claims.CONTRADICTED: "✗", claims.UNDECIDED: "?"}
    columns = [("claim", "[{statement}]({page})"), *((mark, f"{{{word}}}") for word, mark in names.items())]
    return table(verdicts, columns, left=1)


def nowhere_reproduced(verdicts: pd.DataFrame) -> str:
    """The paper's claims that some run contradicts and none of a `ledger` reproduces, as a list with the first run's count."""
    lines = []
    for _, of_claim in verdicts[~verdicts["id"].isin(claims.PRINTED)].groupby("id", sort=False):
        first, found = of_claim.iloc[0], set(of_claim["verdict"])
        if claims.CONTRADICTED in found and claims.REPRODUCED not in found:
            lines.append(
                f"- {first['statement']} ({first['source']}; `{first['run']}`: {first['held']} of {first['estimates']})"
            )
    return typeset("\n".join(lines))


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
