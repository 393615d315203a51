"""Raised for invalid user input; the message says how to fix it."""

import errno
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_PLACE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)
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


def unusable(error: OSError) -> str:
    """What is wrong with a disk or a path, as a sentence; anything else is raised again."""
    if error.errno in NO_ROOM:
        return f"There is no room to write ({error}); make some, and run again: what is finished is kept."
    if error.errno not in NO_PLACE or not isinstance(error.filename, (str, Path)):
        raise error
    path = Path(error.filename)
    if path.suffix == ".part":  # of a file that is being written (`lib.base.files.replacing`)
        return f"{path.parent} cannot be written to ({error.strerror}); mend its permissions, or name another folder."
    return f"{path} cannot be read or written ({error.strerror}); mend its permissions, or name another."
