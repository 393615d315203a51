"""Side-by-side timings: ours and others' in one process, in turns, so that ratios hold on a noisy machine.

`python -m lib bench NAME` runs one and writes benchmarks/NAME.json: raw seconds of every round, ratios, and the environment.
"""

from benchmarks.jacobians import jacobians
from benchmarks.scaling import scaling
from benchmarks.timing import Timings, environment, interleaved
from benchmarks.training import training
from lib.base import files

BENCHMARKS = {"jacobians": jacobians, "scaling": scaling, "training": training}

FOLDER = files.ROOT / "benchmarks"
