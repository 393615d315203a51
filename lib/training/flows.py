r"""Autoencoders that are injective by construction: a bijection of the image space, of whose output d numbers are the code.

With the mean m of the images, their principal axes V (all N, rows) and a bijection T of R^N (coupling layers of zuko), the encoder
is the first d numbers of T(V(x - m)), and the decoder D(z) = V^T T^(-1)(z, 0) + m. So E(D(z)) = z exactly, and
J_L = J_E(f(x)) J_D(z) is the identity everywhere, however large the error. Source of the idea: injective flows, Puthawala
et al. (2022); the coupling layers are those of Dinh et al. (2017).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, pad

from lib.base.errors import InputError

TRANSFORMS, HIDDEN = 4, 64
FLOW_BATCH, FLOW_RATE = 128, 1e-3


class _Half(nn.Module):
    """Encoder or decoder of a flow; both hold the whole flow."""

    axes: Tensor
    mean: Tensor

    def __init__(self, flow: nn.Module, axes: Tensor, mean: Tensor, latent_dim: int) -> None:
        super().__init__()
        self.flow, self.latent_dim = flow, latent_dim
        self.register_buffer("axes", axes)
        self.register_buffer("mean", mean)

    @property
    def bijection(self) -> Any:
        """T, at the flow's weights as they are."""
        return self.flow().transform  # a distribution of zuko, with its map to the normal one


class FlowEncoder(_Half):
    """x (points, N) -> the first d numbers of T(V(x - m))."""

    def forward(self, x: Tensor) -> Tensor:
        """The codes (points, d)."""
        return self.bijection((x - self.mean) @ self.axes.mT)[:, : self.latent_dim]


class FlowDecoder(_Half):
    """z (points, d) -> V^T T^(-1)(z, 0) + m."""

    def forward(self, z: Tensor) -> Tensor:
        """The images (points, N)."""
        whole = pad(z, (0, len(self.axes) - self.latent_dim))
        return self.bijection.inv(whole) @ self.axes + self.mean


def injective_pair(images: Tensor, latent_dim: int, seed: int, epochs: int) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder, float64, with J_L = 1, trained by Adam on the mean squared error at images (points, N).

    The result depends on the seed alone. Raises `InputError` where zuko is not installed.
    """
    try:
        from zuko.flows import RealNVP
    except ImportError as error:
        raise InputError("The injective flow needs the package zuko; install it with: uv pip install zuko.") from error
    images = images.double()
    mean = images.mean(dim=0)
    axes = torch.linalg.svd(images - mean, full_matrices=True).Vh
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        flow = RealNVP(images.shape[1], transforms=TRANSFORMS, hidden_features=[HIDDEN]).double()
    pair = (FlowEncoder(flow, axes, mean, latent_dim), FlowDecoder(flow, axes, mean, latent_dim))
    optimizer = torch.optim.Adam(flow.parameters(), lr=FLOW_RATE)
    draw = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for rows in torch.randperm(len(images), generator=draw).split(FLOW_BATCH):
            loss = mse_loss(pair[1](pair[0](images[rows])), images[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return pair[0].eval(), pair[1].eval()
