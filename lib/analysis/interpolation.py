"""Do paths between the codes of two test images lead away from the data, and do other paths than the straight one avoid it?

Straight paths, paths along neighbours and paths of density (`lib.geometry.paths`), and as a control paths of a density without
structure: that of the training codes with each coordinate shuffled among them.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lib import runs
from lib.analysis import kept
from lib.geometry.paths import density_path, evenly_along, graph_path
from lib.measures.baselines import neighbour_distance
from lib.measures.reconstruction import encoded
from lib.runs import Member

PAIRS, POINTS = 20, 20  # pairs of images across classes, and as many within; points of a path
TIED = 1e-3  # relative
WEIGHT = 0.5  # of the density: a nat of it is worth half the length of the straight path
JOINED = {"digits": ((2, 0), (8, 0)), "digits-seeds": ((4, 0), (4, 1), (4, 2))}  # (d, seed)
OTHER_PATHS = {"graph": "along neighbours", "density": "of density", "shuffled": "of shuffled density"}


def pairs_of(labels: Tensor, draw: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Pairs of rows, `first` and `last`: of different classes (`across`), and of one."""
    for across in (True, False):
        for _ in range(PAIRS):
            first = draw.integers(len(labels))
            others = np.flatnonzero((labels != labels[first]).numpy() == across)
            yield {"first": first, "last": draw.choice(others[others != first]), "across": across}


def interpolations(name: str, member: Member) -> pd.DataFrame:
    """How far paths between the codes of test images lead from the data, a row a pair of images.

    `straight` and each of `OTHER_PATHS`: the largest distance of an image D(z) on the path to its fifth nearest training image;
    `limit`: what 1 % of the training images exceed. The density has the width of the median distance to the fifth nearest code.
    """
    data, network = runs.read(name).load_dataset(), runs.member(name, *vars(member).values())
    images = data.train.images.numpy()
    codes, ends = (torch.from_numpy(encoded(network, split.images.numpy())) for split in (data.train, data.test))
    decoder, pairs = deepcopy(network[1]).double(), pd.DataFrame(pairs_of(data.test.labels, np.random.default_rng(0)))
    between = ends[pairs[["first", "last"]].to_numpy()]
    paths = {"straight": torch.stack([evenly_along(pair, POINTS) for pair in between])}
    paths["graph"] = torch.stack([evenly_along(graph_path(codes, *pair), POINTS) for pair in between])
    shuffled = torch.from_numpy(np.random.default_rng(0).permuted(codes.numpy(), axis=0))
    width = float(np.median(neighbour_distance(codes.numpy())))
    for kind, known in (("density", codes), ("shuffled", shuffled)):
        searched = (density_path(decoder, path, known, width, WEIGHT) for path in paths["graph"])
        paths[kind] = torch.stack(list(searched))
    rows = {"across": pairs["across"], "limit": float(np.quantile(neighbour_distance(images), 0.99))}
    for kind, nodes in paths.items():
        with torch.no_grad():
            drawn = decoder(nodes.flatten(0, 1)).numpy()
        rows[kind] = neighbour_distance(images, drawn).reshape(len(nodes), -1).max(axis=1)
    return pd.DataFrame(rows)


def _kept() -> Iterator[pd.DataFrame]:
    for name, networks in JOINED.items():
        for latent_dim, seed in networks:
            member = Member(runs.read(name).table_depth, latent_dim, seed)
            yield interpolations(name, member).assign(run=name, latent_dim=latent_dim, seed=seed)


PATHS = kept.Table("paths", lambda: pd.concat(_kept(), ignore_index=True))


def nearer(paths: pd.DataFrame) -> pd.DataFrame:
    """For each network, across and within classes: the share of pairs for which each of `OTHER_PATHS` is nearer the data than
    the straight path; a tie, where the worst place is an end, counts half.

    Besides: `tied`, the share of pairs for which all paths tie, and the medians of all kinds (`median_...`).
    """
    keys, rows = ["run", "latent_dim", "seed", "across"], []
    for _, pairs in paths.groupby(keys):
        row = dict(pairs.iloc[0][keys])
        straight = pairs["straight"]
        ties = pd.DataFrame({kind: np.isclose(pairs[kind], straight, rtol=TIED) for kind in OTHER_PATHS})
        row |= {kind: np.where(ties[kind], 0.5, pairs[kind] < straight).mean() for kind in OTHER_PATHS}
        row |= {f"median_{kind}": pairs[kind].median() for kind in ("straight", *OTHER_PATHS)}
        rows.append(row | {"tied": float(np.mean(ties.all(axis=1)))})
    return pd.DataFrame(rows)
