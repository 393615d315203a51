"""The library behind the book *Geometry and Generalization*: training, Jacobian spectra, and what they predict.

Nine rooms on floors. A module imports from its own room and from the floors below; `tests/test_house.py` holds the house to it.

| floor | room | what is in it |
| --- | --- | --- |
| 7 | `__main__` | the command line |
| 6 | `report` | the book's figures, tables and sentences: one file per page, named after it |
| 5 | `analysis` | what results say: evidence, claims, diagnosis |
| 5 | `pages` | reading, executing and packing pages |
| 4 | `runs` | a specification, its execution, its files |
| 3 | `measures` | what is measured at a point or of a network, and how measures are judged |
| 2 | `training` | data sets, corruptions, autoencoders, the training loop, weights, a user's models |
| 1 | `geometry` | Jacobians, bounds, spectra, tangent planes, orbits, random matrices |
| 0 | `base` | errors, files, digests, documents, whatever is read from a user |

`from lib import jacobians` and `from lib.spectra import trace` work for the modules of `SHORT_NAMES`, loaded when asked for.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

SHORT_NAMES = {
    "jacobians": "lib.geometry.jacobians",
    "spectra": "lib.geometry.spectra",
    "bounds": "lib.geometry.bounds",
    "tangents": "lib.geometry.tangents",
    "orbits": "lib.geometry.orbits",
    "diagnosis": "lib.analysis.diagnosis",
}


def __getattr__(name: str) -> Any:
    if name in SHORT_NAMES:
        return import_module(SHORT_NAMES[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _ShortNames(MetaPathFinder, Loader):
    """Imports lib.NAME as the module that the short name stands for: the same module, not a second one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        return ModuleSpec(fullname, self) if package == __name__ and name in SHORT_NAMES else None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = import_module(SHORT_NAMES[module.__name__.partition(".")[2]])


sys.meta_path.append(_ShortNames())
