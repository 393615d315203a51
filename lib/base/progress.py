"""Progress of a long computation, on the terminal of the command that started its process."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

STREAM = "GEOMETRY_PROGRESS"  # environment variable: the path of the stream that is written to; unset, nothing is said
Followed = TypeVar("Followed")


def error_stream() -> str:
    """The path of this process's standard error for other processes; empty for a file, in which two processes would overwrite
    each other's lines, and where the system has no /proc."""
    path = Path(f"/proc/{os.getpid()}/fd/2")
    return str(path) if path.exists() and not path.is_file() else ""


def tell_progress(line: str) -> None:
    """Write a line to the stream."""
    try:
        with open(os.environ[STREAM], "a") as stream:  # noqa: PTH123 (a pipe, too)
            stream.write(f"{line}\n")
    except (KeyError, OSError):  # no stream, or the command has ended
        return


def followed(items: Sequence[Followed], unit: str) -> Iterator[Followed]:
    """The items, with a bar on the stream where they take more than two seconds."""
    try:
        stream = open(os.environ[STREAM], "a")  # noqa: PTH123, SIM115 (closed below)
    except (KeyError, OSError):
        yield from items
        return
    from tqdm import tqdm

    with stream:
        yield from tqdm(items, unit=unit, file=stream, delay=2, mininterval=1, leave=False)
