"""Two optimizers for one autoencoder: Adam, and SOAP, which runs Adam in the eigenbases of Shampoo's preconditioner.

Training stops at the first step after which the error is at most a target, so that networks of either optimizer can be
compared at equal error. SOAP (Vyas et al. 2024) keeps two Gram matrices of gradients for each weight matrix; the matrices of
a stack would be mixed, so each network is trained alone. The path of SOAP does not depend on the bases of a layer's inputs
and outputs: the losses of W -> L(U W V^T), started at U^T W V, are those of L, started at W, for orthogonal U and V.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lib.base.errors import InputError, check_known
from lib.training.autoencoders import Pair
from lib.training.loop import order_of_points

BATCH_SIZE = 154
NEAR = 1.3  # times the target: looking at the error of all images costs three steps
TWINS = ("Adam", "SOAP")


def optimizer(name: str, parameters: Iterable[Tensor], rate: float) -> torch.optim.Optimizer:
    """Adam or SOAP with this learning rate and no weight decay; raises `InputError` where the package of SOAP is absent."""
    check_known("optimizer", name, TWINS)
    if name == "Adam":
        return torch.optim.Adam(parameters, lr=rate)
    try:
        from pytorch_optimizer import SOAP
    except ImportError as error:
        raise InputError(
            "SOAP needs the package pytorch_optimizer, which is absent; run: uv pip install pytorch-optimizer"
        ) from error
    return SOAP(parameters, lr=rate, weight_decay=0.0)


def fit_until(
    pair: Pair,
    images: Tensor,
    watched: Tensor,
    target: float,
    *,
    name: str,
    rate: float,
    seed: int,
    most_epochs: int = 400,
) -> float:
    """Train a pair in place on `images` (points, N) until its mean squared error over `watched` is at most `target`.

    Returns the number of epochs, a fraction, for the error is looked at after each step (once the mean loss of an epoch is
    `NEAR` the target); infinite where `most_epochs` do not suffice or the error is not finite. The order of the images
    depends on seed and epoch alone, as in `lib.training.loop`.
    """
    network = nn.Sequential(*pair)
    descent = optimizer(name, network.parameters(), rate)
    in_epoch, near = -(-len(images) // BATCH_SIZE), False
    for epoch in range(most_epochs):
        total = 0.0
        for step, rows in enumerate(order_of_points(seed, epoch + 1, len(images)).split(BATCH_SIZE), start=1):
            loss = (network(images[rows]) - images[rows]).square().mean()
            descent.zero_grad()
            loss.backward()
            descent.step()
            total += loss.item()
            if near and _error(network, watched) <= target:
                return epoch + step / in_epoch
        near = total / in_epoch <= NEAR * target
        if total != total:
            break
    return float("inf")


@torch.no_grad()
def _error(network: nn.Module, images: Tensor) -> float:
    return float((network(images) - images).square().mean())
