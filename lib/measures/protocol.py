"""The protocol of measures: what a measure is, what it may look at, and where measures are found.

A measure is a file in `lib/measures/points/` (a number for each point), `lib/measures/networks/` (a number for a network)
or `lib/measures/classifiers/` (a number for each point of a classifier, `lib.measures.classified`). It holds one or more
`Measure`s; the formula, the reference and the units stand in its docstring. `every` finds it there: no list has to be edited.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lib.base.errors import InputError
from lib.geometry import curvature, spectra
from lib.geometry.jacobians import Cores
from lib.measures.baselines import ink, neighbour_distance
from lib.measures.costs import Sizes
from lib.measures.point_table import cores_on_cpu, geometry
from lib.measures.reconstruction import encoded, image_errors
from lib.training.autoencoders import Pair
from lib.training.datasets import Split

# What a measure may need, from the commonest to the scarcest.
POINTS, WEIGHTS, TRAINING = "the points", "the weights", "the training data"
LABELS, INITIAL = "the labels of the training data", "the weights before training"
CLASSIFIER = "a classifier"
HISTORY, SEEDS = "the training history", "other seeds"
CURVATURE_POINTS, CURVATURE_STEPS = 128, 40  # of Lanczos' method

T = TypeVar("T")
Part = T | Callable[[], T] | None


def drawn(images: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """The rows of at most `count` random images (points, N): a choice that does not depend on their order."""
    return np.lexsort(images.T)[draw.permutation(len(images))[:count]]


class Lacking(InputError):
    """A measure needs a part that its subject comes without; `need` names the part."""

    def __init__(self, need: str, asker: str = "What is asked for") -> None:
        super().__init__(f"{asker} needs {need}, and none are given: give them too, or leave the measure out.")
        self.need = need


def _part(need: str) -> Any:
    """A property: the part of a subject, made where it was given as a function. Raises `Lacking` where it is absent."""
    return property(lambda subject: subject.part(need))


class Subject:
    """What a measure may look at: a network, some points, and what is known besides. It knows no run.

    Every part may be absent, or a function without arguments that is called when the part is first looked at:
    `pair`, encoder and decoder; `points`, images (points, N); `training`, the training data, and `labels` (training points,);
    `initial`, the pair before training; `seeds`, all networks that differ by their seed alone, this one included; `history`,
    a table of the training with a row an epoch. `kept`: columns of the per-point table (`lib.measures.point_table`) where it
    was measured before; `values`: the values of measures, by name, where they were. `seed`: of the random generator.
    """

    of_classifier = False
    pair: Pair = _part(WEIGHTS)
    points: np.ndarray = _part(POINTS)
    training: Split = _part(TRAINING)
    labels: np.ndarray = _part(LABELS)
    initial: Pair = _part(INITIAL)
    seeds: Sequence[Pair] = _part(SEEDS)
    history: pd.DataFrame = _part(HISTORY)

    def __init__(
        self,
        *,
        pair: Part[Pair] = None,
        points: Part[np.ndarray] = None,
        training: Part[Split] = None,
        labels: Part[np.ndarray] = None,
        initial: Part[Pair] = None,
        seeds: Part[Sequence[Pair]] = None,
        history: Part[pd.DataFrame] = None,
        kept: pd.DataFrame | None = None,
        values: Mapping[str, np.ndarray] | None = None,
        seed: int | Sequence[int] = 0,
    ) -> None:
        self._parts: dict[str, Any] = {WEIGHTS: pair, POINTS: points, TRAINING: training, SEEDS: seeds}
        self._parts |= {LABELS: labels, INITIAL: initial, HISTORY: history}
        self._kept = pd.DataFrame() if kept is None else kept
        self.values = values or {}
        self._seed = seed

    def part(self, need: str) -> Any:
        """The part that a measure needs; raises `Lacking` where it is absent."""
        if callable(self._parts[need]) and not isinstance(self._parts[need], nn.Module):
            self._parts[need] = self._parts[need]()
        if self._parts[need] is None:
            raise Lacking(need)
        return self._parts[need]

    def __len__(self) -> int:
        return len(self._kept) or len(self.points)

    @cached_property
    def cores(self) -> Cores:
        """The cores of J_I and J_L with their Gram matrices and errors, float64, computed once for all measures."""
        encoder, decoder = (deepcopy(module).double() for module in self.pair)
        return cores_on_cpu(encoder, decoder, self._tensor)

    @cached_property
    def codes(self) -> np.ndarray:
        """The codes (points, d) of the points, float64."""
        return encoded(self.pair, self.points)

    @cached_property
    def training_codes(self) -> np.ndarray:
        """The codes (training points, d), float64."""
        return encoded(self.pair, self.training.images.numpy())

    @cached_property
    def training_errors(self) -> np.ndarray:
        """The mean squared errors (training points,) at the training points, float64."""
        return image_errors(self.pair, self.training.images.numpy())

    def column(self, name: str) -> np.ndarray:
        """A column (points,), float64, of the per-point table: as kept, else computed."""
        if name in self._kept:
            return self._kept[name].to_numpy(dtype=np.float64)
        if name == "ink":
            return ink(self._tensor).numpy()
        if name == "neighbour_distance":
            return neighbour_distance(self.training.images.numpy(), self.points)
        return self._geometry[name].numpy().astype(np.float64)

    def eigenvalues(self, space: str) -> np.ndarray:
        """The eigenvalues (points, d), complex, of the core of one space: as kept, else computed."""
        if f"eigenvalues_{space}_real" in self._kept:
            real, imaginary = (np.stack(list(self._kept[f"eigenvalues_{space}_{part}"])) for part in ("real", "imag"))
            return real + 1j * imaginary
        return spectra.eigenvalues(getattr(self.cores, space)).numpy()

    @cached_property
    def loss_curvature(self) -> tuple[np.ndarray, np.ndarray]:
        """Ritz values and weights of the Hessian of the mean squared error, at random training images, by Lanczos' method."""
        images = self.training.images
        rows = drawn(images.numpy(), CURVATURE_POINTS, self.generator())
        return curvature.loss_spectrum(*self.pair, images[rows], CURVATURE_STEPS, self.generator())

    def generator(self) -> np.random.Generator:
        """A random generator, the same at every call."""
        return np.random.default_rng(self._seed)

    @cached_property
    def _geometry(self) -> dict[str, Tensor]:
        assert self.cores.mse is not None
        return geometry(self.cores, self.points.shape[1]) | {"mse": self.cores.mse}

    @property
    def _tensor(self) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(self.points)).double()


@dataclass(frozen=True)
class Measure:
    """A number for each point (`level` "point"), for a network ("network"), or for each point of a classifier ("classifier").

    - `label` names it in tables of predictors, `short` among detectors (default: the label);
    - `compute`: its values, from a `Subject`;
    - `cost`: multiply-adds for a point, or for a network in all, leading terms;
    - `needs`: the parts of a subject that it looks at, the scarcest last;
    - `source`: a key of book/references.bib; empty for textbook baselines and for our own;
    - `sees_error`: it looks at the residual f(x) - x, so that it is no forecast of the error;
    - `two_sided`: as a detector, strange is what lies far from the median either way;
    - `held`: the regression of the gained R2 holds it fixed, so that it can gain nothing;
    - `orthogonal`: unchanged where an orthogonal map is applied to all images and to the network;
    - `predicts`, `detects`: its place among the predictors of the error (page `predictors`) and among the detectors of
      strange images (page `out_of_distribution`), None where it takes no part. Places order the book's tables as a
      reader compares them, geometry before baselines; a new measure comes last.
    """

    name: str
    label: str
    compute: Callable[[Any], Any]
    cost: Callable[[Sizes], float]
    needs: tuple[str, ...] = (POINTS, WEIGHTS)
    level: Literal["point", "network", "classifier"] = "point"
    short: str = ""
    source: str = ""
    sees_error: bool = False
    two_sided: bool = False
    held: bool = False
    orthogonal: bool = True
    predicts: int | None = 100
    detects: int | None = None

    @property
    def short_label(self) -> str:
        """Its name among detectors."""
        return self.short or self.label

    @property
    def scarcest(self) -> str:
        """What it needs beside the point, in words: the scarcest part."""
        return "the point alone" if self.needs == (POINTS,) else self.needs[-1] if self.needs else "nothing"

    def of(self, subject: Subject) -> np.ndarray:
        """Its values (points,), or () for a network, float64. Raises `Lacking`, an `InputError`, where a part is absent."""
        try:
            if self.level == "classifier" and not subject.of_classifier:
                raise Lacking(CLASSIFIER)
            known = subject.values.get(self.name)
            return np.asarray(self.compute(subject) if known is None else known, dtype=np.float64)
        except Lacking as lacking:
            raise Lacking(lacking.need, f"The measure {self.name}") from None


def as_measure(label: str, **fields: Any) -> Callable[[Callable[[Any], Any]], Measure]:
    """Makes a function of a `Subject` a `Measure` of its name, with this label and these `fields`."""
    return lambda compute: Measure(compute.__name__, label, compute, **fields)


@cache
def _all() -> tuple[Measure, ...]:
    measures: list[Measure] = []
    for folder in ("points", "networks", "classifiers"):
        for path in sorted(Path(__file__).with_name(folder).glob("[a-z]*.py")):
            module = import_module(f"lib.measures.{folder}.{path.stem}")
            measures += [value for value in vars(module).values() if isinstance(value, Measure)]
    return tuple(measures)


def every(level: str | None = None) -> list[Measure]:
    """All measures, or those of one level, by file name and then as they stand in their file."""
    return [measure for measure in _all() if level in (None, measure.level)]


def values_at(subject: Subject, measures: Iterable[Measure]) -> dict[str, np.ndarray]:
    """The values of those `measures` for which the subject has the parts, by name."""
    values = {}
    for measure in measures:
        try:
            values[measure.name] = measure.of(subject)
        except Lacking:
            continue
    return values
