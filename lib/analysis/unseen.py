"""Classifiers of digits, whose error nobody sees without labels: which scores tell a misclassified digit, and what does neural
collapse say of the test error?

`SCORES`, `COLLAPSE` and `GAPS` are committed tables. All 1,797 digits are tested: five networks of a seed each leave out a
fifth of the digits, and are tested on it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lib.analysis import kept
from lib.geometry.collapse import collapse
from lib.measures import judging
from lib.measures.classified import Classified
from lib.measures.protocol import Measure, every, values_at
from lib.training import classifiers, corruptions, datasets
from lib.training.datasets import Split

WIDTHS, FOLDS, NETWORK_SEEDS = (64, 128, 128, 128, 10), 5, (0, 1, 2, 3, 4)
LONG = 300  # epochs of the networks that are followed
FOLLOWED = (*range(1, 13), 15, 20, 30, 50, 80, 120, 200, LONG)
LONG_RUNS = {"decay 0.0005": {}, "decay 0.005": {"decay": 5e-3}, "no batch norm": {"norm": False}, "random labels": {}}
GAP_WIDTHS, GAP_DECAYS, GAP_SEEDS = (64, 128, 256), (5e-5, 5e-4, 5e-3), (0, 1, 2)
BASELINE, RESAMPLES = "max_softmax", 500
SET_LABELS = {
    "test": "test digits",
    "rotated": "rotated by 20 degrees",
    "noisy": "with noise of 0.3",
    "shifted": "shifted by a pixel",
}


def measures() -> list[Measure]:
    """The scores that are compared: those of classifiers, and the 5-NN distance and random numbers."""
    return every("classifier") + [one for one in every("point") if one.name in ("neighbours", "random")]


def digits() -> tuple[Split, dict[str, np.ndarray]]:
    """All 1,797 digits, and the images (1797, 64) of each set of `SET_LABELS` in the same order."""
    whole = datasets.load("digits")
    images, labels = (
        torch.cat([getattr(part, name) for part in (whole.train, whole.test)]) for name in ("images", "labels")
    )
    plain, shape = images.numpy(), whole.image_shape
    sets = (
        plain,
        corruptions.rotated(plain, shape, 20),
        corruptions.noisy(plain, 0.3),
        corruptions.moved(plain, shape, 1),
    )
    return Split(images, labels), dict(zip(SET_LABELS, sets, strict=True))


def split(whole: Split, fold: int) -> tuple[Split, np.ndarray]:
    """The training part of a fold, stratified by class, and the rows that it leaves out."""
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(whole.images, whole.labels)
    train, held_out = list(folds)[fold]
    return Split(whole.images[train], whole.labels[train]), held_out


def scored(fold: int, seeds: Sequence[int] = NETWORK_SEEDS, epochs: int = 60) -> pd.DataFrame:
    """The networks of a fold, one for each seed, at the digits left out: `set`, `seed`, `image`, `wrong`, and all scores."""
    whole, sets = digits()
    train, rows = split(whole, fold)
    networks = [
        classifiers.train_classifier(WIDTHS, train.images, train.labels, seed=seed, epochs=epochs).network
        for seed in seeds
    ]
    frames = []
    for name, images in sets.items():
        for seed, network in zip(seeds, networks, strict=True):
            parts = {"training": train, "labels": train.labels.numpy(), "seeds": networks}
            subject = Classified(network=network, points=images[rows], seed=(fold, seed), **parts)
            wrong = (subject.chosen != whole.labels[rows]).numpy()
            keys = {"set": name, "seed": seed, "image": rows, "wrong": wrong, "chosen": subject.chosen.numpy()}
            frames.append(pd.DataFrame(keys | values_at(subject, measures())))
    return pd.concat(frames, ignore_index=True)


def judged(points: pd.DataFrame) -> pd.DataFrame:
    """For each set and score how well it finds the misclassified digits, averaged over seeds.

    `auroc`: the chance that a misclassified digit scores above one that is not; `saved`: the area between the error rate as
    digits of high score are left out and the constant error rate, as a share of that of a perfect score
    (`lib.measures.judging.saved_area`); `gain`: `auroc` minus that of the softmax. The 95 % intervals `_low` and `_high` are
    of a bootstrap over images, the same for all seeds and scores. `wrong`: the error rate.
    """
    rows = []
    for name, of_set in points.sort_values(["seed", "image"]).groupby("set", sort=False):
        seeds = [of_seed for _, of_seed in of_set.groupby("seed")]
        weights = judging.weightings(len(seeds[0]), resamples=RESAMPLES)
        values = {}
        for measure in measures():
            pairs = [(one["wrong"].to_numpy(), one[measure.name].to_numpy()) for one in seeds]
            auroc = [judging.auroc(wrong[:, None], score, weights) for wrong, score in pairs]
            saved = [judging.saved_area(wrong.astype(float), score, weights) for wrong, score in pairs]
            values[measure.name] = np.nanmean(auroc, axis=0), np.nanmean(saved, axis=0)
        for score, (auroc, saved) in values.items():
            bands = judging.banded("auroc", auroc) | judging.banded("saved", saved)
            bands |= judging.banded("gain", auroc - values[BASELINE][0])
            rows.append({"set": name, "score": score, "wrong": of_set["wrong"].mean()} | bands)
    return pd.DataFrame(rows)


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


def followed(run: str, fold: int, epochs: int = LONG, snapshots: Sequence[int] = FOLLOWED) -> pd.DataFrame:
    """The `state` of a network of `LONG_RUNS` after some epochs; random labels are those of training, tested on the true ones."""
    whole, _ = digits()
    train, rows = split(whole, fold)
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


def _gaps() -> Iterator[dict[str, float]]:
    whole, _ = digits()
    for fold in range(FOLDS):
        train, rows = split(whole, fold)
        test = Split(whole.images[rows], whole.labels[rows])
        for width in GAP_WIDTHS:
            widths = (64, width, width, width, 10)
            for decay in GAP_DECAYS:
                for seed in GAP_SEEDS:
                    keys = {"width": width, "decay": decay, "seed": seed, "fold": fold}
                    trained = classifiers.train_classifier(widths, train.images, train.labels, seed=seed, decay=decay)
                    yield keys | state(trained.network, train, test)


SCORES = kept.Table("unseen_scores", lambda: judged(pd.concat([scored(fold) for fold in range(FOLDS)])))
COLLAPSE = kept.Table(
    "unseen_collapse", lambda: pd.concat([followed(run, fold) for run in LONG_RUNS for fold in range(FOLDS)])
)
GAPS = kept.Table("unseen_gaps", lambda: pd.DataFrame(_gaps()))
