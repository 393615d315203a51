"""What pydantic refuses is refused in one sentence of the library."""

from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from lib.base.validation import one_of, refusal, wanted


@dataclass
class Options:
    """A document of one key of each kind."""

    epochs: Annotated[int, Field(strict=True, ge=1), wanted("a whole number from 1")]
    output: Annotated[str, one_of(("affine", "sigmoid"))] = "affine"
    points: Annotated[int, Field(gt=0)] | None = None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"epochs": 0}, "epochs in own.yml is 0; give a whole number from 1."),
        ({"epochs": True}, "epochs in own.yml is True; give a whole number from 1."),
        ({"epochs": 1, "output": "flat"}, "Unknown output in own.yml 'flat'; choose one of: affine, sigmoid."),
        ({"epochs": 1, "output": [1]}, "Unknown output in own.yml [1]; choose one of: affine, sigmoid."),
        ({"epochs": 1, "points": -1}, "points in own.yml is -1; it should be greater than 0."),
        ({}, "own.yml lacks the key 'epochs'; add it."),
    ],
    ids=str,
)
def test_the_first_error_is_a_sentence(values, sentence):
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Options).validate_python(values)
    assert str(refusal(raised.value, "own.yml")) == sentence
