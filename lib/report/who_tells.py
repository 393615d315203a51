"""Figure and tables of the page `who_tells`: every measure beside every target."""

import pandas as pd
from matplotlib.figure import Figure

from lib.analysis.who_tells import PAPERS
from lib.report.layout import markdown, table
from lib.report.numbers import record
from lib.report.style import BLUE, GREEN, GREY, NAVY, PURPLE, row_panel

PAPERS_LOOKS = dict(zip(PAPERS, ((BLUE, "o"), (NAVY, "s")), strict=True))


def skills(rows: pd.DataFrame) -> Figure:
    """A line per target and a mark per measure: the share of the way from chance to a perfect ranking.

    `rows`: `lib.analysis.who_tells.all_verdicts`.
    """
    targets = list(dict.fromkeys(rows["target"]))
    figure, axis = row_panel(targets, 0.36, 1.6, width=7.4)
    record(axis, rows[["target", "statistic", "measure", "needs", "sees_error", "value", "low", "high", "skill"]])
    place = rows["target"].map(targets.index)
    papers = rows["measure"].map({name: key for key, names in PAPERS.items() for name in names})
    seen, random = rows["sees_error"].astype(bool), rows["control"]
    looks = [
        (seen, PURPLE, "x", 4, "sees the error"),
        (~seen & papers.isna() & ~random, GREEN, "|", 9, "other measures"),
        (random, GREY, "d", 4, "controls"),
    ]
    looks += [(papers == key, *look, 7, f"{key} of $J_I$") for key, look in PAPERS_LOOKS.items()]
    for which, color, marker, size, label in looks:
        axis.plot(rows.loc[which, "skill"], place[which], marker, color=color, markersize=size, label=label)
    axis.axvline(0, color=GREY, linewidth=1, linestyle=":")
    axis.set(xlabel="from chance (0) to a perfect ranking (1)")
    figure.legend(loc="outside lower center", ncols=5)
    return figure


def _with_interval(row: pd.Series) -> str:
    value, low, high = (_rounded(row, key) for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _rounded(row: pd.Series, key: str) -> str:
    return f"{row[key]:.{0 if row['statistic'] == 'percentile' else 2}f}"


def best_table(best: pd.DataFrame, rows: pd.DataFrame) -> str:
    """A row per target: the best measure, the best of what the network alone gives, and the places of the paper's two.

    `best`: `lib.analysis.who_tells.best_by_target` of `rows`.
    """
    cells = []
    for one in best.to_dict("records"):
        winner, free = rows.loc[one["best"]], "–"
        if pd.notna(one["cheapest"]):
            cheapest = rows.loc[one["cheapest"]]
            free = f"{cheapest['label']}: {_rounded(cheapest, 'value')}"
        places = " and ".join(str(one["ranks"].get(key, "–")) for key in PAPERS) if one["ranks"] else "none"
        target, first = f"{one['target']} ({winner['statistic']})", f"{winner['label']}: {_with_interval(winner)}"
        cells.append([target, first, free, f"{places} of {one['entrants']}"])
    return markdown(["target", "best measure", "best of the network alone", "trace, volume"], cells, left=3)


def target_table(rows: pd.DataFrame) -> str:
    """All measures at one target, the best first."""
    shown = rows.sort_values("value", ascending=False, kind="stable")
    shown = shown.assign(interval=[_with_interval(row) for _, row in shown.iterrows()])
    shown["seen"] = shown["sees_error"].map({True: "yes", False: "no"})
    columns = [("measure", "{label}"), ("needs", "{needs}"), ("sees the error", "{seen}")]
    return table(shown, [*columns, (str(shown["statistic"].iloc[0]), "{interval}")], left=3)
