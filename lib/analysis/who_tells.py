"""Who tells? Every measure of the book beside every target that it was put to, in one form.

Its rows are those of `lib.analysis.verdicts`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib import runs
from lib.analysis import evidence, latent, networks, smooth, topology, tournament, twice, unseen
from lib.analysis.verdicts import verdict
from lib.measures import judging
from lib.measures.protocol import POINTS, WEIGHTS, every
from lib.runs import Member, Summary

PERFECT = {"percentile": 100.0}  # of other statistics 1
PAPERS = {  # of J_I, by the names of the measures in the order in which they are looked for
    "trace": ("trace_input", "mean_trace"),
    "volume": ("log_volume_input", "volume_input", "mean_log_volume"),
}
FREE = {"nothing", POINTS, WEIGHTS, "the point alone"}  # what a user has who was given a network
DRAWN = 1000  # resamples of a median


def tournament_verdicts(summary: Summary) -> pd.DataFrame:
    """Point measures against the errors of test images, at the largest intact d of a run; intervals over images."""
    run = summary.run
    member = Member(run.table_depth, evidence.largest_intact(summary), run.seeds[0])
    rows = tournament.evaluate_scores(tournament.points_to_evaluate(summary, member))
    target = f"errors of test images, {run.name}"
    return pd.DataFrame(
        verdict(
            judging.SCORES[row["score"]], target, "Spearman", [row[f"spearman{end}"] for end in ("", "_low", "_high")]
        )
        for row in rows.to_dict("records")
    )


def detection_verdicts(name: str) -> pd.DataFrame:
    """Point measures as detectors of strange images, at the largest d of a run that was looked at: the median AUROC over the
    sets, its interval over sets. No rows where none was looked at."""
    by_dim = tournament.detection_by_dim(name)
    target = f"strange images, {name}"
    return pd.DataFrame(
        verdict(judging.DETECTORS[str(detector)], target, "AUROC", _median(rows["auroc"].to_numpy()), chance=0.5)
        for detector, rows in (by_dim[max(by_dim)].groupby("detector", sort=False) if by_dim else ())
    )


def topology_verdicts() -> pd.DataFrame:
    """Point measures at the place where failure is forced: the median percentile over the networks of orbits."""
    table, target = topology.ORBITS.read(), "the place where failure is forced"
    table = table[table["steps"] == topology.ORBIT_STEPS]
    known = {str(name): values.dropna().to_numpy() for name, values in table.items()}
    return pd.DataFrame(
        verdict(measure, target, "percentile", _median(known[measure.name]), chance=50.0)
        for measure in every("point")
        if len(known.get(measure.name, ())) > 1
    )


def _median(values: np.ndarray) -> tuple[float, float, float]:
    """The median and its 95 % bootstrap interval, the seed fixed."""
    drawn = np.random.default_rng(0).choice(values, (DRAWN, len(values)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return float(np.median(values)), float(low), float(high)


def all_verdicts(names: Sequence[str]) -> pd.DataFrame:
    """Every verdict of the book, target by target; `names`: the runs whose test images and strange images are looked at."""
    tables = [tournament_verdicts(runs.summary(name)) for name in names]
    tables += [detection_verdicts(name) for name in names if runs.read(name).committed]
    tables += [topology_verdicts(), *(page.verdicts() for page in (unseen, smooth, latent, twice, networks))]
    rows = pd.concat([table for table in tables if len(table)], ignore_index=True)
    perfect = rows["statistic"].map(PERFECT).fillna(1.0)
    control = rows["label"].str.contains("random|shuffled", case=False)
    return rows.assign(skill=(rows["value"] - rows["chance"]) / (perfect - rows["chance"]), control=control)


def best_by_target(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per target of `all_verdicts`: `entrants`, the number of measures, without controls and those that see the error; the
    `best` of them and the `cheapest`, the best that needs no more than network and point, each the index of its row; `ranks`,
    the places of the paper's two among the entrants (1: the best; equal values share a place), where they took part."""
    found = []
    for target, group in rows.groupby("target", sort=False):
        ranked = group[~group["sees_error"].astype(bool) & ~group["control"]].sort_values(
            "value", ascending=False, kind="stable"
        )
        free = ranked[ranked["needs"].isin(FREE)]
        order = ranked["value"].rank(ascending=False, method="min").astype(int)
        places = dict(zip(ranked["measure"], order, strict=True))
        ranks = {key: places[name] for key, names in PAPERS.items() for name in names[::-1] if name in places}
        found.append(
            {"target": target, "entrants": len(ranked), "best": ranked.index[0], "ranks": ranks}
            | {"cheapest": free.index[0] if len(free) else None}
        )
    return pd.DataFrame(found)
