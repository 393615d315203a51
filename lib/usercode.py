"""What a user names: files, arrays in them, and code, `package.module:function`, with its calling. Needs no torch."""

import contextlib
import importlib
import re
import reprlib
import sys
from collections.abc import Iterable
from pathlib import Path

from lib.errors import InputError

FILES = (
    ".npy",
    ".npz",
    ".pt",
    ".parquet",
)  # suffixes of files that hold points, FILE.npz:NAME being one of their arrays
CODE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_code(source: str) -> bool:
    """Whether a text names code.

    >>> is_code("networks.mine:trained"), is_code("points.npz:test_images"), is_code("model.safetensors")
    (True, False, False)
    """
    return bool(CODE.fullmatch(source)) and Path(source.partition(":")[0]).suffix.lower() not in FILES


def located(source: str, folder: Path = Path()) -> tuple[Path, str | None]:
    """The path of a source that is no code, and the name of an array in it, or None.

    >>> located("points.npz:test_images")[1], located("points.npy")[1]
    ('test_images', None)
    """
    stem, _, name = source.rpartition(":")
    if Path(stem).suffix.lower() in (".npz", ".pt"):
        return folder / stem, name
    return folder / source, None


def check_there(source: str, folder: Path = Path()) -> None:
    """Raise `InputError` where a source is no code, and no file or folder that exists."""
    path, _ = located(source, folder)
    try:
        there = is_code(source) or path.exists()
    except OSError:  # a name that no file can have
        there = False
    if not there:
        raise InputError(
            f"{path} does not exist; give a file or a folder that does, or code as package.module:function."
        )


def call(source: str, folder: Path = Path()) -> object:
    """What `package.module:function` returns, called in `folder` without arguments; modules are looked for there first.

    This runs the code with all rights of the process. Raises `InputError` where it is not there, or raises.
    """
    module, _, function = source.partition(":")
    if str(folder.resolve()) not in sys.path:
        sys.path.insert(0, str(folder.resolve()))
    importlib.invalidate_caches()
    try:
        with contextlib.chdir(folder):
            return getattr(importlib.import_module(module), function)()
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{source} could not be imported and called ({reason(error)}); mend it, or its name."
        ) from error


def reason(error: BaseException) -> str:
    """An error as part of a sentence: its kind, and the start of the first line of its message, printable."""
    first = (str(error).strip().splitlines() or [""])[0][:120]
    return f"{type(error).__name__}: {''.join(c if c.isprintable() else '?' for c in first)}".rstrip(" :.;")


def some(names: Iterable[object], most: int = 6) -> str:
    """Names out of a file as part of a sentence: not too many, not too long, printable.

    >>> some(["x", "y"]), some(range(9), 2), some([])
    ("'x', 'y'", "'0', '1' and more", 'none')
    """
    names = [str(name) for name in names]
    shown = ", ".join(reprlib.repr(name) for name in names[:most]) or "none"
    return shown + (" and more" if len(names) > most else "")
