r"""The family of autoencoders: ReLU networks of depth n, their seeded initialisation, and stacks of networks.

The encoder has n affine layers of widths N = w_0 > w_1 > ... > w_n = d, the decoder the same widths in reverse; ReLU
follows every layer except the latent layer and the output. A stack holds networks of equal depth (its members), their
weights padded with zeros to common widths, so that one batched product evaluates all of them. Padding is inert: the
value of a padded unit and all its gradients are zero, so Adam never changes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lib.base.errors import check_known
from lib.geometry.jacobians import cores
from lib.training.options import INITIALISATIONS, OUTPUTS

Pair = tuple[nn.Sequential, nn.Sequential]


def build(member_widths: Sequence[int], seed: int, initialisation: str = "pytorch", output: str = "affine") -> Pair:
    """An untrained network: encoder and decoder as plain `nn.Sequential`s, float32.

    The weights depend only on `seed` and `member_widths`. `"pytorch"`: weights and biases uniform on
    +-1/sqrt(fan_in), the default of `nn.Linear`; `"he"`: normal weights of variance 2/fan_in, zero biases (He et al. 2015).
    """
    check_known("initialisation", initialisation, INITIALISATIONS)
    check_known("output", output, OUTPUTS)
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence((seed, *member_widths)).generate_state(1)[0]))
    encoder = _chain(member_widths)
    decoder = _chain(tuple(reversed(member_widths)))
    for layer in affine_layers((encoder, decoder)):
        with torch.no_grad():
            if initialisation == "he":
                layer.weight.normal_(0, (2 / layer.in_features) ** 0.5, generator=generator)
                layer.bias.zero_()
            else:
                bound = layer.in_features**-0.5
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)
    if output == "sigmoid":
        decoder.append(nn.Sigmoid())
    return encoder, decoder


def _chain(sizes: Sequence[int]) -> nn.Sequential:
    modules: list[nn.Module] = []
    for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
        modules += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def affine_layers(pair: Pair) -> list[nn.Linear]:
    """The 2n affine layers of a pair, from the input to the output."""
    return [layer for chain in pair for layer in chain if isinstance(layer, nn.Linear)]


def widths_of(pair: Pair) -> tuple[int, ...]:
    """The encoder's widths (N, w_1, ..., d)."""
    layers = affine_layers(pair)
    return (layers[0].in_features, *(layer.out_features for layer in layers[: len(layers) // 2]))


@dataclass
class Stack:
    """Networks of equal depth (members), trained together.

    `weights[l]` (members, in, out) and `biases[l]` (members, 1, out) for the 2n layers, padded with zeros to common
    widths; `member_widths[i]` are the widths of member i without padding.
    """

    member_widths: list[tuple[int, ...]]
    weights: list[Tensor]
    biases: list[Tensor]
    output: str

    @property
    def depth(self) -> int:
        """n, the number of affine layers of the encoders."""
        return len(self.weights) // 2

    def parameters(self) -> list[Tensor]:
        """Weights and biases, layer by layer."""
        return [tensor for layer in zip(self.weights, self.biases, strict=True) for tensor in layer]

    def forward(self, x: Tensor) -> Tensor:
        """Reconstructions (members, points, N) of x, (points, N) or (members, points, N)."""
        h = x.expand(len(self.member_widths), -1, -1)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, h, weight)
            if layer not in (self.depth - 1, last):  # the code and the output are affine
                h = torch.relu(h)
        return torch.sigmoid(h) if self.output == "sigmoid" else h


def stack(pairs: Sequence[Pair], padded_widths: Sequence[int] | None = None) -> Stack:
    """Stack pairs of equal depth, padded to `padded_widths` (default: the largest width of each layer)."""
    member_widths = [widths_of(pair) for pair in pairs]
    padded = list(padded_widths or (max(column) for column in zip(*member_widths, strict=True)))
    sizes = padded + padded[-2::-1]
    weights = [torch.zeros(len(pairs), inputs, outputs) for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True)]
    biases = [torch.zeros(len(pairs), 1, outputs) for outputs in sizes[1:]]
    for i, pair in enumerate(pairs):
        for layer, weight, bias in zip(affine_layers(pair), weights, biases, strict=True):
            weight[i, : layer.in_features, : layer.out_features] = layer.weight.detach().T
            bias[i, 0, : layer.out_features] = layer.bias.detach()
    output = "sigmoid" if isinstance(pairs[0][1][-1], nn.Sigmoid) else "affine"
    return Stack(member_widths, weights, biases, output)


def unstacked(stacked: Stack, i: int) -> Pair:
    """Member i of a stack as a plain `nn.Sequential` pair on the CPU, without padding."""
    sizes = stacked.member_widths[i]
    pair = build(sizes, seed=0, output=stacked.output)
    for layer, weight, bias in zip(affine_layers(pair), stacked.weights, stacked.biases, strict=True):
        with torch.no_grad():
            layer.weight.copy_(weight[i, : layer.in_features, : layer.out_features].T)
            layer.bias.copy_(bias[i, 0, : layer.out_features])
    return pair


def untrained(widths: Sequence[int], initialisation: str, x: Tensor, seeds: Sequence[int]) -> Tensor:
    """Cores (seeds, points, d, d), float64, of the untrained network of each seed at points x (points, N)."""
    results = []
    for seed in seeds:
        encoder, decoder = (module.double() for module in build(widths, seed, initialisation))
        results.append(cores(encoder, decoder, x.double()).input)
    return torch.stack(results)
