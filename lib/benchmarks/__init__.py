"""Side-by-side timings: ours and others' in one process, in turns, so that ratios hold on a noisy machine.

`python -m lib bench NAME` runs one and writes benchmarks/NAME.json: raw seconds of every round, ratios, and the environment.
"""

from lib.benchmarks.timing import Timings, environment, gemm_rate, in_turns
from lib.benchmarks.training import training

BENCHMARKS = {"training": training}

__all__ = ["BENCHMARKS", "Timings", "environment", "gemm_rate", "in_turns", "training"]
