"""A page as written: its notebook, its parameters with their types, and the modules and runs that its code depends on."""

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jupytext
import pandas as pd
from nbformat import NotebookNode
from papermill.translators import PythonTranslator
from pydantic import ConfigDict, TypeAdapter, ValidationError

from lib import runs
from lib.base import documents, files
from lib.base.digests import imports_of
from lib.base.errors import InputError, check_known
from lib.base.usercode import reason

BOOK = files.ROOT / "book"
TEMPLATES = BOOK / "templates"  # pages that commands execute, such as the report of a diagnosis
NAMED = re.compile(r"lib(\.\w+)+:\w+")
MOVED = {  # pages that became a part of another
    "means": "spectra.html#the-means",
    "small_eigenvalues": "spectra.html#lost-directions",
    "orientation": "spectra.html#orientation",
}
KINDS = (int, float, str, bool)
TYPES = {kind.__name__: kind for kind in KINDS} | {f"list[{kind.__name__}]": list[kind] for kind in KINDS}
STRICT = ConfigDict(strict=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a page: its annotation ("int", "list[str]", ...), default value, and the comment behind it."""

    name: str
    annotation: str
    default: Any
    help: str = ""


@dataclass(frozen=True)
class Page:
    """A page: its name, its percent text as a notebook, its parameters."""

    name: str
    notebook: NotebookNode
    parameters: dict[str, Parameter]

    @property
    def code(self) -> list[str]:
        """The sources of the code cells: what the outputs depend on."""
        return [cell.source for cell in self.notebook.cells if cell.cell_type == "code"]

    def reads(self, values: Mapping[str, Any]) -> list[str]:
        """The runs that the page reads with these parameters: those it shows, and if its code names `with_snapshots`, the
        runs that this function finds for them.
        """
        shown = runs_of(values)
        named = {node.id for tree in self.trees() for node in ast.walk(tree) if isinstance(node, ast.Name)}
        companions = runs.with_snapshots(shown) if runs.with_snapshots.__name__ in named else []
        return list(dict.fromkeys([*shown, *companions]))

    def modules(self) -> set[str]:
        """The modules of `lib` that the page's code imports, or names as `module:function`."""
        modules: set[str] = set()
        for tree in self.trees():
            texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            named = [text.partition(":")[0] for text in texts if isinstance(text, str) and NAMED.fullmatch(text)]
            modules |= imports_of(tree) | imports_of(ast.parse("".join(f"import {module}\n" for module in named)))
        return modules

    def trees(self) -> Iterator[ast.Module]:
        """The syntax trees of the code cells, without IPython's own commands. Raises `InputError` for a cell that is no Python."""
        for position, cell in enumerate(self.code, start=1):
            plain = "\n".join(line for line in cell.splitlines() if not line.lstrip().startswith(("%", "!")))
            try:
                yield ast.parse(plain)
            except SyntaxError as error:
                raise InputError(
                    f"Code cell {position} of page {self.name} is no Python ({error.msg}, its line {error.lineno}); "
                    f"mend book/{self.name}.py."
                ) from error


def page_names(book: Path = BOOK) -> list[str]:
    """The pages that can be executed: book/*.py."""
    return sorted(path.stem for path in book.glob("*.py"))


def parameter_table(book: Path = BOOK) -> pd.DataFrame:
    """The parameters that the pages declare, one row per page and parameter: `default`, `type`, `meaning`."""
    rows = {
        (name, parameter.name): [parameter.default, parameter.annotation, parameter.help]
        for name in page_names(book)
        for parameter in load_page(name, book).parameters.values()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["default", "type", "meaning"])
    return table.set_index(pd.MultiIndex.from_tuples(rows, names=["page", "parameter"]))


def load_page(name: str, book: Path = BOOK) -> Page:
    """Read the page book/NAME.py; under the name of a page that has moved, the page that has its contents now."""
    if name in MOVED and not (book / f"{name}.py").exists():
        name = MOVED[name].partition(".")[0]
    check_known("page", name, page_names(book))
    try:
        return parse_page(name, (book / f"{name}.py").read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"book/{name}.py is no text in UTF-8 ({reason(error)}); save it as UTF-8.") from error


def parse_page(name: str, text: str) -> Page:
    """The page of this name and percent text. Raises `InputError` where its code or its parameters cell cannot be read."""
    notebook = jupytext.reads(text, fmt="py:percent")
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) > 1:
        raise InputError(f"Page {name} has {len(cells)} cells tagged parameters; keep one.")
    try:
        statements = ast.parse(cells[0].source).body if cells else []
        comments = {described.name: described.help for cell in cells for described in PythonTranslator.inspect(cell)}
        parameters = {
            parameter.name: replace(parameter, help=comments.get(parameter.name, ""))
            for parameter in map(_parameter, statements)
        }
    except (SyntaxError, ValueError) as error:
        raise InputError(
            f"The parameters cell of page {name} cannot be read ({error}); give lines such as `runs: list[str] = ['digits']`."
        ) from error
    return Page(name, notebook, parameters)


def _parameter(statement: ast.stmt) -> Parameter:
    if (
        not isinstance(statement, ast.AnnAssign)
        or not isinstance(statement.target, ast.Name)
        or statement.value is None
        or ast.unparse(statement.annotation) not in TYPES
    ):
        raise ValueError(ast.unparse(statement))
    return Parameter(statement.target.id, ast.unparse(statement.annotation), ast.literal_eval(statement.value))


def checked_parameters(page: Page, given: Mapping[str, Any]) -> dict[str, Any]:
    """The page's parameters, given ones over defaults. Texts are read as YAML unless the parameter is a string.

    Raises `InputError` for an unknown parameter, a value of the wrong type, or an unknown run.
    """
    values = {name: parameter.default for name, parameter in page.parameters.items()}
    for name, value in given.items():
        check_known(f"parameter of page {page.name}", name, page.parameters)
        values[name] = _typed(page, page.parameters[name], value)
    for name in filter(holds_runs, values):
        if not values[name]:
            raise InputError(
                f"Parameter {name!r} of page {page.name} is empty; name at least one of: {', '.join(runs.names())}."
            )
    for run in runs_of(values):
        runs.read(run)
    return values


def holds_runs(parameter: str) -> bool:
    """Whether a parameter of this name lists runs: `runs` or `..._runs`."""
    return parameter == "runs" or parameter.endswith("_runs")


def runs_of(values: Mapping[str, Any]) -> list[str]:
    """The runs that a page with these parameters shows, without repetitions."""
    return list(dict.fromkeys(run for name in filter(holds_runs, values) for run in runs.parse_names(values[name])))


def _typed(page: Page, parameter: Parameter, value: Any) -> Any:
    if isinstance(value, str) and parameter.annotation != "str":
        with suppress(InputError):  # the text itself is then refused by its type
            value = documents.parse(value, parameter.name)
    try:
        TypeAdapter(TYPES[parameter.annotation], config=STRICT).validate_python(value)
    except ValidationError as error:
        raise InputError(
            f"Parameter {parameter.name!r} of page {page.name} is {value!r}; give a {parameter.annotation}, such as "
            f"{parameter.default!r}."
        ) from error
    return value
