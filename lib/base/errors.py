"""Raised for invalid user input; the message says how to fix it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 800  # characters of a sentence


class InputError(ValueError):
    """Something the user gave cannot be used: one sentence names it, the value received, and the remedy.

    The command line prints the sentence and exits with code 2; nothing has been written. Whatever names and values out of
    files it holds, it is one line of printable characters, cut in its middle where it is long.
    """

    def __init__(self, sentence: str) -> None:
        line = "".join(character if character.isprintable() else "?" for character in " ".join(sentence.split()))
        super().__init__(line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}")


def check_known(what: str, name: object, allowed) -> None:
    """Raise `InputError` unless `name` is one of `allowed`, listing what is."""
    allowed = list(allowed)
    if name not in allowed:
        listing = ", ".join(map(str, allowed)) or "none"
        raise InputError(f"Unknown {what} {name!r}; choose one of: {listing}.")


def nonfinite_rows(values: "Tensor") -> list[int]:
    """The rows of a tensor (rows, ...) that hold NaN or infinity."""
    return (~values.flatten(1).isfinite()).any(dim=1).nonzero().flatten().tolist()
