"""The one exception a user of the library is meant to read."""

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
