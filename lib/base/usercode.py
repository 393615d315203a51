"""Locate and call what a user refers to: files, arrays in files, `package.module:function`. Needs no torch."""

import ast
import contextlib
import importlib
import inspect
import re
import reprlib
import sys
import textwrap
from collections.abc import Collection, Iterable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from lib.base.errors import InputError

ARCHIVES = (".npz", ".pt", ".pth")  # files that hold arrays by name
FILES = (".npy", *ARCHIVES, ".parquet", ".csv")  # files that hold points
MODELS = (".safetensors", ".pt", ".pth")
CHANGED: dict[str, int] = {}  # modification time of the file of each called module, at its import
CODE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_code(source: str) -> bool:
    """Whether a source is code, `package.module:function`.

    >>> is_code("networks.mine:trained"), is_code("points.npz:test_images"), is_code("model.safetensors")
    (True, False, False)
    """
    return bool(CODE.fullmatch(source)) and Path(source.partition(":")[0]).suffix.lower() not in FILES


def located(source: str, folder: Path = Path()) -> tuple[Path, str | None]:
    """The path of a file or folder, and the name of an array in it (`FILE.npz:NAME`) or None.

    >>> located("points.npz:test_images")[1], located("points.npy")[1]
    ('test_images', None)
    """
    stem, _, name = source.rpartition(":")
    if Path(stem).suffix.lower() in ARCHIVES:
        return folder / stem, name
    return folder / source, None


def check_there(source: str, folder: Path = Path(), suffixes: Collection[str] = FILES) -> None:
    """Raise `InputError` unless a source is code that can be found, a folder of points, or a file of a type that can be read.

    The code is not run: its file is searched for the name of the function.
    """
    path, _ = located(source, folder)
    if printable(str(path)) != str(path):
        raise InputError(f"The name of {path} has characters that cannot be printed, or are no UTF-8; rename it.")
    file, dot_py, function = source.rpartition(".py")
    if dot_py and function[:1] in ("", ":"):
        written = f"{Path(file).name}:{function[1:] or 'FUNCTION'}"
        raise InputError(f"{source} names a file of code; write it as {written}, and start in the folder of the file.")
    try:
        exists = is_code(source) or path.exists()
    except OSError:  # a name that no file can have
        exists = False
    if not exists:
        kinds = "file or folder" if suffixes == FILES else "file"
        raise InputError(f"{path} does not exist; give an existing {kinds}, or code as package.module:function.")
    if is_code(source):
        _check_function(source, folder)
    elif path.suffix.lower() not in suffixes and not (path.is_dir() and suffixes == FILES):
        raise InputError(f"{path} is not a file of type {', '.join(suffixes)}; save its content as one of these.")


def check_sources(data: Sequence[str], reference: str, folder: Path = Path()) -> None:
    """Raise `InputError` unless there are data and each source of points is named once, and is there (`check_there`)."""
    names = [*([reference] if reference else []), *data]
    if not data:
        raise InputError("There are no data; name at least one source of points.")
    found: dict[object, str] = {}
    for name in names:
        check_there(name, folder)
        path, key = located(name, folder)
        place = name if is_code(name) else (path.resolve(), key)
        if place in found:
            raise InputError(
                f"Data and reference name {found[place]!r} and {name!r}, the same points; name each source once."
            )
        found[place] = name


def _check_function(source: str, folder: Path) -> None:
    module, _, function = source.partition(":")
    first, *parts = module.split(".")
    spec = _spec_of(first, [str(folder.resolve())]) or getattr(
        sys.modules.get(first), "__spec__", _spec_of(first, None)
    )
    for part in parts:
        spec = spec and _spec_of(part, spec.submodule_search_locations or [])
    if spec is None and module not in sys.modules:
        raise InputError(
            f"{source} cannot be found: there is no module {module!r}; start in its folder, or install it."
        )
    if spec is None or not str(spec.origin).endswith(".py"):
        return
    try:
        nodes = list(ast.walk(ast.parse(Path(str(spec.origin)).read_bytes())))
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{spec.origin} is no Python ({reason(error)}); fix the code.") from error
    defined = [node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
    named = {node.id for node in nodes if isinstance(node, ast.Name)} | {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    if function not in {*defined, *named} and not named & {"*", "globals", "exec"} and "__getattr__" not in defined:
        raise InputError(f"{spec.origin} has no {function!r}; choose one of its functions: {some(defined)}.")


def _spec_of(name: str, places: Sequence[str] | None) -> ModuleSpec | None:
    """Where a module is, without an import; None if it is nowhere."""
    finders = (getattr(finder, "find_spec", None) for finder in sys.meta_path)
    return next((spec for find in finders if find and (spec := find(name, places))), None)


def call(source: str, folder: Path = Path()) -> object:
    """Call `package.module:function` in `folder`, without arguments, and return its result.

    Modules are looked for in `folder` first, and reloaded if their file has changed. The code runs with all rights of
    this process. Raises `InputError` if it cannot be imported or raises an exception.
    """
    module, _, function = source.partition(":")
    root = folder.resolve()
    sys.path[:] = [str(root), *(entry for entry in sys.path if entry != str(root))]
    importlib.invalidate_caches()
    _forget(module, root)
    try:
        with contextlib.chdir(folder):
            imported = importlib.import_module(module)
            CHANGED[module] = _changed(imported)
            return getattr(imported, function)()
    except (Exception, SystemExit) as error:
        found = getattr(sys.modules.get(module), "__dict__", {}).get(function, call)
        remedy = "fix the code, or its name"
        if not (inspect.isroutine(found) or isinstance(found, type)):
            remedy = f"it is a {type(found).__name__} and not a function: write a function that returns it"
        raise InputError(f"{source} could not be imported and called ({reason(error)}); {remedy}.") from error


def _forget(module: str, folder: Path) -> None:
    """Unload a module and its package if their files have changed, or if they come from elsewhere and `folder` has them too."""
    top = module.partition(".")[0]
    loaded = sys.modules.get(module) or sys.modules.get(top)
    if loaded is None or top == __name__.partition(".")[0]:
        return
    in_folder = (folder / top).is_dir() or (folder / f"{top}.py").exists()
    elsewhere = not Path(getattr(loaded, "__file__", None) or folder).is_relative_to(folder)
    if (in_folder and elsewhere) or CHANGED.get(module, _changed(loaded)) != _changed(loaded):
        for name in [name for name in sys.modules if name.partition(".")[0] == top]:
            del sys.modules[name]


def _changed(module: ModuleType) -> int:
    """The modification time of a module's file in nanoseconds; 0 without a file."""
    path = Path(getattr(module, "__file__", None) or "")
    return path.stat().st_mtime_ns if path.is_file() else 0


def reason(error: BaseException) -> str:
    """An error as part of a sentence: its type and the start of its message, on one line of printable characters."""
    first = printable((str(error).strip().splitlines() or [""])[0])
    start, *rest = textwrap.wrap(first, 120, break_on_hyphens=False) or [""]
    return f"{type(error).__name__}: {start}".rstrip(" :.;") + (" ..." if rest else "")


def printable(text: str) -> str:
    """A text with ? for what cannot be printed: line breaks, control characters, bytes that are no UTF-8."""
    return "".join(character if character.isprintable() else "?" for character in text)


def some(names: Iterable[object], most: int = 6) -> str:
    """At most `most` names as part of a sentence, shortened and printable.

    >>> some(["x", "y"]), some(range(9), 2), some([])
    ("'x', 'y'", "'0', '1' and more", 'none')
    """
    names = [str(name) for name in names]
    shown = ", ".join(reprlib.repr(name) for name in names[:most]) or "none"
    return shown + (" and more" if len(names) > most else "")
