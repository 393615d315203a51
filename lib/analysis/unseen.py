"""Classifiers of digits, whose error nobody sees without labels: which scores tell a misclassified digit?

`FOUND` is a committed table. All 1,797 digits are tested: the networks of a fold, one for each of five seeds, are trained on four
fifths of the digits and tested on the rest.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.analysis import kept
from lib.analysis.neural_collapse import FOLDS, GAPS, SET_LABELS, WIDTHS, digits, gap_ranking, without_fold
from lib.analysis.verdicts import verdict
from lib.measures import judging
from lib.measures.classified import Classified
from lib.measures.protocol import LABELS, Measure, every, values_at
from lib.training import classifiers

NETWORK_SEEDS = (0, 1, 2, 3, 4)
BASELINE, RESAMPLES = "max_softmax", 500


def measures() -> list[Measure]:
    """The scores that are compared: those of classifiers, and the 5-NN distance and random numbers."""
    return every("classifier") + [one for one in every("point") if one.name in ("neighbours", "random")]


def scored(fold: int, seeds: Sequence[int] = NETWORK_SEEDS, epochs: int = 60) -> pd.DataFrame:
    """The networks of a fold, one for each seed, at the digits left out: `set`, `seed`, `image`, `wrong`, and all scores."""
    whole, sets = digits()
    train, rows = without_fold(whole, fold)
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


FOUND = kept.Table("unseen_scores", lambda: judged(pd.concat([scored(fold) for fold in range(FOLDS)])))


def verdicts() -> pd.DataFrame:
    """A row for each score and set (AUROC, interval of a bootstrap over images) and for NC1 (Psi, jackknife over folds)."""
    known = {measure.name: measure for measure in measures()}
    rows = []
    for row in FOUND.read().to_dict("records"):
        target = f"misclassified digits, {SET_LABELS[row['set']]}".removesuffix(", test digits")
        band = [row[f"auroc{end}"] for end in ("", "_low", "_high")]
        rows.append(verdict(known[row["score"]], target, "AUROC", band, chance=0.5, level="point"))
    gaps, target = GAPS.read(), "generalisation gap of classifiers"
    for name, label, needs in (("nc1", "neural collapse, NC1", LABELS), ("random", "random numbers", "nothing")):
        ranked = gap_ranking(gaps, name)
        band = [ranked[key] for key in ("Psi", "low", "high")]
        rows.append(verdict(name, target, "Psi", band, label=label, level="network", needs=needs))
    return pd.DataFrame(rows)
