"""Refusals of pydantic as sentences of the library.

`wanted` and `one_of` annotate a type with what a user has to give; `refusal` makes the `InputError` of a failed validation:

>>> from typing import Annotated
>>> from pydantic import Field, TypeAdapter
>>> Epochs = Annotated[int, Field(ge=1), wanted("a whole number from 1")]
>>> try:
...     TypeAdapter(dict[str, Epochs]).validate_python({"epochs": 0})
... except ValidationError as error:
...     print(refusal(error, "runs/own.yml"))
epochs in runs/own.yml is 0; give a whole number from 1.
"""

from collections.abc import Collection
from typing import Any

from pydantic import BeforeValidator, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from lib.base.errors import InputError


def wanted(words: str) -> WrapValidator:
    """Annotates a type: any value that does not fit is refused with "give WORDS"."""

    def check(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate(value)
        except ValidationError:
            raise PydanticCustomError("wanted", "give {words}", {"words": words}) from None

    return WrapValidator(check)


def one_of(allowed: Collection[str]) -> BeforeValidator:
    """Annotates a type: any other value than these is refused with their list, as by `lib.base.errors.check_known`."""

    def check(value: Any) -> Any:
        if value not in tuple(allowed):  # compared, not hashed: a user may give a list or a mapping
            raise PydanticCustomError("one_of", "choose one of: {names}", {"names": ", ".join(allowed)})
        return value

    return BeforeValidator(check)


def refusal(error: ValidationError, where: str, example: str = "") -> InputError:
    """The first error of a validation as a sentence: the key, the place `where` it stands, the value, and the remedy.

    `example` names a file with all keys.
    """
    first = error.errors(include_url=False)[0]
    key, value, message = first["loc"][0], first["input"], first["msg"]
    if first["type"] == "missing":
        return InputError(f"{where} lacks the key {key!r}; add it{f' (see {example})' if example else ''}.")
    if first["type"] == "one_of":
        return InputError(f"Unknown {key} in {where} {value!r}; {message}.")
    return InputError(f"{key} in {where} is {value!r}; {message.replace('Input should', 'it should')}.")
