"""Side-by-side timings of ours and others in one process, interleaved, so that ratios hold on a noisy machine.

`python -m lib bench NAME` runs a benchmark and writes benchmarks/NAME.json: seconds of every round, ratios, and the environment.
"""

from benchmarks.estimates import estimated
from benchmarks.gpu import gpu
from benchmarks.jacobians import jacobians
from benchmarks.plain_loop import plain_loop
from benchmarks.scaling import scaling
from benchmarks.timing import Timings, environment, interleaved
from benchmarks.training import training
from lib.base import files

BENCHMARKS = {
    "estimates": estimated,
    "gpu": gpu,
    "jacobians": jacobians,
    "plain_loop": plain_loop,
    "scaling": scaling,
    "training": training,
}

FOLDER = files.ROOT / "benchmarks"
