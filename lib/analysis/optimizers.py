"""Autoencoders of the digits trained by Adam and by SOAP to the same training error, from ten seeds each."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from lib.analysis import kept
from lib.measures import judging
from lib.measures.protocol import Subject
from lib.measures.reconstruction import image_errors
from lib.training import autoencoders, datasets, twins
from lib.training.autoencoders import Pair

TWIN_WIDTHS, TWIN_SEEDS, RATES = (64, 72, 64, 64, 8), tuple(range(10)), (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2)
TARGET, LOW_TARGET = 0.02, 0.012  # mean squared errors on the training images at which training stops
RIVALS = ("seed_variance", "neighbours", "linear_error", "random")  # point measures beside the errors of others
TUNING_SEEDS, TUNING_POINTS, TUNING_TARGET = (100, 101, 102), 257, 0.022


def twin(name: str, rate: float, seed: int, target: float = TARGET) -> tuple[Pair, float]:
    """An autoencoder of the digits, trained by an optimizer to this training error, and the number of its epochs."""
    images, pair = datasets.load("digits").train.images, autoencoders.build(TWIN_WIDTHS, seed, "he")
    return pair, twins.fit_until(pair, images, images, target, name=name, rate=rate, seed=seed)


def _rates() -> Iterator[dict[str, object]]:
    """Epochs until the error on a validation fold, the last of the training images, is at most `TUNING_TARGET`."""
    images = datasets.load("digits").train.images
    fitted, fold = images[:-TUNING_POINTS], images[-TUNING_POINTS:]
    for name, rate, seed in product(twins.TWINS, RATES, TUNING_SEEDS):
        pair = autoencoders.build(TWIN_WIDTHS, seed, "he")
        epochs = twins.fit_until(pair, fitted, fold, TUNING_TARGET, name=name, rate=rate, seed=seed)
        yield {"optimizer": name, "rate": rate, "seed": seed, "epochs": epochs}


TWIN_RATES = kept.Table("twin_rates", lambda: pd.DataFrame(_rates()))


def tuned_rates() -> dict[str, float]:
    """For each optimizer the rate that needs the fewest epochs on the validation fold, as committed."""
    epochs = TWIN_RATES.read().pivot_table(index="optimizer", columns="rate", values="epochs")
    return {str(name): float(rate) for name, rate in epochs.idxmin(axis=1).items()}


def _twins() -> Iterator[pd.DataFrame]:
    data, tuned = datasets.load("digits"), tuned_rates()
    for target in (TARGET, LOW_TARGET):
        rows, errors = [], {}
        for name, rate, seed in product(twins.TWINS, RATES, TWIN_SEEDS):
            is_tuned = rate == tuned[name]
            if not is_tuned and (target != TARGET or seed >= len(TWIN_SEEDS) // 2):
                continue
            pair, epochs = twin(name, rate, seed, target)
            subject = Subject(pair=pair, points=data.test.images.numpy())
            traces = {
                f"trace_{one}": subject.column(f"trace_{one}").mean() / TWIN_WIDTHS[-1] for one in ("latent", "input")
            }
            train_errors, at_points = (image_errors(pair, side.images.numpy()) for side in (data.train, data.test))
            if is_tuned:
                errors[name, seed] = at_points
            error = {"train_mse": train_errors.mean(), "test_mse": at_points.mean()}
            key = {"target": target, "optimizer": name, "rate": rate, "seed": seed, "tuned": is_tuned}
            rows.append(key | {"epochs": epochs} | error | traces)
        alike = agreements(errors).assign(tuned=True)
        yield pd.DataFrame(rows).merge(alike, on=["optimizer", "seed", "tuned"], how="left")


def agreements(errors: dict[tuple[str, int], np.ndarray]) -> pd.DataFrame:
    """Mean rank correlations of the errors of each network with those of others: `within` an optimizer, and across, with the
    `same_seed` and with another."""
    keys = pd.DataFrame(list(errors), columns=["optimizer", "seed"])
    rho = np.asarray(spearmanr(np.stack(list(errors.values())), axis=1)[0])
    alike = np.equal.outer(keys["optimizer"].to_numpy(), keys["optimizer"].to_numpy())
    same = np.equal.outer(keys["seed"].to_numpy(), keys["seed"].to_numpy())
    for name, chosen in (("within", alike & ~same), ("same_seed", ~alike & same), ("across", ~alike & ~same)):
        keys[name] = (rho * chosen).sum(axis=1) / chosen.sum(axis=1)
    return keys


TWINS_TABLE = kept.Table("twins", lambda: pd.concat(_twins(), ignore_index=True))


def _twin_errors() -> pd.DataFrame:
    """The test images, a row each: the errors of the twins, what may foretell them, and two measures of the data."""
    data, tuned = datasets.load("digits"), tuned_rates()
    images = data.test.images.numpy()
    pairs = {(name, seed): twin(name, tuned[name], seed)[0] for name, seed in product(twins.TWINS, TWIN_SEEDS)}
    columns = {f"{name}_{seed}": image_errors(pair, images) for (name, seed), pair in pairs.items()}
    seeds = [pair for (name, _), pair in pairs.items() if name == "Adam"]
    subject = Subject(pair=seeds[0], points=images, training=data.train, seeds=seeds)
    return pd.DataFrame(columns | {name: judging.SCORES[name].of(subject) for name in RIVALS})


TWIN_ERRORS = kept.Table("twin_errors", _twin_errors)
