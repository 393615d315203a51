"""The per-point table of a trained autoencoder: one row per point, train and test together."""

from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from lib.geometry import spectra
from lib.geometry.jacobians import Cores, cores
from lib.geometry.tangents import tangents
from lib.measures.baselines import ink
from lib.training.autoencoders import Pair
from lib.training.datasets import Dataset

SPACES = ("input", "latent")
SMALL = 0.1  # an eigenvalue of smaller modulus is counted as small (Figure 6)
ILL_CONDITIONED = 1e-6  # a core whose sigma_min / sigma_max is smaller is counted as ill conditioned


def measure(encoder_decoder: Pair, dataset: Dataset, neighbours: np.ndarray, device: str = "cpu") -> pa.Table:
    """The per-point table of a member, in float64, train points first.

    `neighbours` (points,): the data set's neighbour distances (`lib.measures.baselines.neighbours`); `device`: where the cores
    are computed.
    Columns: `test` (bool), `label`, `mse`; for each space s in input (K, the core of J_I) and latent (J_L): `trace_s`,
    `sign_s` (-1, 0, 1 of omega; 0 where the core is structurally singular), `log_volume_s` (log|omega|, NaN there),
    `singular_s` (bool), `conditioning_s` (sigma_min / sigma_max), `eigenvalues_s_real` and `eigenvalues_s_imag`
    (d each); `distance_l1` and `distance_l2`, the norms of the optimally paired difference of the two spectra; of
    `lib.geometry.tangents` `frobenius`, `spectral`, `obliqueness`, `tangent_distance` and `decoder_log_volume`; `ink` (|x|^2)
    and `neighbour_distance`.
    """
    encoder, decoder = (module.double().to(device) for module in encoder_decoder)
    images = torch.cat([dataset.train.images, dataset.test.images]).double()
    result = cores(encoder, decoder, images.to(device), grams=True)
    result = Cores(**{name: part.cpu() for name, part in vars(result).items()})
    assert result.mse is not None
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
    plane = tangents(result, images.shape[1])
    columns |= {name: getattr(plane, name).numpy() for name in ("frobenius", "spectral", "obliqueness")}
    columns |= {"tangent_distance": plane.distance.numpy(), "decoder_log_volume": plane.decoder_log_volume.numpy()}
    columns |= {"ink": ink(images).numpy(), "neighbour_distance": neighbours}
    return pa.table(columns)


def _lists(values: Tensor) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.contiguous().numpy().ravel()), values.shape[1])


def eigenvalues(points: pa.Table, space: str) -> np.ndarray:
    """The eigenvalues (points, d), complex, of one space from a per-point table."""
    parts = [points[f"eigenvalues_{space}_{part}"].combine_chunks().flatten().to_numpy() for part in ("real", "imag")]
    return (parts[0] + 1j * parts[1]).reshape(len(points), -1)
