"""What networks make of noise: whether all kinds become one image, whether networks agree on it, and where its codes lie."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lib.runs import Member, Run, Summary, attached, members, store
from lib.runs.results import member as network

if TYPE_CHECKING:
    from lib.training.datasets import Dataset

COUNT = 200  # images of each kind
ORDINARY = 0.99  # the share of test codes that lie as near to training codes
PARTS = ("apart", "elsewhere", "usual", "far")
NOISE = attached.Kind(
    "noise",
    {"set": str} | dict.fromkeys([name for part in PARTS for name in (part, f"{part}_se")], float),
    ("lib.analysis.noise",),
)


def noise_of(summary: Summary, latent_dim: int) -> pd.DataFrame | None:
    """What the network of one d (depth of the tables, first seed) makes of each kind of noise; a row a kind, means and
    their standard errors (`NAME_se`) over images, root mean squares over pixels:

    - `apart`: the difference of two outputs, for an image of this kind and one of another;
    - `elsewhere`: the difference of this network's output and another network's, for the same image; NaN where the run has
      no other depth or seed at this d;
    - `usual`: the difference of the outputs for two test images;
    - `far`: the share of codes that lie farther from those of training images (fifth nearest) than 99 % of test codes.

    Computed where it is missing; None without it and without weights.
    """
    run = summary.run
    chosen = Member(run.table_depth, latent_dim, run.seeds[0])
    if not store.weights_path(run, chosen).exists():
        return attached.load_attached(run, chosen, NOISE)
    return attached.load_or_compute(run, chosen, NOISE, partial(_measured_noise, run, chosen))


def _measured_noise(run: Run, chosen: Member, data: "Dataset") -> pd.DataFrame:
    from lib.measures.baselines import neighbour_distance  # torch: only where networks are at hand
    from lib.measures.reconstruction import encoded, reconstructed
    from lib.training import corruptions

    train, test = (side.images.numpy() for side in (data.train, data.test))
    others = [one for one in members(run, {"d": [chosen.latent_dim]}) if one != chosen]
    pair, *rest = (network(run.name, one.depth, one.latent_dim, one.seed) for one in (chosen, *others))
    images = {kind: corruptions.noise(kind, train, COUNT) for kind in corruptions.DISTRIBUTIONS}
    outputs = {kind: reconstructed(pair, own) for kind, own in images.items()}
    known, ordinary = encoded(pair, train), reconstructed(pair, test[: 2 * COUNT])
    limit = np.quantile(neighbour_distance(known, encoded(pair, test)), ORDINARY)
    half = len(ordinary) // 2
    rows = []
    for kind, own in images.items():
        other_kinds = [output for name, output in outputs.items() if name != kind]
        other_networks = [reconstructed(one, own) for one in rest]
        values = {
            "apart": _apart(outputs[kind], other_kinds),
            "elsewhere": _apart(outputs[kind], other_networks) if rest else np.full(1, np.nan),
            "usual": _apart(ordinary[:half], [ordinary[half : 2 * half]]),
            "far": (neighbour_distance(known, encoded(pair, own)) > limit).astype(np.float64),
        }
        row = {"set": kind} | {part: float(one.mean()) for part, one in values.items()}
        rows.append(row | {f"{part}_se": float(one.std() / np.sqrt(len(one))) for part, one in values.items()})
    return pd.DataFrame(rows)


def _apart(outputs: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """The root mean square difference (images,) per pixel, the mean over `others`."""
    return np.mean([np.sqrt(((outputs - other) ** 2).mean(axis=1)) for other in others], axis=0)
