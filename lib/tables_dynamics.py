"""Tables of the pages on training and on attractors, as MyST Markdown."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lib import dynamics, evidence
from lib.runs import Summary
from lib.tables import markdown


def settling(summaries: Mapping[str, Summary], share: float = dynamics.SETTLED) -> str:
    """The epoch at which each quantity settles (`lib.dynamics.settling`), a row a run and d; all of it between snapshots."""
    rows, header = [], []
    for name, summary in summaries.items():
        found = dynamics.settling(summary, share)
        header = ["run", "$d$", *map(str, found.columns)]
        for d, row in found.iterrows():
            rows.append([name, d, *("" if pd.isna(epoch) else int(epoch) for epoch in row)])
    return markdown(header, rows, left=1)


def beside_products(found: Mapping[str, pd.DataFrame]) -> str:
    """The spectra before and after training beside products of random matrices (`lib.dynamics.beside_products`), by run and d."""
    rows = []
    for name, frame in found.items():
        for row in frame.to_dict("records"):
            means = [
                f"{row['first']:.3g}",
                f"{row['product']:.3g} [{row['low']:.2g}, {row['high']:.2g}]",
                f"{row['last']:.3g}",
            ]
            shares = [f"{100 * row[f'{when}_real']:.0f} %" for when in ("first", "product", "last")]
            rows.append([name, int(row["latent_dim"]), *means, *shares])
    header = ["run", "$d$", "geometric mean: untrained", "random product", "trained"]
    return markdown([*header, "near the real axis: untrained", "random product", "trained"], rows)


LEAST = 10  # orbits that a rank correlation takes here


def rank_correlations(starts: Mapping[str, Mapping[str, np.ndarray]], quantities: Mapping[str, str], fixed: int) -> str:
    """Does what is seen at an orbit's start go with what becomes of it? A row a network; Spearman's rho with 95 % intervals.

    `starts`: `lib.attractors.starting_points`; `quantities`: column -> name; `fixed`: the fate "fixed point". Of all orbits, with
    whether one ends in a fixed point; of those that do, with the number of steps. Empty where fewer than ten do, or all.
    """
    rows = []
    for name, columns in starts.items():
        ends, cells = columns["fate"] == fixed, []
        for quantity in quantities:
            values = columns[quantity]
            for target, chosen in (
                (ends.astype(float), np.isfinite(values)),
                (columns["steps"], ends & np.isfinite(values)),
            ):
                cells.append(_rank_correlation(values[chosen], target[chosen]))
        rows.append([name, f"{int(ends.sum())} of {len(ends)}", *cells])
    header = ["network", "end in a fixed point"]
    for name in quantities.values():
        header += [f"{name}: ends", f"{name}: steps"]
    return markdown(header, rows)


def _rank_correlation(values: np.ndarray, target: np.ndarray) -> str:
    rarest = min(np.unique(target, return_counts=True)[1], default=0) if len(np.unique(target)) == 2 else len(target)
    if rarest < LEAST or len(np.unique(target)) < 2:
        return ""
    part = evidence.trend("", pd.Series(target, index=values), 1)
    return f"{part.estimate:+.2f} [{part.low:+.2f}, {part.high:+.2f}]"


def attractors(numbers: Mapping[str, Mapping[str, float]]) -> str:
    """The fixed points of each network (`lib.attractors.Portrait.numbers`), a row a network."""
    rows = []
    for name, found in numbers.items():
        radii = _known("{:.2f} to {:.2f}", found["radius_low"], found["radius_high"])
        share = _known("{:.0f} %", 100 * found["largest"])
        pure = _known("{:.0f} % ({:.0f} %)", 100 * found["purity"], 100 * found["single"])
        newton = f"{100 * found['solved']:.0f} %: {found['fixed_points']}, {found['repelling']} repel"
        exponent = _known("{:+.2f}", found["exponent"])
        rows.append([name, found["attractors"], radii, found["like_training"], share, pure, newton, exponent])
    header = ["network", "attractors", "spectral radius", "like a training image", "largest basin", "commonest class"]
    return markdown([*header, "Newton's method", "exponent of unsettled"], rows)


def _known(pattern: str, *values: float) -> str:
    return "" if any(np.isnan(values)) else pattern.format(*values)
