"""Interleaved timing in several rounds on a given number of threads, with ratios within a round."""

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch


@dataclass(frozen=True)
class Timings:
    """Seconds of every round by contender, in the order of measurement."""

    seconds: dict[str, list[float]]

    def best(self, name: str) -> float:
        """The shortest time of a contender."""
        return min(self.seconds[name])

    def ratio(self, slower: str, faster: str) -> float:
        """The median over rounds of the seconds of one contender divided by those of another in the same round."""
        return float(np.median(np.divide(self.seconds[slower], self.seconds[faster])))


def interleaved(
    contenders: Mapping[str, Callable[[], object]], rounds: int = 5, clock: Callable[[], float] = time.perf_counter
) -> Timings:
    """Time every contender once per round, after a warm-up round; `clock` returns seconds.

    With `time.process_time`, which counts the time of this process only, other processes matter less.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for lap in range(rounds + 1):
        for name, call in contenders.items():
            started = clock()
            call()
            if lap:  # the first round warms caches and does not count
                seconds[name].append(clock() - started)
    return Timings(seconds)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use `count` threads in the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def gemm(rows: int, inner: int, columns: int, dtype: torch.dtype = torch.float32) -> tuple[Callable[[], object], float]:
    """A matrix product to time, and its floating-point operations."""
    first, second = torch.randn(rows, inner, dtype=dtype), torch.randn(inner, columns, dtype=dtype)
    return lambda: first @ second, 2.0 * rows * inner * columns


def environment() -> dict[str, Any]:
    """The machine and the versions of a timing."""
    return {
        "processor": _processor(),
        "processors": joblib.cpu_count(),
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("torch", "numpy", "scipy")},
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
