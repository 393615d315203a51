"""Tables of numbers from Parquet and CSV files, with the names of their columns."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lib.base.errors import InputError
from lib.base.untrusted import LARGEST_ARRAY, table_of
from lib.base.usercode import some

if TYPE_CHECKING:
    import pyarrow as pa

GROWTH = 8  # from a CSV file to memory: a value takes 2 bytes or more in the file, 8 in memory, and is there twice


def read_table(path: Path) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """The numbers (rows, columns) of a file in float64, the names of its columns, and notes on what was left out.

    Integers and booleans become floats, missing values NaN. The index that pandas writes as a column is left out. No names where
    the first line of a CSV file holds numbers; but 0, 1, 2, ... are the names that pandas gives. Raises `InputError` for
    columns that are not numeric, or of one name.
    """
    is_csv = path.suffix.lower() == ".csv"
    index: list[str] = []

    def check(schema: "pa.Schema") -> None:
        index.extend(_index_of(schema, is_csv))
        names = [field.name for field in schema if field.name not in index]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise InputError(f"{path} has several columns of the name {some(doubled)}; give each its own name.")
        wrong = [f"{field.name}: {field.type}" for field in schema if field.name in names and not _numeric(field)]
        if wrong:
            raise InputError(
                f"{path} has columns that are not numeric ({some(wrong)}); give the numbers that the network takes: leave out "
                "labels and names, and code only a class that it takes, as a column of 0 and 1 for each of its values."
            )

    table, named = _csv_table(path) if is_csv else (table_of(path, check), True)
    if is_csv:
        check(table.schema)
    table = table.drop_columns(index)
    if not table.num_columns:
        raise InputError(f"{path} has no columns of numbers; give a column for each coordinate of the points.")
    values = np.column_stack([column.cast("float64").to_numpy() for column in table.columns])
    notes = [f"its index {some(index)} was left out"] if index else []
    notes += [] if named else ["its first line holds numbers and was taken for a point"]
    return values, tuple(table.column_names) if named else (), tuple(notes)


def _numeric(field: "pa.Field") -> bool:
    from pyarrow import types

    kinds = (types.is_floating, types.is_integer, types.is_boolean, types.is_null)  # null: every value is missing
    return any(kind(field.type) for kind in kinds)


def _index_of(schema: "pa.Schema", is_csv: bool) -> list[str]:
    """The columns that are an index of pandas: named in the metadata of Parquet, the first and without a name in CSV."""
    if is_csv:
        return [name for name in schema.names[:1] if not name]
    described = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in described if isinstance(name, str) and name in schema.names]


def _csv_table(path: Path) -> tuple["pa.Table", bool]:
    """The table of a CSV file, and whether its first line holds names."""
    from pyarrow.csv import ReadOptions, read_csv

    if GROWTH * (size := path.stat().st_size) > LARGEST_ARRAY:
        raise InputError(f"{path} has {size / 2**30:.3g} GiB of text; save it as Parquet, or give a part.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8; save it as UTF-8.") from error
    if len(first) == 1 and any(mark in first[0] for mark in ";\t"):
        raise InputError(f"{path} has semicolons or tabs between its values; separate them by commas.")
    named = not all(map(_is_number, first)) or first == [str(place) for place in range(len(first))]
    table = read_csv(path, read_options=ReadOptions(autogenerate_column_names=not named, use_threads=False))
    return table, named


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
