r"""Training of classifiers: ReLU networks with cross-entropy, from one seed; the same seed gives the same bits.

A classifier is a plain `nn.Sequential` of affine layers with ReLU between them; its last layer gives the logits, and the layer
before, after ReLU, the features. Batch normalisation (Ioffe and Szegedy 2015) acts in training before every ReLU. It is folded
into the affine layers of the networks that are returned, with the running means and variances.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.fusion import fuse_linear_bn_eval
from torch.optim.lr_scheduler import LambdaLR

from lib.base.errors import InputError, check_known
from lib.training.loop import Diverged, order_of_points

# The learning rate as a multiple of the first, by the share of the training that is done.
SCHEDULES: Mapping[str, Callable[[float], float]] = {
    "constant": lambda share: 1.0,
    "cosine": lambda share: (1 + math.cos(math.pi * share)) / 2,
    "steps": lambda share: 0.1 ** int(3 * share),  # a tenth after each third
}
OPTIMIZERS = {
    "sgd": lambda parameters, rate, decay: torch.optim.SGD(parameters, rate, momentum=0.9, weight_decay=decay),
    "adam": lambda parameters, rate, decay: torch.optim.Adam(parameters, rate, weight_decay=decay),
}


@dataclass(frozen=True)
class TrainedClassifier:
    """A trained classifier. `losses`: the mean cross-entropy of each epoch, in nats, while the weights change; `snapshots`:
    the classifier after each of the epochs that were asked for."""

    network: nn.Sequential
    losses: list[float]
    snapshots: dict[int, nn.Sequential] = field(default_factory=dict)


def untrained_classifier(widths: Sequence[int], seed: int, norm: bool = True) -> nn.Sequential:
    """Affine layers of widths (N, w_1, ..., K), with batch normalisation before every ReLU if `norm`; float32.

    Normal weights of variance 2/fan_in and zero biases (He et al. 2015), from `seed` and `widths` alone.
    """
    draw = torch.Generator().manual_seed(int(np.random.SeedSequence((seed, *widths)).generate_state(1)[0]))
    modules: list[nn.Module] = []
    for inputs, outputs in zip(widths[:-1], widths[1:], strict=True):
        layer = nn.Linear(inputs, outputs)
        with torch.no_grad():
            layer.weight.normal_(0, (2 / inputs) ** 0.5, generator=draw)
            layer.bias.zero_()
        modules += [layer, *([nn.BatchNorm1d(outputs)] if norm else []), nn.ReLU()]
    return nn.Sequential(*modules[: -2 if norm else -1])


@torch.no_grad()
def folded(network: nn.Sequential) -> nn.Sequential:
    """A copy in which batch normalisation is part of the affine layer before it."""
    modules: list[nn.Module] = []
    for module in deepcopy(network).eval():
        if isinstance(module, nn.BatchNorm1d):
            modules[-1] = fuse_linear_bn_eval(modules[-1], module)
        else:
            modules.append(module)
    return nn.Sequential(*modules).requires_grad_(False)


def noisy_labels(labels: Tensor, share: float, classes: int, seed: int) -> Tensor:
    """The labels (points,) with a `share` of them drawn anew, uniformly from all classes: so (1 - 1/classes) of these are wrong.

    A larger share of the same seed keeps the draws of a smaller one. A share of 1 gives random labels.
    """
    if not 0 <= share <= 1:
        raise InputError(f"The share of noisy labels is {share}; give a number from 0 to 1.")
    draw = np.random.default_rng(seed)
    drawn, order = draw.integers(0, classes, len(labels)), draw.permutation(len(labels))
    noisy = labels.clone()
    chosen = torch.from_numpy(order[: round(share * len(labels))])
    noisy[chosen] = torch.from_numpy(drawn)[chosen]
    return noisy


def train_classifier(
    widths: Sequence[int],
    images: Tensor,
    labels: Tensor,
    *,
    seed: int,
    epochs: int = 60,
    norm: bool = True,
    decay: float = 5e-4,
    rate: float = 0.05,
    batch: int | None = 128,
    optimizer: str = "sgd",
    schedule: str = "cosine",
    snapshots: Collection[int] = (),
) -> TrainedClassifier:
    """Train a classifier of `widths` (N, w_1, ..., K) on images (points, N), float32, and labels (points,) in 0 ... K - 1.

    `norm`: batch normalisation; `decay`: weight decay of all parameters; `rate`: the first learning rate; `batch`: points of a
    batch, None for all (the batches of an epoch are made equally large, so none has a single point); `optimizer`: of
    `OPTIMIZERS`, "sgd" with momentum 0.9 or "adam"; `schedule`: of `SCHEDULES`; `snapshots`: epochs, 0 for before training.
    Label noise: `noisy_labels`. Raises `InputError` for labels that do not fit, `Diverged` where the loss is not finite.
    """
    check_known("optimizer", optimizer, OPTIMIZERS)
    check_known("schedule", schedule, SCHEDULES)
    if (
        images.shape != (len(labels), widths[0])
        or not len(labels)
        or not 0 <= labels.min() <= labels.max() < widths[-1]
    ):
        raise InputError(
            f"Images of shape {tuple(images.shape)} and {len(labels)} labels do not fit the widths {tuple(widths)}; give "
            f"(points, {widths[0]}) and labels from 0 to {widths[-1] - 1}."
        )
    network = untrained_classifier(widths, seed, norm).train()
    batches = math.ceil(len(labels) / (batch or len(labels)))
    steps = OPTIMIZERS[optimizer](network.parameters(), rate, decay)
    rates = LambdaLR(steps, lambda step: SCHEDULES[schedule](step / (epochs * batches)))
    losses: list[float] = []
    kept = {0: folded(network)} if 0 in snapshots else {}
    for epoch in range(1, epochs + 1):
        total = torch.zeros(())
        for rows in order_of_points(seed, epoch, len(labels)).tensor_split(batches):
            loss = cross_entropy(network(images[rows]), labels[rows])
            steps.zero_grad()
            loss.backward()
            steps.step()
            rates.step()
            total += loss.detach() * len(rows)
        losses.append(float(total) / len(labels))
        if not math.isfinite(losses[-1]):
            raise Diverged(
                f"The classifier of widths {tuple(widths)} diverged (its loss is not finite after epoch {epoch}); lower the "
                f"learning rate {rate:g}.",
                [0],
                epoch,
            )
        if epoch in snapshots:
            kept[epoch] = folded(network)
    return TrainedClassifier(folded(network), losses, kept)
