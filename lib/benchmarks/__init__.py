"""Side-by-side timings: ours and others' in one process, in turns, so that ratios hold on a noisy machine.

`python -m lib bench NAME` runs one and writes benchmarks/NAME.json: raw seconds of every round, ratios, and the environment.
"""

import json
from typing import Any

from lib import files
from lib.benchmarks.jacobians import jacobians
from lib.benchmarks.scaling import scaling
from lib.benchmarks.timing import Timings, environment, gemm_rate, in_turns
from lib.benchmarks.training import training
from lib.errors import check_known

BENCHMARKS = {"jacobians": jacobians, "scaling": scaling, "training": training}

FOLDER = files.ROOT / "benchmarks"


def committed(name: str) -> dict[str, Any]:
    """What benchmarks/NAME.json holds: the last figures that were committed."""
    check_known("benchmark", name, BENCHMARKS)
    return json.loads((FOLDER / f"{name}.json").read_text())


__all__ = [
    "BENCHMARKS",
    "FOLDER",
    "Timings",
    "committed",
    "environment",
    "gemm_rate",
    "in_turns",
    "jacobians",
    "scaling",
    "training",
]
