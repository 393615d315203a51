"""Committed tables of computations that take minutes: results/tables/NAME.csv, made anew by `python -m lib table NAME`.

And the committed timings, benchmarks/NAME.json.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from lib.base import files
from lib.base.errors import InputError, check_known
from lib.base.files import corrupt_file_error
from lib.runs import store


@dataclass(frozen=True)
class Table:
    """A committed table: its name, and the function that computes it."""

    name: str
    compute: Callable[[], pd.DataFrame]

    @property
    def path(self) -> Path:
        """Where it lies."""
        return store.RESULTS / "tables" / f"{self.name}.csv"

    def read(self) -> pd.DataFrame:
        """The table. Raises `InputError` where it is absent or damaged."""
        if not self.path.exists():
            raise InputError(
                f"{files.display_path(self.path)} is absent; make it with: python -m lib table {self.name}"
            )
        try:
            return pd.read_csv(self.path)
        except (ValueError, OSError) as error:
            raise corrupt_file_error(self.path, error) from error

    def write(self) -> Path:
        """Compute the table, write it, whole or not at all, and return its path. In one thread, as in a worker: the same bits."""
        import torch

        torch.set_num_threads(1)
        files.write(self.path, self.compute().to_csv(index=False, float_format="%.5g"))
        return self.path


def timings(name: str) -> dict[str, Any]:
    """What benchmarks/NAME.json holds: the last figures that were committed."""
    folder = files.ROOT / "benchmarks"
    check_known("benchmark", name, sorted(path.stem for path in folder.glob("*.json")))
    return json.loads((folder / f"{name}.json").read_text())


def kept_tables() -> dict[str, Table]:
    """All committed tables, by name: the `Table`s of the modules of this folder, so that no list has to be edited."""
    modules = [import_module(f"lib.analysis.{path.stem}") for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Table)]
    return {one.name: one for one in found}
