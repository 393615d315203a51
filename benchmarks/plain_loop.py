"""Are the results of a run those of its settings, or of our code? A plain PyTorch training loop that shares none with `lib`.

The networks of a committed run at one latent dimension are trained by this loop, from its settings, and measured as all
networks are. Where the two trainings differ in nothing but chance, a network of this loop lies in the interval that the
run's seeds predict for one more of them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from benchmarks.timing import environment
from lib.analysis import sensitivity
from lib.analysis.intervals import next_margin
from lib.measures import point_table, summaries
from lib.runs import Member, Run, read, store, summary

RUNS, LATENT_DIM = ("mnist", "mnist-seeds"), 20  # of one setting: seed 0, and the others
QUANTITIES = ("slopes", "indicators", "small_eigenvalues", "arithmetic_mean")


def _network(widths: Sequence[int], output: str) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder and decoder with PyTorch's own initialisation; the decoder mirrors the encoder."""

    def half(sizes: Sequence[int]) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        return layers[:-1]

    last = [nn.Sigmoid()] if output == "sigmoid" else []
    return nn.Sequential(*half(widths)), nn.Sequential(*half(widths[::-1]), *last)


def trained(run: Run, widths: Sequence[int], images: torch.Tensor, seed: int) -> tuple[nn.Sequential, nn.Sequential]:
    """A network of the run's settings, trained on images (points, N) by Adam on the mean squared error."""
    torch.manual_seed(seed)
    encoder, decoder = _network(widths, run.output)
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=run.learning_rate)
    torch.set_flush_denormal(True)  # else late steps take several times as long
    try:
        for _ in range(run.epochs):
            for rows in torch.randperm(len(images)).split(run.batch_size):
                batch = images[rows]
                adam.zero_grad()
                nn.functional.mse_loss(decoder(encoder(batch)), batch).backward()
                adam.step()
    finally:
        torch.set_flush_denormal(False)
    return encoder, decoder


def described(regressions: pd.DataFrame, statistics: pd.DataFrame, latent_dim: int) -> dict[str, float]:
    """The `QUANTITIES` of a network: distances from the published slopes and indicators, and means over eigenvalues of J_L."""
    found = sensitivity.distances(sensitivity.coefficients(regressions), latent_dim)
    found |= sensitivity.mean_eigenvalues(statistics)
    return {name: found[name] for name in QUANTITIES}


def predicted(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval for one more value like these, which are taken as normal (`lib.analysis.intervals.next_margin`)."""
    half = next_margin(len(values), np.std(values, ddof=1))
    return float(np.mean(values) - half), float(np.mean(values) + half)


def plain_loop(rounds: int = 2, names: Sequence[str] = RUNS, latent_dim: int = LATENT_DIM) -> dict[str, Any]:
    """Train `rounds` networks by the plain loop, and set each beside the seeds of the runs of that setting.

    For each of `QUANTITIES`: the values `plain`, those of the `seeds`, the interval that these predict, and how many of the
    plain networks lie `inside`.
    """
    run, dataset = read(names[0]), read(names[0]).load_dataset()
    seeds = sensitivity.distances_by_seed([summary(name) for name in names], [latent_dim])
    widths = run.widths(Member(run.table_depth, latent_dim, 0), dataset.input_dim)
    distances = store.stored_neighbours(dataset)["neighbour_distance"]
    plain = []
    for seed in range(rounds):
        pair = trained(run, widths, dataset.train.images, 1000 + seed)
        tables = summaries.summarise(point_table.measure_points(pair, dataset, distances))
        plain.append(described(*(pd.DataFrame(tables[name]) for name in ("regressions", "statistics")), latent_dim))
    result: dict[str, Any] = {}
    for name in QUANTITIES:
        low, high = predicted(seeds[name].to_list())
        values = [one[name] for one in plain]
        inside = sum(low <= value <= high for value in values)
        result[name] = {"plain": values, "seeds": seeds[name].to_list(), "low": low, "high": high}
        result[name] |= {"inside": inside, "networks": rounds}
    return result | {"environment": environment()}
