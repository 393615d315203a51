"""Would another training fail at the same points? Autoencoders from other seeds and another optimizer, and classifiers."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from lib import runs
from lib.analysis import repeats
from lib.analysis.optimizers import RIVALS, TWIN_ERRORS, TWIN_SEEDS
from lib.analysis.verdicts import verdict
from lib.measures import judging
from lib.measures.protocol import Subject
from lib.measures.reconstruction import image_errors
from lib.training.twins import TWINS


def seeds_alike(name: str) -> pd.DataFrame:
    """How far the networks of a run that differ by their seed agree on the test images, a row a `latent_dim`.

    `agreement`: mean rank correlation of the errors of two seeds; `shared`: the share of the worst tenth for one seed that
    is among the worst tenth for another (chance 0.1); `image_share`: the share of the variance of log errors, each seed
    centred, that lies between images; `variance`: mean rank correlation of the variance over seeds with an error. Empty for
    a run with one seed.
    """
    run, test, rows = runs.read(name), runs.read(name).load_dataset().test.images.numpy(), []
    for latent_dim in run.latent_dims if len(run.seeds) > 1 else ():
        pairs = [runs.member(name, run.table_depth, latent_dim, seed) for seed in run.seeds]
        errors = np.stack([image_errors(pair, test) for pair in pairs])
        rho = np.asarray([spearmanr(first, second)[0] for first, second in combinations(errors, 2)])
        worst = errors >= np.quantile(errors, 1 - judging.WORST, axis=1, keepdims=True)
        shared = np.mean([(one & other).sum() / one.sum() for one, other in combinations(worst, 2)])
        logs = np.log(errors) - np.log(errors).mean(axis=1, keepdims=True)
        image_share = 1 - logs.var(axis=0, ddof=1).mean() / logs.var()
        variance = judging.SCORES["seed_variance"].of(Subject(points=test, seeds=pairs))
        told = np.mean([spearmanr(variance, error)[0] for error in errors])
        row = {"latent_dim": latent_dim, "agreement": rho.mean(), "shared": shared, "image_share": image_share}
        rows.append(row | {"variance": told})
    return pd.DataFrame(rows)


def foretellers() -> pd.DataFrame:
    """What ranks the errors of the networks trained by Adam: verdicts (`lib.analysis.verdicts`).

    Spearman's rank correlation with the error of a network, averaged over the ten; 95 % bootstrap over test images.
    """
    table = TWIN_ERRORS.read()
    adam, soap = (table[[f"{name}_{seed}" for seed in TWIN_SEEDS]].to_numpy() for name in TWINS)
    others = [np.delete(adam, seed, axis=1).mean(axis=1) for seed in TWIN_SEEDS]
    scores = {
        "other_seed": ("error of another seed", "another seed", np.roll(adam, 1, axis=1).T),
        "other_seeds": ("mean error of nine other seeds", "other seeds", others),
        "other_optimizer": ("error of a twin trained by SOAP", "another training", soap.T),
    }
    for name in RIVALS:
        measure = judging.SCORES[name]
        scores[name] = (measure.label, measure.scarcest, [table[name].to_numpy()] * len(TWIN_SEEDS))
    weights, rows = judging.weightings(len(table)), []
    for name, (label, needs, of_seeds) in scores.items():
        rhos = [judging.spearman(error, score, weights) for error, score in zip(adam.T, of_seeds, strict=True)]
        band = judging.banded("value", np.mean(rhos, axis=0)).values()
        rows.append(
            verdict(name, "errors of digits at equal training error", "Spearman", band, label=label, needs=needs)
        )
    return pd.DataFrame(rows)


def width_verdicts() -> pd.DataFrame:
    """What ranks the test errors of classifiers over widths, a row a measure and share of noisy labels, likewise.

    Spearman over the widths of the means over seeds; 95 % bootstrap over the widths.
    """
    rows = []
    for noise in repeats.NOISES:
        table = repeats.sweep_means(noise)
        weights = judging.weightings(len(table))
        target = f"test error of classifiers over widths, {100 * noise:.0f} % noisy labels"
        scores = {
            "disagreement": ("disagreement of seeds on planes", "other seeds", -table["agreement"]),
            "fragments": ("fragments of the decision regions", "the weights", table["fragments"]),
            "random": ("random numbers", "nothing", np.random.default_rng(0).random(len(table))),
        }
        for name, (label, needs, score) in scores.items():
            rhos = judging.spearman(np.asarray(table["test_error"]), np.asarray(score), weights)
            band = judging.banded("value", rhos).values()
            rows.append(verdict(name, target, "Spearman", band, label=label, level="network", needs=needs))
    return pd.DataFrame(rows)


def verdicts() -> pd.DataFrame:
    """How well the measures of this page tell where autoencoders err (`foretellers`), and which classifiers do (`width_verdicts`).

    Larger is more error expected.
    """
    return pd.concat([foretellers(), width_verdicts()], ignore_index=True)
