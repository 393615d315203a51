"""Code of the user's, named as `package.module:function`: what it looks like, and calling it. Needs no torch."""

import importlib
import re
import sys
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


def call(source: str, folder: Path = Path()) -> object:
    """What `package.module:function` returns, called without arguments; modules are looked for in `folder` first.

    This runs the code with all rights of the process. Raises `InputError` where it is not there, or raises.
    """
    module, _, function = source.partition(":")
    if str(folder.resolve()) not in sys.path:
        sys.path.insert(0, str(folder.resolve()))
    importlib.invalidate_caches()
    try:
        return getattr(importlib.import_module(module), function)()
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{source} could not be imported and called ({reason(error)}); mend it, or its name."
        ) from error


def reason(error: BaseException) -> str:
    """An error as part of a sentence: its kind, and the start of the first line of its message."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first[:120]}".rstrip(" :.;")
