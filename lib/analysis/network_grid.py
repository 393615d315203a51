"""162 settings of an autoencoder of the digits, three seeds each, trained to one error, and all measures of each network.

A training ends for a network when its training error is at most 0.85 of that of PCA with as many dimensions. So networks differ
in the way they reach an error, and not in the error reached. Settings: width and number of the layers, latent dimension, learning
rate, batch size.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

from lib.analysis import kept
from lib.base import files
from lib.base.digests import code_digest
from lib.measures.protocol import Subject, every, values_at
from lib.runs import store
from lib.training import autoencoders, datasets, loop
from lib.training.autoencoders import Pair, Stack
from lib.training.datasets import Dataset, Split

SETTINGS = {
    "width": (64, 128, 256),
    "depth": (2, 3),
    "latent_dim": (4, 8, 12),
    "rate": (1e-3, 2e-3, 4e-3),
    "batch": (32, 128, 256),
}
SEEDS = (0, 1, 2)
SHARE, MOST_EPOCHS = 0.85, 400
MEASURED = 600  # training images that the measures look at; the errors are of all images


class _AllStopped(Exception):
    """Every network of a stack has reached its target."""


def encoder_widths(width: int, depth: int, latent_dim: int, inputs: int = 64) -> tuple[int, ...]:
    """The encoder's widths: `depth` affine layers, all hidden ones of the same width."""
    return (inputs, *[width] * (depth - 1), latent_dim)


def target(images: torch.Tensor, latent_dim: int) -> float:
    """0.85 of the training error of PCA."""
    axes = PCA(latent_dim, svd_solver="full").fit(images.numpy())
    return SHARE * float(np.square(axes.inverse_transform(axes.transform(images.numpy())) - images.numpy()).mean())


@torch.no_grad()
def stack_errors(stack: Stack, images: torch.Tensor) -> np.ndarray:
    """The mean squared error (members,) of a stack at images (points, N)."""
    return (stack.forward(images) - images).square().mean(dim=(1, 2), dtype=torch.float64).numpy()


def stopped(
    encoders: Sequence[tuple[int, ...]], seeds: Sequence[int], data: Dataset, settings: loop.Settings
) -> list[tuple[Pair, int] | None]:
    """For each network, of these encoder widths and seeds, itself and its epochs where it first reached its target.

    None for a network that diverges, or that has not reached it after `settings.epochs`.
    """
    images = data.train.images
    targets = np.array([target(images, each[-1]) for each in encoders])
    reached: list[tuple[Pair, int] | None] = [None] * len(encoders)

    def snapshot(epoch: int, stack: Stack) -> None:
        for member in np.flatnonzero(stack_errors(stack, images) <= targets):
            reached[member] = reached[member] or (autoencoders.unstacked(stack, member), epoch)
        if all(reached):
            raise _AllStopped

    stack = autoencoders.stack([autoencoders.build(*each) for each in zip(encoders, seeds, strict=True)])
    try:
        loop.train(stack, seeds, images, images[:1], settings, snapshot=snapshot)
    except _AllStopped:
        pass
    except loop.Diverged as failure:  # the others train without it
        rest = [member for member in range(len(encoders)) if member not in failure.members]
        again = stopped([encoders[one] for one in rest], [seeds[one] for one in rest], data, settings) if rest else []
        return [again[rest.index(member)] if member in rest else None for member in range(len(encoders))]
    return reached


def measured(pair: Pair, initial: Pair, data: Dataset, epochs: int, seed: Sequence[int]) -> dict[str, float]:
    """The errors of a network, its `gap` (test - train) / train, and its measures."""
    train, test = (stack_errors(autoencoders.stack([pair]), side.images)[0] for side in (data.train, data.test))
    seen = Split(data.train.images[:MEASURED], data.train.labels[:MEASURED])
    known = {"pair": pair, "initial": initial, "history": pd.DataFrame({"epoch": [epochs]}), "seed": seed}
    subject = Subject(points=seen.images.numpy(), training=seen, labels=seen.labels.numpy(), **known)
    values = {name: float(value) for name, value in values_at(subject, every("network")).items()}
    return {"train_mse": train, "test_mse": test, "gap": test / train - 1} | values


def stack_rows(width: int, depth: int, rate: float, batch: int, seed: int, latent_dims: Sequence[int]) -> list[dict]:
    """The rows of the table for the networks of these latent dimensions, which train together."""
    data = datasets.load("digits")
    encoders = [encoder_widths(width, depth, latent_dim) for latent_dim in latent_dims]
    settings = loop.Settings(MOST_EPOCHS, batch, rate, snapshot_epochs=tuple(range(1, MOST_EPOCHS + 1)))
    rows = []
    for encoder, network in zip(encoders, stopped(encoders, [seed] * len(encoders), data, settings), strict=True):
        row = dict(zip((*SETTINGS, "seed"), (width, depth, encoder[-1], rate, batch, seed), strict=True))
        if network is not None:
            key = (width, depth, encoder[-1], round(1e6 * rate), batch, seed)
            row |= measured(network[0], autoencoders.build(encoder, seed), data, network[1], key)
        rows.append(row)
    return rows


def _grid() -> Iterator[pd.DataFrame]:
    """The rows, seed by seed and stack by stack; those of finished stacks are taken from the folder of artifacts."""
    folder = store.ARTIFACTS / "networks" / code_digest((__name__,))[:12]
    stacks = product(SEEDS, *(SETTINGS[name] for name in ("width", "depth", "rate", "batch")))
    for seed, width, depth, rate, batch in stacks:
        path = folder / f"{seed}-{width}-{depth}-{rate:g}-{batch}.csv"
        if not path.exists():
            rows = stack_rows(width, depth, rate, batch, seed, SETTINGS["latent_dim"])
            files.write(path, pd.DataFrame(rows).to_csv(index=False))
        yield pd.read_csv(path)


def _untrained() -> Iterator[dict[str, float]]:
    data = datasets.load("digits")
    for width, depth, latent_dim, seed in product(
        *(SETTINGS[name] for name in ("width", "depth", "latent_dim")), SEEDS
    ):
        pair = autoencoders.build(encoder_widths(width, depth, latent_dim), seed)
        row = {"width": width, "depth": depth, "latent_dim": latent_dim, "seed": seed}
        yield row | measured(pair, pair, data, 0, tuple(row.values()))


NETWORKS = kept.Table("networks", lambda: pd.concat(_grid(), ignore_index=True))
UNTRAINED = kept.Table("networks_untrained", lambda: pd.DataFrame(_untrained()))
