"""The one exception a user of the library is meant to read."""


class InputError(ValueError):
    """Something the user gave cannot be used: one sentence names it, the value received, and the remedy.

    The command line prints the sentence and exits with code 2; nothing has been written.
    """


def check_known(what: str, name: object, allowed) -> None:
    """Raise `InputError` unless `name` is one of `allowed`, listing what is."""
    allowed = list(allowed)
    if name not in allowed:
        listing = ", ".join(map(str, allowed)) or "none"
        raise InputError(f"Unknown {what} {name!r}; choose one of: {listing}.")
