"""Digests of the library's own code: what a result was computed by.

A digest covers what the code does, not how it reads: comments, docstrings and layout are no part of it.
"""

import ast
from functools import cache

import lib
from lib.base import files

LISTED = {  # imports whatever lies there
    "lib.measures.protocol": tuple(f"lib.measures.{folder}" for folder in ("points", "networks", "classifiers"))
}
DOCUMENTED = (ast.Module, ast.FunctionDef, ast.ClassDef)


@cache
def code_digest(modules: tuple[str, ...]) -> str:
    """SHA-256 of the code of these modules of `lib` (dotted names) and of all modules of `lib` they import, in turn.

    Raises `ModuleNotFoundError` for a name that is no module of `lib`: left out in silence, its code could change unseen.
    """
    if unknown := [name for name in modules if not _is_module(name)]:
        raise ModuleNotFoundError(f"No module of the library is named {', '.join(unknown)}; a digest is asked of it.")
    found: set[str] = set()
    waiting = set(modules)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= imported(name) - found
    return files.digest([[name, _code(name)] for name in sorted(found)])


@cache
def imported(name: str) -> set[str]:
    """The modules of `lib` that a module of `lib` imports anywhere in its code, or by listing a folder (`LISTED`)."""
    names = imports_of(ast.parse(_path(name).read_text()))
    for package in LISTED.get(name, ()):
        names |= {f"{package}.{path.stem}" for path in files.ROOT.joinpath(*package.split(".")).glob("[a-z]*.py")}
    return names


def imports_of(tree: ast.AST) -> set[str]:
    """The modules of `lib` that some code imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    names = {lib.SHORT_NAMES.get(name.removeprefix("lib."), name) for name in names}
    return {name for name in names if name.partition(".")[0] == "lib" and _is_module(name)}


def _path(name: str):
    stem = files.ROOT.joinpath(*name.split("."))
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


def _is_module(name: str) -> bool:
    return _path(name).exists()


@cache
def _code(name: str) -> str:
    tree = ast.parse(_path(name).read_text())
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
