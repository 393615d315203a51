"""The per-point table of a trained autoencoder: one row per point, train and test together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from lib.geometry import spectra
from lib.geometry.jacobians import Cores, cores
from lib.geometry.tangents import tangents
from lib.measures.baselines import ink
from lib.training.autoencoders import Pair
from lib.training.datasets import Dataset

SPACES = ("input", "latent")
SMALL = 0.1  # an eigenvalue of smaller modulus is counted as small (Figure 6)
ILL_CONDITIONED = 1e-6  # a core whose sigma_min / sigma_max is smaller is counted as ill conditioned


def cores_on_cpu(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Cores:
    """Cores, Gram matrices and errors at points x (points, ...), computed where x is and brought to the CPU."""
    parts = vars(cores(encoder, decoder, x, grams=True)).items()
    return Cores(**{name: part.detach().cpu() if isinstance(part, Tensor) else part for name, part in parts})


def geometry(result: Cores, input_dim: int, spaces: Sequence[str] = SPACES) -> dict[str, Tensor]:
    """The geometry at each point, from cores with their Gram matrices; `input_dim` is N. Every value is (points,).

    For each space s, input (K, the core of J_I) and latent (J_L): `trace_s`; `sign_s` (-1, 0, 1) and `log_volume_s`
    (log|omega|) of the determinant omega, 0 and NaN where the core is singular; `singular_s`: omega is 0 exactly, by
    the count of active units or in the determinant; `conditioning_s`, sigma_min / sigma_max. Of
    `lib.geometry.tangents`: `frobenius`, `spectral`, `obliqueness`, `tangent_distance` and `decoder_log_volume`.
    Raises `InputError` where anything is not finite.
    """
    columns: dict[str, Tensor] = {}
    for space in spaces:
        core: Tensor = getattr(result, space)
        sign, log = spectra.log_volume(core)
        # rounding gives a rank-deficient core some tiny determinant: the count of active units knows better
        singular = spectra.singular(getattr(result, f"rank_bound_{space}"), core.shape[-1]) | (sign == 0)
        columns |= {
            f"trace_{space}": spectra.trace(core),
            f"sign_{space}": torch.where(singular, 0.0, sign),
            f"log_volume_{space}": torch.where(singular, float("nan"), log),
            f"singular_{space}": singular,
            f"conditioning_{space}": spectra.conditioning(core),
        }
    plane = tangents(result, input_dim)
    columns |= {name: getattr(plane, name) for name in ("frobenius", "spectral", "obliqueness")}
    return columns | {"tangent_distance": plane.distance, "decoder_log_volume": plane.decoder_log_volume}


def measure_points(encoder_decoder: Pair, dataset: Dataset, neighbours: np.ndarray, device: str = "cpu") -> pa.Table:
    """The per-point table of a network, in float64, train points first.

    `neighbours` (points,): the neighbour distances of the data set (`lib.measures.baselines.neighbours`); `device`:
    where the cores are computed.
    Columns: `test` (bool), `label`, `mse`; those of `geometry`; for each space s `eigenvalues_s_real` and
    `eigenvalues_s_imag` (d each); `distance_l1` and `distance_l2`, the norms of the optimally paired difference of the
    two spectra; `ink` (|x|^2) and `neighbour_distance`.
    """
    encoder, decoder = (module.double().to(device) for module in encoder_decoder)
    images = torch.cat([dataset.train.images, dataset.test.images]).double()
    result = cores_on_cpu(encoder, decoder, images.to(device))
    assert result.mse is not None
    columns: dict[str, Any] = {
        "test": np.arange(len(images)) >= len(dataset.train),
        "label": torch.cat([dataset.train.labels, dataset.test.labels]).numpy(),
        "mse": result.mse.numpy(),
    }
    columns |= {name: values.numpy() for name, values in geometry(result, images.shape[1]).items()}
    spectrum = {space: spectra.eigenvalues(getattr(result, space)) for space in SPACES}
    for space, values in spectrum.items():
        columns[f"sign_{space}"] = columns[f"sign_{space}"].astype(np.int8)
        columns[f"eigenvalues_{space}_real"] = _lists(values.real)
        columns[f"eigenvalues_{space}_imag"] = _lists(values.imag)
    for p in (1, 2):
        columns[f"distance_l{p}"] = spectra.paired_distance(spectrum["input"], spectrum["latent"], p).numpy()
    columns |= {"ink": ink(images).numpy(), "neighbour_distance": neighbours}
    return pa.table(columns)


def _lists(values: Tensor) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.contiguous().numpy().ravel()), values.shape[1])


def stored_eigenvalues(points: pa.Table, space: str) -> np.ndarray:
    """The eigenvalues (points, d), complex, of one space from a per-point table."""
    parts = [points[f"eigenvalues_{space}_{part}"].combine_chunks().flatten().to_numpy() for part in ("real", "imag")]
    return (parts[0] + 1j * parts[1]).reshape(len(points), -1)
