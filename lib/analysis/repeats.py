"""Classifiers of growing width, trained from three seeds each: do they make the same errors, and are their units redundant?

One hidden layer, full-batch Adam, the same rate and steps for all widths, on clean, noisy and random labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lib.analysis import kept
from lib.geometry.planes import decisions, fragments, plane_grids
from lib.geometry.redundancy import predicted_by_chunk
from lib.training import classifiers, datasets
from lib.training.datasets import Split

SWEEP_WIDTHS, SWEEP_SEEDS, SWEEP_STEPS = (4, 8, 16, 32, 48, 64, 128, 256), (0, 1, 2), 1000
NOISES, RANDOM_WIDTHS = (0.0, 0.2), (16, 64)  # share of noisy labels; the widths trained on random labels
TRIPLES, SIDE = 60, 30
EARLY_STEPS = 25  # 96 % of the training labels are learnt; after 12 steps Adam still oscillates
CHUNK_UNITS, CHUNK_SIZES, CHUNK_DRAWS, RANK = 256, (1, 2, 4, 8, 16, 32, 64, 128), 10, 16


def noisy_training(noise: float) -> Split:
    """The training digits, with a share of their labels drawn anew."""
    train = datasets.load("digits").train
    return replace(train, labels=classifiers.noisy_labels(train.labels, noise, 10, seed=0))


def repeats(train: Split, width: int, seeds: Sequence[int], steps: int = SWEEP_STEPS) -> list[nn.Sequential]:
    """Classifiers with a hidden layer of this width, one for each seed: full-batch Adam, the same rate and steps for all."""
    options = {"epochs": steps, "norm": False, "decay": 0.0, "rate": 5e-3, "batch": None, "optimizer": "adam"}
    return [
        classifiers.train_classifier(
            (64, width, 10), train.images, train.labels, seed=seed, schedule="constant", **options
        ).network
        for seed in seeds
    ]


def random_triples(images: Tensor, count: int) -> Tensor:
    """`count` triples (count, 3, N) of different images, drawn from a fixed seed."""
    draw = np.random.default_rng(0)
    return images[np.stack([draw.choice(len(images), 3, replace=False) for _ in range(count)])]


@torch.no_grad()
def compared(networks: Sequence[nn.Sequential], train: Split, test: Split, grids: Tensor) -> pd.DataFrame:
    """Classifiers of one kind, a row each: errors, `agreement` with the others on planes, and `fragments` of a plane.

    `agreement`: the share of the grids' points that get one class from both, averaged over the others. `shared`: the share
    of its wrong test images that another classifier also has wrong.
    """
    wrong = np.stack([(network(test.images).argmax(1) != test.labels).numpy() for network in networks])
    training = [float((network(train.images).argmax(1) != train.labels).double().mean()) for network in networks]
    regions = [decisions(network, grids) for network in networks]
    rows = []
    for place, own in enumerate(regions):
        others = [other for other in range(len(networks)) if other != place]
        agreement = np.mean([(own == regions[other]).mean() for other in others])
        shared = wrong[others][:, wrong[place]].mean() if wrong[place].any() else np.nan
        row = {"train_error": training[place], "test_error": wrong[place].mean(), "agreement": agreement}
        rows.append(row | {"fragments": np.mean([fragments(one) for one in own]), "shared": shared})
    return pd.DataFrame(rows)


def _sweep() -> Iterator[pd.DataFrame]:
    test = datasets.load("digits").test
    grids = plane_grids(random_triples(test.images, TRIPLES), SIDE)
    for noise, width in [*product(NOISES, SWEEP_WIDTHS), *product((1.0,), RANDOM_WIDTHS)]:
        train = noisy_training(noise)
        rows = compared(repeats(train, width, SWEEP_SEEDS), train, test, grids)
        yield rows.assign(noise=noise, width=width, seed=SWEEP_SEEDS)


SWEEP = kept.Table("classifier_widths", lambda: pd.concat(_sweep(), ignore_index=True))


def sweep_means(noise: float) -> pd.DataFrame:
    """The committed classifiers with this share of noisy labels, averaged over seeds: a row a `width`, which is the index."""
    table = SWEEP.read()
    return table[table["noise"] == noise].drop(columns=["noise", "seed"]).groupby("width").mean()


# --- redundancy -----------------------------------------------------------------------------------------------------


def planted(kind: str, points: int, units: int = CHUNK_UNITS) -> np.ndarray:
    """Activations (points, units) with a known answer: 16 groups of "copies" with noise, or rank 16 with "mixing" and noise."""
    draw = np.random.default_rng(0)
    factors = draw.standard_normal((points, RANK))
    weights = (
        np.repeat(np.eye(RANK), units // RANK, axis=1) if kind == "copies" else draw.standard_normal((RANK, units)) / 4
    )
    return factors @ weights + 0.4 * draw.standard_normal((points, units))


def _chunks() -> Iterator[dict[str, object]]:
    data = datasets.load("digits")
    layers = {
        name: [network[:2](split.images).detach().numpy() for split in (data.train, data.test)]
        for name, network in (
            ("trained", repeats(data.train, CHUNK_UNITS, (0,))[0]),
            ("stopped early", repeats(data.train, CHUNK_UNITS, (0,), steps=EARLY_STEPS)[0]),
            ("untrained", classifiers.untrained_classifier((64, CHUNK_UNITS, 10), 0, norm=False)),
        )
    }
    for kind in ("copies", "mixing"):
        whole = planted(kind, len(data.train) + len(data.test))
        layers[kind] = [whole[: len(data.train)], whole[len(data.train) :]]
    for (name, (fitted, held_out)), size, draw in product(layers.items(), CHUNK_SIZES, range(CHUNK_DRAWS)):
        r2, correlation = predicted_by_chunk(fitted, held_out, size, draw)
        yield {"layer": name, "size": size, "draw": draw, "r2": r2, "correlation": correlation}


def _mean_chunks() -> pd.DataFrame:
    return pd.DataFrame(_chunks()).groupby(["layer", "size"], sort=False)[["r2", "correlation"]].mean().reset_index()


CHUNKS = kept.Table("chunks", _mean_chunks)
