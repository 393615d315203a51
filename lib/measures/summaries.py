r"""The summary of a network, from which figures, tables and claims are made.

`summarise` reduces the per-point table (`lib.measures.point_table`) to small tables (statistics, histograms,
regressions) that are kept when the points are gone.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from lib.base.errors import InputError
from lib.measures import regression
from lib.measures.point_table import ILL_CONDITIONED, SMALL, SPACES, stored_eigenvalues
from lib.training.autoencoders import Pair
from lib.training.datasets import Dataset

ARGUMENT_BINS = 72  # of 5 degrees, the first centred on -180 degrees: real eigenvalues fall in the middle of a bin
QUANTILES = {"q025": 0.025, "q25": 0.25, "median": 0.5, "q75": 0.75, "q975": 0.975}
ALL = -1  # the label that stands for all classes together
DIGITS = 7  # significant digits kept in a summary
WATCHED = 10_000  # so many first points of a split are measured during training, too
SAMPLED = 1_000  # points of a split that a summary keeps
SAMPLE = [
    *("test", "label", "sign_input", "sign_latent"),
    *("trace_input", "trace_latent", "log_volume_input", "log_volume_latent"),
    *("mse", "ink", "neighbour_distance"),
    *("frobenius", "spectral", "obliqueness", "tangent_distance", "decoder_log_volume"),
]

Tables = dict[str, list[dict[str, Any]]]  # rows by the name of their table


def summarise(points: pa.Table) -> Tables:
    """The summary tables of one member as lists of rows, by name (`lib.runs.results.Summary` describes each).

    Floats are rounded to seven significant digits, in `sample` to four. A regression that the points do not determine
    (all of them with omega <= 0, say) has no row.
    """
    test = points["test"].to_numpy()
    label = points["label"].to_numpy()
    tables = {
        "members": [_member_row(points, test)],
        "statistics": _statistics(points, test, label, [ALL, *np.unique(label).tolist()]),
        "histograms": _histograms(points, test),
        "regressions": _regressions(points, test, label),
        "controls": _controls(points, test, label),
    }
    return _rounded(tables) | _rounded({"sample": points.select(SAMPLE).take(sampled_rows(test)).to_pylist()}, 4)


def progress(points_by_epoch: Mapping[int, pa.Table]) -> Tables:
    """Tables of a member on its way through training, a block of rows an epoch, all classes together.

    `progress_statistics`, `progress_histograms` and `progress_regressions`: as in `summarise`, led by `epoch`.
    """
    tables: Tables = {}
    for epoch, points in points_by_epoch.items():
        test, label = points["test"].to_numpy(), points["label"].to_numpy()
        parts = {
            "statistics": _statistics(points, test, label, [ALL]),
            "histograms": _histograms(points, test),
            "regressions": _regressions(points, test, None),
        }
        for name, rows in parts.items():
            tables.setdefault(f"progress_{name}", []).extend({"epoch": epoch} | row for row in rows)
    return _rounded(tables)


def _member_row(points: pa.Table, test: np.ndarray) -> dict[str, Any]:
    mse = points["mse"].to_numpy()
    row: dict[str, Any] = {"points_train": int((~test).sum()), "points_test": int(test.sum())}
    row |= {"train_mse": mse[~test].mean(), "test_mse": mse[test].mean()}
    for space in SPACES:
        row[f"singular_{space}"] = points[f"singular_{space}"].to_numpy().mean()
        row[f"ill_conditioned_{space}"] = (points[f"conditioning_{space}"].to_numpy() < ILL_CONDITIONED).mean()
        row[f"nonpositive_{space}"] = (points[f"sign_{space}"].to_numpy() <= 0).mean()
    return row


def _quantities(points: pa.Table) -> dict[tuple[str, str], np.ndarray]:
    """(space, quantity) -> values (points,), NaN where a quantity does not exist."""
    latent_dim = stored_eigenvalues(points, "input").shape[1]
    quantities = {("both", "mse"): points["mse"].to_numpy()}
    for p in (1, 2):
        quantities["both", f"distance_l{p}"] = points[f"distance_l{p}"].to_numpy() / latent_dim
    for space in SPACES:
        log = points[f"log_volume_{space}"].to_numpy()
        quantities |= {
            (space, "arithmetic_mean"): points[f"trace_{space}"].to_numpy() / latent_dim,
            (space, "geometric_mean"): np.where(np.isnan(log), 0.0, np.exp(log / latent_dim)),
            (space, "small_eigenvalues"): (np.abs(stored_eigenvalues(points, space)) < SMALL).sum(axis=1),
            (space, "log_volume"): log,
            (space, "reversed"): (points[f"sign_{space}"].to_numpy() < 0).astype(float),
        }
    return quantities


def _statistics(points: pa.Table, test: np.ndarray, label: np.ndarray, labels: Sequence[int]) -> list[dict[str, Any]]:
    splits = {"all": np.ones_like(test), "train": ~test, "test": test}
    rows = []
    for (space, quantity), values in _quantities(points).items():
        exists = ~np.isnan(values)
        for split, in_split in splits.items():
            for each in labels:
                chosen = values[exists & in_split & ((label == each) | (each == ALL))]
                if len(chosen):
                    keys = {"space": space, "split": split, "label": each, "quantity": quantity}
                    rows.append(keys | _described(chosen))
    return rows


def _described(values: np.ndarray) -> dict[str, Any]:
    quantiles = zip(QUANTILES, np.quantile(values, list(QUANTILES.values())), strict=True)
    return {"count": len(values), "mean": values.mean(), "std": values.std(), **dict(quantiles)}


def _histograms(points: pa.Table, test: np.ndarray) -> list[dict[str, Any]]:
    """Counts of the eigenvalues' arguments, a row per space and split: `left`, the first bin's left edge, `width`, `counts`."""
    step = 2 * np.pi / ARGUMENT_BINS
    rows = []
    for space in SPACES:
        bins = np.round((np.angle(stored_eigenvalues(points, space)) + np.pi) / step).astype(int) % ARGUMENT_BINS
        for split, in_split in (("train", ~test), ("test", test)):
            counts = np.bincount(bins[in_split].ravel(), minlength=ARGUMENT_BINS).tolist()
            keys = {"space": space, "split": split, "label": ALL, "quantity": "argument"}
            rows.append(keys | {"left": -np.pi - 0.5 * step, "width": step, "counts": counts})
    return rows


def _regressions(points: pa.Table, test: np.ndarray, label: np.ndarray | None) -> list[dict[str, Any]]:
    rows = []
    mse = points["mse"].to_numpy()
    for (space, predictor), values in _predictors(points).items():
        try:
            fits = regression.fit(mse, values, test, label)
        except InputError:
            continue
        keys = {"space": space, "predictor": predictor}
        rows += [keys | {"label": each} | vars(fit) for each, fit in fits.items()]
    return rows


def _predictors(points: pa.Table) -> dict[tuple[str, str], np.ndarray]:
    """(space, predictor) -> values (points,), NaN where a predictor does not exist: log omega where omega <= 0."""
    predictors = {}
    for space in SPACES:
        positive = points[f"sign_{space}"].to_numpy() > 0
        predictors[space, "log_volume"] = np.where(positive, points[f"log_volume_{space}"].to_numpy(), np.nan)
        predictors[space, "trace"] = points[f"trace_{space}"].to_numpy()
    return predictors


def _controls(points: pa.Table, test: np.ndarray, label: np.ndarray) -> list[dict[str, Any]]:
    """Slopes with controls (`lib.measures.regression`), by space and predictor."""
    covariates = {"class": label}
    for name, column in (("ink", "ink"), ("neighbours", "neighbour_distance")):
        values = points[column].to_numpy()
        covariates[name] = values - values.mean()
    mse = points["mse"].to_numpy()
    return [
        {"space": space, "predictor": predictor} | row
        for (space, predictor), values in _predictors(points).items()
        for row in regression.controlled_slopes(mse, values, covariates, test)
    ]


def sampled_rows(test: np.ndarray) -> np.ndarray:
    """The rows that a summary keeps: 1,000 train and 1,000 test points (all where there are fewer), train first.

    The same of a data set for every member; `test` (points,) bool.
    """
    generator = np.random.default_rng(0)
    return np.concatenate([np.sort(generator.permutation(np.flatnonzero(part))[:SAMPLED]) for part in (~test, test)])


def _rounded(tables: Tables, digits: int = DIGITS) -> Tables:
    """The tables with numbers of so many significant digits; None, which JSON has, for what is not finite."""

    def rounded(value: Any) -> Any:
        if isinstance(value, str | list):
            return value
        if isinstance(value, bool | int | np.integer):
            return int(value)
        return None if value is None or not np.isfinite(value) else float(f"{float(value):.{digits}g}")

    return {
        name: [{key: rounded(value) for key, value in row.items()} for row in rows] for name, rows in tables.items()
    }


def examples(encoder_decoder: Pair, dataset: Dataset) -> list[dict[str, Any]]:
    """The first test image of every class and its reconstruction: grey levels 0 to 255 as bytes, in base 64."""
    encoder, decoder = (module.double().cpu() for module in encoder_decoder)
    rows = []
    for label in dataset.test.labels.unique().tolist():
        image = dataset.test.images[dataset.test.labels == label][0].double()
        with torch.no_grad():
            reconstruction = decoder(encoder(image[None]))[0]
        rows.append({"label": label, "original": _grey_levels(image), "reconstruction": _grey_levels(reconstruction)})
    return rows


def _grey_levels(image: Tensor) -> str:
    return base64.b64encode((255 * image.clamp(0, 1)).round().to(torch.uint8).numpy().tobytes()).decode()
