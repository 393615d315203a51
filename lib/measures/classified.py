"""The subject of measures of classifiers: a ReLU network whose last layer gives logits (`lib.training.classifiers`)."""

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lib.geometry.collapse import class_means
from lib.measures.protocol import SEEDS, WEIGHTS, Part, Subject


class Classified(Subject):
    """A `Subject` with a classifier `network` in the place of the pair; `seeds` are classifiers too. All in float64."""

    of_classifier = True

    def __init__(self, *, network: Part[nn.Sequential] = None, **parts: Any) -> None:
        super().__init__(pair=network, **parts)

    @cached_property
    def network(self) -> nn.Sequential:
        """The classifier, a copy in float64."""
        return deepcopy(self.part(WEIGHTS)).double()

    @cached_property
    def images(self) -> Tensor:
        """The points (points, N)."""
        return torch.from_numpy(np.ascontiguousarray(self.points)).double()

    @cached_property
    def probabilities(self) -> Tensor:
        """softmax of the logits (points, K)."""
        return self._softmax(self.network)

    @cached_property
    def seed_probabilities(self) -> Tensor:
        """softmax of the logits of each of the `seeds` (seeds, points, K)."""
        return torch.stack([self._softmax(deepcopy(network).double()) for network in self.part(SEEDS)])

    @torch.no_grad()
    def _softmax(self, network: nn.Module) -> Tensor:
        return network(self.images).softmax(dim=1)

    @cached_property
    def chosen(self) -> Tensor:
        """The class (points,) that the network chooses."""
        return self.probabilities.argmax(dim=1)

    @cached_property
    @torch.no_grad()
    def to_class_means(self) -> Tensor:
        """The distances (points, K), in the layer before the last, to the mean training features of each class."""
        features = self.network[:-1]
        labels = torch.from_numpy(np.asarray(self.labels))
        return torch.cdist(features(self.images), class_means(features(self.training.images.double()), labels))

    @cached_property
    @torch.no_grad()
    def layers(self) -> Sequence[tuple[Tensor, Tensor]]:
        """For each affine layer, from the last to the first, its input (points, w_{l-1}) and the Jacobian (points, K, w_l) of
        the logits with respect to its output."""
        inputs, x = [], self.images
        for module in self.network:
            inputs.append(x)
            x = module(x)
        jacobian = torch.eye(x.shape[1], dtype=x.dtype).expand(len(x), -1, -1)
        found = []
        for module, entering in zip(reversed(self.network), reversed(inputs), strict=True):
            if isinstance(module, nn.Linear):
                found.append((entering, jacobian))
                jacobian = jacobian @ module.weight
            else:
                jacobian = jacobian * (entering > 0)[:, None, :]
        return found

    @cached_property
    def singular_values(self) -> Tensor:
        """The singular values (points, K), falling, of the Jacobian (K, N) of the logits at each point."""
        first = self.network[0]
        assert isinstance(first, nn.Linear)
        return torch.linalg.svdvals(self.layers[-1][1] @ first.weight)
