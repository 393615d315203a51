r"""What is measured at every point of a trained member, and the summary that figures, tables and claims are made from.

`measure` makes the per-point table: one row a point, train and test together. `summarise` reduces it to the small
tables (statistics, histograms, regressions) that stay when the points are gone.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from lib import regression, spectra
from lib.autoencoders import Pair
from lib.datasets import Dataset
from lib.errors import InputError
from lib.jacobians import cores

SPACES = ("input", "latent")
PREDICTORS = ("log_volume", "trace")
SMALL = 0.1  # an eigenvalue of smaller modulus is counted as small (Figure 6)
ILL_CONDITIONED = 1e-6  # a core whose sigma_min / sigma_max is smaller is counted as ill conditioned
ARGUMENT_BINS = 72  # of 5 degrees, the first centred on -180 degrees: real eigenvalues fall in the middle of a bin
QUANTILES = {"q025": 0.025, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "q975": 0.975}
ALL = -1  # the label that stands for all classes together
DIGITS = 7  # significant digits kept in a summary


def measure(encoder_decoder: Pair, dataset: Dataset) -> pa.Table:
    """The per-point table of a member, in float64, train points first.

    Columns: `test` (bool), `label`, `mse`; for each space s in input (K, the core of J_I) and latent (J_L): `trace_s`,
    `sign_s` (-1, 0, 1 of omega; 0 where the core is structurally singular), `log_volume_s` (log|omega|, NaN there),
    `singular_s` (bool), `conditioning_s` (sigma_min / sigma_max), `eigenvalues_s_real` and `eigenvalues_s_imag`
    (d each); `distance_l1` and `distance_l2`, the norms of the optimally paired difference of the two spectra.
    """
    encoder, decoder = (module.double() for module in encoder_decoder)
    images = torch.cat([dataset.train.images, dataset.test.images]).double()
    result = cores(encoder, decoder, images)
    columns: dict[str, Any] = {
        "test": np.arange(len(images)) >= len(dataset.train),
        "label": torch.cat([dataset.train.labels, dataset.test.labels]).numpy(),
        "mse": result.mse.numpy(),
    }
    spectrum: dict[str, Tensor] = {}
    for space in SPACES:
        core: Tensor = getattr(result, space)
        latent_dim = core.shape[-1]
        singular = spectra.singular(getattr(result, f"rank_bound_{space}"), latent_dim)
        sign, log = spectra.log_volume(core)
        singular |= sign == 0
        spectrum[space] = spectra.eigenvalues(core)
        columns |= {
            f"trace_{space}": spectra.trace(core).numpy(),
            f"sign_{space}": torch.where(singular, 0.0, sign).to(torch.int8).numpy(),
            f"log_volume_{space}": torch.where(singular, float("nan"), log).numpy(),
            f"singular_{space}": singular.numpy(),
            f"conditioning_{space}": spectra.conditioning(core).numpy(),
            f"eigenvalues_{space}_real": _lists(spectrum[space].real),
            f"eigenvalues_{space}_imag": _lists(spectrum[space].imag),
        }
    for p in (1, 2):
        columns[f"distance_l{p}"] = spectra.paired_distance(spectrum["input"], spectrum["latent"], p).numpy()
    return pa.table(columns)


def _lists(values: Tensor) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.contiguous().numpy().ravel()), values.shape[1])


def eigenvalues(points: pa.Table, space: str) -> np.ndarray:
    """The eigenvalues (points, d), complex, of one space from a per-point table."""
    parts = [points[f"eigenvalues_{space}_{part}"].combine_chunks().flatten().to_numpy() for part in ("real", "imag")]
    return (parts[0] + 1j * parts[1]).reshape(len(points), -1)


def summarise(points: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """The summary tables of one member as lists of rows: `members`, `statistics`, `histograms`, `regressions`.

    Floats are rounded to seven significant digits. A regression that the points do not determine (all of them
    with omega <= 0, say) has no row.
    """
    test = points["test"].to_numpy()
    label = points["label"].to_numpy()
    return {
        "members": [_member_row(points, test)],
        "statistics": _statistics(points, test, label),
        "histograms": _histograms(points, label),
        "regressions": _regressions(points, test, label),
    }


def _member_row(points: pa.Table, test: np.ndarray) -> dict[str, Any]:
    mse = points["mse"].to_numpy()
    row: dict[str, Any] = {
        "points_train": int((~test).sum()),
        "points_test": int(test.sum()),
        "train_mse": _rounded(mse[~test].mean()),
        "test_mse": _rounded(mse[test].mean()),
    }
    for space in SPACES:
        row[f"singular_{space}"] = _rounded(points[f"singular_{space}"].to_numpy().mean())
        row[f"ill_conditioned_{space}"] = _rounded(
            (points[f"conditioning_{space}"].to_numpy() < ILL_CONDITIONED).mean()
        )
        row[f"nonpositive_{space}"] = _rounded((points[f"sign_{space}"].to_numpy() <= 0).mean())
    return row


def _quantities(points: pa.Table) -> dict[tuple[str, str], np.ndarray]:
    """(space, quantity) -> values (points,), NaN where a quantity does not exist."""
    latent_dim = eigenvalues(points, "input").shape[1]
    quantities = {("both", "mse"): points["mse"].to_numpy()}
    for p in (1, 2):
        quantities["both", f"distance_l{p}"] = points[f"distance_l{p}"].to_numpy() / latent_dim
    for space in SPACES:
        log = points[f"log_volume_{space}"].to_numpy()
        quantities |= {
            (space, "arithmetic_mean"): points[f"trace_{space}"].to_numpy() / latent_dim,
            (space, "geometric_mean"): np.where(np.isnan(log), 0.0, np.exp(log / latent_dim)),
            (space, "small_eigenvalues"): (np.abs(eigenvalues(points, space)) < SMALL).sum(axis=1),
            (space, "log_volume"): log,
            (space, "reversed"): (points[f"sign_{space}"].to_numpy() < 0).astype(float),
        }
    return quantities


def _statistics(points: pa.Table, test: np.ndarray, label: np.ndarray) -> list[dict[str, Any]]:
    splits = {"all": np.ones_like(test), "train": ~test, "test": test}
    labels = [ALL, *np.unique(label).tolist()]
    rows = []
    for (space, quantity), values in _quantities(points).items():
        exists = ~np.isnan(values)
        for split, in_split in splits.items():
            for one in labels:
                chosen = values[exists & in_split & ((label == one) | (one == ALL))]
                if len(chosen):
                    keys = {"space": space, "split": split, "label": one, "quantity": quantity}
                    rows.append(keys | _described(chosen))
    return rows


def _described(values: np.ndarray) -> dict[str, Any]:
    quantiles = np.quantile(values, list(QUANTILES.values()))
    return {
        "count": len(values),
        "mean": _rounded(values.mean()),
        "std": _rounded(values.std()),
        **{name: _rounded(value) for name, value in zip(QUANTILES, quantiles, strict=True)},
    }


def _histograms(points: pa.Table, label: np.ndarray) -> list[dict[str, Any]]:
    """Counts of eigenvalue arguments (by angle) and of small eigenvalues (by their number), for each class and for all."""
    rows = []
    step = 2 * np.pi / ARGUMENT_BINS
    for space in SPACES:
        values = eigenvalues(points, space)
        latent_dim = values.shape[1]
        argument_bin = np.round((np.angle(values) + np.pi) / step).astype(int) % ARGUMENT_BINS
        small = (np.abs(values) < SMALL).sum(axis=1)
        for one in [ALL, *np.unique(label).tolist()]:
            chosen = (label == one) | (one == ALL)
            keys = {"space": space, "split": "all", "label": one}
            counts = np.bincount(argument_bin[chosen].ravel(), minlength=ARGUMENT_BINS)
            rows += [
                keys
                | {"quantity": "argument", "left": _rounded(-np.pi + (i - 0.5) * step)}
                | {"right": _rounded(-np.pi + (i + 0.5) * step), "count": int(count)}
                for i, count in enumerate(counts)
            ]
            counts = np.bincount(small[chosen], minlength=latent_dim + 1)
            rows += [
                keys | {"quantity": "small_eigenvalues", "left": i - 0.5, "right": i + 0.5, "count": int(count)}
                for i, count in enumerate(counts)
            ]
    return rows


def _regressions(points: pa.Table, test: np.ndarray, label: np.ndarray) -> list[dict[str, Any]]:
    rows = []
    mse = points["mse"].to_numpy()
    for space in SPACES:
        positive = points[f"sign_{space}"].to_numpy() > 0
        for predictor in PREDICTORS:
            values = points[f"{predictor}_{space}"].to_numpy()
            if predictor == "log_volume":
                values = np.where(positive, values, np.nan)
            try:
                fits = regression.fit(mse, values, test, label)
            except InputError:
                continue
            for one, fit in fits.items():
                keys = {"space": space, "predictor": predictor, "label": one}
                rows.append(keys | {name: _rounded(value) for name, value in fit.as_dict().items()})
    return rows


def _rounded(value: float) -> float | int:
    return int(value) if isinstance(value, (int, np.integer)) else float(f"{float(value):.{DIGITS}g}")


def examples(encoder_decoder: Pair, dataset: Dataset) -> list[dict[str, Any]]:
    """The first test image of every class and its reconstruction, as lists of N numbers of three decimals."""
    encoder, decoder = (module.double() for module in encoder_decoder)
    rows = []
    for label in dataset.test.labels.unique().tolist():
        image = dataset.test.images[dataset.test.labels == label][0].double()
        with torch.no_grad():
            reconstruction = decoder(encoder(image[None]))[0]
        rows.append({"label": label, "original": _thousandths(image), "reconstruction": _thousandths(reconstruction)})
    return rows


def _thousandths(image: Tensor) -> list[float]:
    return [round(value, 3) for value in image.tolist()]
