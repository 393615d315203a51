"""Neural collapse of classifiers of digits along training, and over widths, weight decays and seeds; their data in five folds.

`COLLAPSE` and `GAPS` are committed tables.
"""

from collections.abc import Sequence
from itertools import product, starmap

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lib.analysis import kept
from lib.geometry.collapse import collapse
from lib.measures.ranking import granulated
from lib.training import classifiers, corruptions, datasets
from lib.training.datasets import Split

WIDTHS, FOLDS = (64, 128, 128, 128, 10), 5
LONG = 150  # epochs of the networks that are followed
FOLLOWED = (*range(1, 13), 15, 20, 30, 50, 80, 120, LONG)
LONG_RUNS = {"decay 0.0005": {}, "decay 0.005": {"decay": 5e-3}, "no batch norm": {"norm": False}, "random labels": {}}
GAP_WIDTHS, GAP_DECAYS, GAP_SEEDS = (64, 128, 256), (5e-5, 5e-4, 5e-3), (0, 1, 2)
GAP_AXES = ("width", "decay", "seed")
SET_LABELS = {
    "test": "test digits",
    "rotated": "rotated by 20 degrees",
    "noisy": "with noise of 0.3",
    "shifted": "shifted by a pixel",
}


def digits() -> tuple[Split, dict[str, np.ndarray]]:
    """All 1,797 digits, and the images (1797, 64) of each set of `SET_LABELS` in the same order."""
    whole = datasets.load("digits")
    images, labels = (
        torch.cat([getattr(part, name) for part in (whole.train, whole.test)]) for name in ("images", "labels")
    )
    plain, shape = images.numpy(), whole.image_shape
    sets = {"test": plain, "rotated": corruptions.rotated(plain, shape, 20)}
    sets |= {"noisy": corruptions.noisy(plain, 0.3), "shifted": corruptions.moved(plain, shape, 1)}
    return Split(images, labels), sets


def without_fold(whole: Split, fold: int) -> tuple[Split, np.ndarray]:
    """The training part of a fold, stratified by class, and the rows that it leaves out."""
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(whole.images, whole.labels)
    train, held_out = list(folds)[fold]
    return Split(whole.images[train], whole.labels[train]), held_out


@torch.no_grad()
def state(network: nn.Sequential, train: Split, test: Split) -> dict[str, float]:
    """NC1 to NC4 on the training points, and error rate and cross-entropy of both parts."""
    last = network[-1]
    assert isinstance(last, nn.Linear)
    found = collapse(network[:-1](train.images), train.labels, last.weight, last.bias)
    for name, part in (("train", train), ("test", test)):
        logits = network(part.images)
        found[f"{name}_error"] = float((logits.argmax(dim=1) != part.labels).double().mean())
        found[f"{name}_loss"] = float(cross_entropy(logits, part.labels))
    return found


def chance_nc2(draws: int = 50) -> float:
    """The median NC2 of as many random directions as there are classes, in the space of the features of `COLLAPSE`."""
    draw, shape = torch.Generator().manual_seed(0), (WIDTHS[-1], WIDTHS[-2])
    labels, bias = torch.arange(WIDTHS[-1]), torch.zeros(WIDTHS[-1])
    means = [torch.randn(shape, generator=draw) for _ in range(draws)]
    return float(np.median([collapse(one, labels, one, bias)["nc2"] for one in means]))


def collapse_along(run: str, fold: int, epochs: int = LONG, snapshots: Sequence[int] = FOLLOWED) -> pd.DataFrame:
    """The `state` of a network of `LONG_RUNS` after some epochs; random labels are those of training, tested on the true ones."""
    whole, _ = digits()
    train, rows = without_fold(whole, fold)
    if run == "random labels":
        train = Split(train.images, classifiers.noisy_labels(train.labels, 1.0, 10, seed=fold))
    trained = classifiers.train_classifier(
        WIDTHS, train.images, train.labels, seed=fold, epochs=epochs, snapshots=snapshots, **LONG_RUNS[run]
    )
    test = Split(whole.images[rows], whole.labels[rows])
    states = (
        {"run": run, "fold": fold, "epoch": epoch} | state(one, train, test) for epoch, one in trained.snapshots.items()
    )
    return pd.DataFrame(states)


def gap_state(fold: int, width: int, decay: float, seed: int) -> dict[str, float]:
    """The `state` of a network with three hidden layers of this width, and what it was trained with."""
    whole, _ = digits()
    train, rows = without_fold(whole, fold)
    widths = (64, width, width, width, 10)
    trained = classifiers.train_classifier(widths, train.images, train.labels, seed=seed, decay=decay)
    found = state(trained.network, train, Split(whole.images[rows], whole.labels[rows]))
    return {"width": width, "decay": decay, "seed": seed, "fold": fold} | found


COLLAPSE = kept.Table(
    "unseen_collapse", lambda: pd.concat([collapse_along(run, fold) for run in LONG_RUNS for fold in range(FOLDS)])
)
GAPS = kept.Table(
    "unseen_gaps",
    lambda: pd.DataFrame(starmap(gap_state, product(range(FOLDS), GAP_WIDTHS, GAP_DECAYS, GAP_SEEDS))),
)


def collapse_ends(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `COLLAPSE` at the first snapshot without training errors (`at` "first") and at the last one ("last").

    A network that never gets there has no row.
    """
    fitted = rows[rows["train_error"] == 0].groupby(["run", "fold"], sort=False)
    return pd.concat([fitted.head(1).assign(at="first"), fitted.tail(1).assign(at="last")], ignore_index=True)


def gap_networks(rows: pd.DataFrame) -> pd.DataFrame:
    """`GAPS` averaged over folds: a row for each width, decay and seed, with its `gap`, test minus training error."""
    found = rows.groupby(list(GAP_AXES), as_index=False).mean()
    gap = found["test_error"] - found["train_error"]
    return found.assign(gap=gap, random=np.random.default_rng(0).random(len(found)))


def gap_ranking(rows: pd.DataFrame, measure: str) -> dict[str, float]:
    """How a measure ranks the networks of `GAPS` by their gap (`lib.measures.ranking`): tau, psi by setting, Psi, and `low` and
    `high`, Psi minus and plus two standard errors (jackknife over the folds)."""
    found = granulated(gap_networks(rows), GAP_AXES, measure)
    without = [granulated(gap_networks(rows[rows["fold"] != fold]), GAP_AXES, measure)["Psi"] for fold in range(FOLDS)]
    error = float(np.sqrt((FOLDS - 1) * np.var(without)))
    return found | {"low": found["Psi"] - 2 * error, "high": found["Psi"] + 2 * error}
