"""What a user names: files, arrays in them, and code, `package.module:function`, with its calling. Needs no torch."""

import contextlib
import importlib
import re
import reprlib
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from lib.base.errors import InputError

FILES = (
    ".npy",
    ".npz",
    ".pt",
    ".parquet",
)  # suffixes of files that hold points, FILE.npz:NAME being one of their arrays
CHANGED: dict[str, int] = {}  # when the file of a module that was called had last changed at its import
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
    """What `package.module:function` returns, called in `folder` without arguments; modules are looked for there first, and
    imported anew where they have changed.

    This runs the code with all rights of the process. Raises `InputError` where it is not there, or raises.
    """
    module, _, function = source.partition(":")
    where = folder.resolve()
    sys.path[:] = [str(where), *(one for one in sys.path if one != str(where))]
    importlib.invalidate_caches()
    _forget(module, where)
    try:
        with contextlib.chdir(folder):
            imported = importlib.import_module(module)
            CHANGED[module] = _changed(imported)
            return getattr(imported, function)()
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{source} could not be imported and called ({reason(error)}); mend it, or its name."
        ) from error


def _forget(module: str, folder: Path) -> None:
    """Forget a module, and the package that it is in, imported from elsewhere though the folder has it, or changed since."""
    top = module.partition(".")[0]
    loaded = sys.modules.get(module) or sys.modules.get(top)
    if loaded is None or top == __name__.partition(".")[0]:
        return
    there = (folder / top).is_dir() or (folder / f"{top}.py").exists()
    elsewhere = not Path(getattr(loaded, "__file__", None) or folder).is_relative_to(folder)
    if (there and elsewhere) or CHANGED.get(module, _changed(loaded)) != _changed(loaded):
        for name in [name for name in sys.modules if name.partition(".")[0] == top]:
            del sys.modules[name]


def _changed(module: ModuleType) -> int:
    """When a module's file last changed, 0 where it has none."""
    path = Path(getattr(module, "__file__", None) or "")
    return path.stat().st_mtime_ns if path.is_file() else 0


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
