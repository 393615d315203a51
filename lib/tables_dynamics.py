"""Tables of the pages on training and on attractors, as MyST Markdown."""

from collections.abc import Mapping

import pandas as pd

from lib import dynamics
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
