"""Measures at the points of a user's autoencoder: what `python -m lib diagnose --measures` computes."""

from copy import deepcopy
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lib.analysis.diagnosis import Diagnosis, as_taken
from lib.analysis.measuring import REMEDIES, measures_named
from lib.base.errors import InputError
from lib.base.progress import tell_progress
from lib.base.usercode import reason
from lib.geometry.jacobians import Cores
from lib.measures.point_table import cores_on_cpu
from lib.measures.protocol import CLASSIFIER, POINTS, TRAINING, WEIGHTS, Lacking, Measure, Subject, every
from lib.training.autoencoders import Pair
from lib.training.datasets import Split
from lib.training.user_models import Model

_ALL, _CHUNK = "all", 100  # points that pass a user's module together: its hidden values take memory


def measures_asked(text: str, reference: bool, passes: int = 0) -> list[Measure]:
    """The point measures in NAME+NAME, or in `all` those that need no more than a diagnosis has; none of an empty text.

    Raises `InputError` for an unknown name, for a measure that is not of points or needs more, and beside estimates.
    """
    if text and passes:
        raise InputError(f"--measures {text} needs exact Jacobians, --passes {passes} estimates them; leave one out.")
    there = [measure for measure in every("point") if not _lacking(measure, reference)]
    if text in ("", _ALL):
        return there if text else []
    measures = measures_named([name.strip() for name in text.split("+")], [measure.name for measure in there])
    for measure in measures:
        if need := _lacking(measure, reference):
            remedies = {TRAINING: "give --reference", CLASSIFIER: REMEDIES[CLASSIFIER]}
            remedy = remedies.get(need, f"leave it out, or ask `measure` and {REMEDIES[need]}")
            raise InputError(f"The measure {measure.name} needs {need}, which diagnose does not have here; {remedy}.")
        if measure.level == "network":
            raise InputError(
                f"The measure {measure.name} is one number for a network, none for a point; leave it out, or ask `measure`."
            )
    return measures


def _lacking(measure: Measure, reference: bool) -> str:
    """The scarcest part that a measure needs and a diagnosis does not have; empty where it has all."""
    there = {POINTS, WEIGHTS, *([TRAINING] if reference else [])}
    needs = [*measure.needs, *([CLASSIFIER] if measure.level == "classifier" else [])]
    return next((need for need in reversed(needs) if need not in there), "")


class _OfRows(nn.Module):
    """A user's module as one from rows to rows. It works on copies: a module may change its input in place."""

    def __init__(self, module: nn.Module, shape: torch.Size) -> None:
        super().__init__()
        self.module, self.shape = module, shape

    def forward(self, rows: Tensor) -> Tensor:
        parts = (part.clone().unflatten(1, self.shape) for part in rows.split(_CHUNK))
        return torch.cat([self.module(part).flatten(1) for part in parts])


class UserSubject(Subject):
    """A user's model at points (points, ...), in float64 on the CPU. Measures see points and codes as rows; the Jacobians are
    taken at the points as the model takes them, which keeps a chain of affine layers one."""

    def __init__(self, model: Model, values: Tensor, training: Split | None) -> None:
        super().__init__(pair=self._of_rows, points=values.flatten(1).double().numpy(), training=training)
        self._model, self._taken = model, as_taken(values, model).double()

    @cached_property
    def cores(self) -> Cores:
        """See `lib.measures.protocol.Subject`."""
        return cores_on_cpu(*self._copies, self._taken)

    @cached_property
    def _copies(self) -> Pair:
        return deepcopy(self._model.encoder).cpu().double(), deepcopy(self._model.decoder).cpu().double()

    def _of_rows(self) -> Pair:
        encoder, decoder = self._copies
        with torch.no_grad():
            code = encoder(self._taken[:1].clone())
        return _OfRows(encoder, self._taken.shape[1:]), _OfRows(decoder, code.shape[1:])


def measure_sets(found: Diagnosis, text: str) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """The measures that a text asks for (`measures_asked`): for each set a table with a row a point and a column a measure, and
    by name why a measure is left out.

    The reference stands for the training data. At its points a measure that needs these is NaN: each would meet itself.
    A measure that cannot follow the user's modules is left out of all sets.
    """
    base, training = found.reference, None
    if base is not None:
        training = Split(torch.from_numpy(base.rows), torch.zeros(len(base.values), dtype=torch.long))
    measures = measures_asked(text, base is not None, found.passes)
    lacking = {measure.name: _lacking(measure, base is not None) for measure in every("point") if text == _ALL}
    left_out = {name: f"needs {need}" for name, need in lacking.items() if need}
    tables = {name: pd.DataFrame(index=range(len(one.values))) for name, one in found.sets.items()}
    for name, one in found.sets.items():
        tell_progress(f"Computing {len(measures)} measures at {len(one.values)} points of {name} ...")
        subject = UserSubject(found.model, one.values, None if one is base else training)
        for measure in measures:
            try:
                tables[name][measure.name] = measure.of(subject)
            except Lacking:
                tables[name][measure.name] = np.nan
            except Exception as error:  # whatever a user's modules raise
                left_out[measure.name] = reason(error).removeprefix("InputError: ")
    return {name: table.drop(columns=[*left_out], errors="ignore") for name, table in tables.items()}, left_out
