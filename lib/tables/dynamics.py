"""Tables of the pages on training and on attractors, as MyST Markdown."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib import dynamics, evidence
from lib.runs import Summary
from lib.tables.layout import markdown


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


LEAST = 10  # orbits that a rank correlation takes here, of either outcome
Starts = Mapping[str, Mapping[str, np.ndarray]]
TARGETS = ("ends", "steps")


def foretelling(starts: Starts, quantities: Sequence[str], fixed: int) -> dict[tuple[str, str, str], evidence.Part]:
    """Does what is seen at an orbit's start go with what becomes of it? (network, quantity, target) -> Spearman's rho.

    `starts`: network -> columns (`lib.attractors.starting_points`); `fixed`: the fate "fixed point". Targets: of all orbits,
    whether one *ends* in a fixed point; of those that do, the number of *steps*. None where too few do, or too few do not.
    """
    found = {}
    for name, columns in starts.items():
        ends = columns["fate"] == fixed
        for quantity in quantities:
            values, there = columns[quantity], np.isfinite(columns[quantity])
            for target, outcome, chosen in (("ends", ends, there), ("steps", columns["steps"], ends & there)):
                of = outcome[chosen].astype(float)
                few = min((of == 0).sum(), (of == 1).sum()) if target == "ends" else len(of)
                if few >= LEAST and len(np.unique(of)) > 1:
                    found[name, quantity, target] = evidence.trend("", pd.Series(of, index=values[chosen]), 1)
    return found


def rank_correlations(starts: Starts, quantities: Mapping[str, str], fixed: int) -> str:
    """`foretelling` as a table, a row a network; `quantities`: column -> name. Empty where there is nothing to correlate."""
    found, rows = foretelling(starts, list(quantities), fixed), []
    for name, columns in starts.items():
        parts = [found.get((name, quantity, target)) for quantity in quantities for target in TARGETS]
        cells = ["" if part is None else f"{part.estimate:+.2f} [{part.low:+.2f}, {part.high:+.2f}]" for part in parts]
        rows.append([name, f"{int((columns['fate'] == fixed).sum())} of {len(columns['fate'])}", *cells])
    named = [f"{name}: {target}" for name in quantities.values() for target in TARGETS]
    return markdown(["network", "end in a fixed point", *named], rows)


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
