"""Raised for invalid user input; the message says how to fix it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 800  # characters of a message


class InputError(ValueError):
    """Invalid user input: one sentence names the input, the value received, and the remedy.

    The command line prints the sentence and exits with code 2; nothing has been written. The message is one line of
    printable characters, whatever names and values from files it quotes; a long message is cut in its middle.
    """

    def __init__(self, sentence: str) -> None:
        line = "".join(character if character.isprintable() else "?" for character in " ".join(sentence.split()))
        super().__init__(line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}")


def check_known(what: str, name: object, allowed) -> None:
    """Raise `InputError` unless `name` is one of `allowed`, and list the allowed names."""
    allowed = list(allowed)
    if name not in allowed:
        listing = ", ".join(map(str, allowed)) or "none"
        raise InputError(f"Unknown {what} {name!r}; choose one of: {listing}.")


def nonfinite_rows(values: "Tensor") -> list[int]:
    """The rows of a tensor (rows, ...) that hold NaN or infinity."""
    return (~values.flatten(1).isfinite()).any(dim=1).nonzero().flatten().tolist()
