"""The tables of the tournament of scores and of the detection of strange images, as MyST Markdown."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lib.predictors import DETECTORS, LEVEL, SCORES, cost
from lib.shifts import DISTRIBUTIONS
from lib.tables.layout import markdown

CHANGED = {
    "permuted": "test images, their pixels in one random order",
    "inverted": "test images, $1-x$",
    "rotated": "test images, turned by a quarter",
    "moved": "test images, moved by a quarter of their width",
    "blurred": "test images, smoothed by a Gaussian of an eighth of their width",
    "noisy": "test images with normal noise of standard deviation 0.3",
    "photographs": "pieces of two photographs",
    "test": "test images as they are",
}


def entrants(widths: tuple[int, ...], training_points: int) -> str:
    """The scores: what each needs beside the point, whether it looks at the error, and what it costs a point."""
    rows = []
    for name, score in SCORES.items():
        seen = "yes" if score.sees_error else "no"
        rows.append([score.label, score.needs, seen, f"{cost(name, widths, training_points):,.0f}"])
    return markdown(["score", "needs", "sees the error", "multiply-adds a point"], rows, left=3)


def results(tournaments: Mapping[str, pd.DataFrame]) -> str:
    """Every score at the largest d and the first seed of each run: three measures with their bands, and the gained R2.

    Bold: different from no knowledge by Holm's method at 5 % (rank correlation, gained R2).
    """
    rows = []
    for run, table in tournaments.items():
        own = table.query("latent_dim == latent_dim.max()").query("seed == seed.min()")
        for row in own.to_dict("records"):
            cells = [_banded(row, name) for name in ("spearman", "auroc", "saved")]
            cells[0] = _bold(cells[0], row["spearman_holm"])
            gained = "" if pd.isna(row["gained"]) else _bold(f"{row['gained']:.3f}", row["gained_holm"])
            rows.append(
                [run, f"{row['latent_dim']}", SCORES[row["score"]].label, f"{row['points']:.0f}", *cells, gained]
            )
    header = ["run", "$d$", "score", "points", "Spearman", "AUROC, worst decile", "area saved", "gained $R^2$"]
    return markdown(header, rows, left=3)


def _banded(row: Mapping[str, float], name: str) -> str:
    return f"{row[name]:.2f} [{row[f'{name}_low']:.2f}, {row[f'{name}_high']:.2f}]"


def _bold(text: str, adjusted: float) -> str:
    return f"**{text}**" if adjusted < LEVEL else text


def tallies(tournaments: Mapping[str, pd.DataFrame]) -> str:
    """By score and run: mean and range of Spearman's rho over members; at how many it is above 0, below 0, adds R2 (Holm)."""
    rows = []
    for run, table in tournaments.items():
        for name, own in table.groupby("score", sort=False):
            sure = own["spearman_holm"] < LEVEL
            above, below = (int((sure & (sign * own["spearman"] > 0)).sum()) for sign in (1, -1))
            adds = int((own["gained_holm"] < LEVEL).sum()) if own["gained"].notna().to_numpy().any() else ""
            rho = own["spearman"]
            spread = f"{rho.min():.2f} to {rho.max():.2f}"
            rows.append([run, SCORES[str(name)].label, len(own), f"{rho.mean():.2f}", spread, above, below, adds])
    header = ["run", "score", "members", "mean Spearman", "range", "above 0", "below 0", "adds $R^2$"]
    return markdown(header, rows, left=2)


def shifted(table: pd.DataFrame) -> str:
    """Spearman's rho of every score within each set of changed test points, and over all of them (`shifted_tournament`)."""
    wide = table.pivot_table(index="score", columns="set", values="spearman", sort=False)
    sure = table.pivot_table(index="score", columns="set", values="spearman_holm", sort=False)
    rows = [
        [SCORES[str(name)].label, *(_bold(f"{row[key]:.2f}", sure.loc[name, key]) for key in wide.columns)]
        for name, row in wide.iterrows()
    ]
    return markdown(["score", *wide.columns], rows)


def detectors(by_dim: Mapping[int, pd.DataFrame]) -> str:
    """By detector and d: over the sets, the median size of the effect, and the median and the least AUROC."""
    rows = []
    for name, (label, _) in DETECTORS.items():
        cells = []
        for table in by_dim.values():
            own = table.loc[table["detector"] == name]
            if own.empty:
                cells += 3 * [""]
                continue
            cells += [
                f"{own['effect'].abs().median():.1f}",
                f"{own['auroc'].median():.2f}",
                f"{own['auroc'].min():.2f}",
            ]
        rows.append([label, *cells])
    header = ["detector", *(f"$d={d}$: {what}" for d in by_dim for what in ("effect", "AUROC", "least"))]
    return markdown(header, rows)


def sets(found: pd.DataFrame, alike: pd.DataFrame, shown: Sequence[str] = ("trace_input", "mse", "neighbours")) -> str:
    """By set of images: what it is, the AUROC of some detectors, and how far members agree on it (means over their pairs)."""
    auroc = found.set_index(["set", "detector"])["auroc"].to_dict()
    agree = alike.groupby("set", sort=False).mean(numeric_only=True)
    rows = []
    for name in agree.index:
        text = DISTRIBUTIONS[name][0] if name in DISTRIBUTIONS else CHANGED.get(name, "another data set")
        cells = [f"{auroc[name, one]:.2f}" if (name, one) in auroc else "" for one in shown]
        row = agree.loc[name]
        rows.append([name, text, *cells, *(f"{row[one]:.2f}" for one in ("spearman", "apart", "error"))])
    header = ["set", "what it is", *(f"AUROC {DETECTORS[one][0]}" for one in shown)]
    return markdown([*header, "rank agreement", "apart", "error"], rows, left=2)
