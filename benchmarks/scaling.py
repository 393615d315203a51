"""Scaling of a run: one and two workers measured, more extrapolated from the cost of jobs, transfers and scheduling.

A driver hands out jobs and writes their results. J jobs of t seconds on W workers take at least

    T(W) = ceil(log2(W + 1)) D / B + max(ceil(J / W) t, J (s + R / B)),

D the bytes of the data, sent to each worker once, also from worker to worker; R the bytes that a job
returns; B the bytes per second of a transfer; s the seconds for scheduling a job. Workers beyond
W* = t / (s + R / B) wait for the driver, those beyond J for jobs.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.timing import environment
from lib.base import files
from lib.runs import read, store
from lib.runs.jobs import weights_of
from lib.runs.specification import Member, members

TASKS = 300  # empty tasks, to measure scheduling
PAYLOAD = 64 * 2**20  # bytes
SLICE = ("digits", "--only", "n=3", "--epochs", "60")


def scaling(rounds: int = 3) -> dict[str, Any]:
    """Measure the costs of jobs, and a slice of digits with one process, two processes, and a cluster of two workers.

    `cases`: the runs digits and mnist-300, and a sweep of 10,000 networks of mnist-300.
    """
    from distributed import Client, LocalCluster

    settings: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    cluster: Any = LocalCluster(**settings)
    with cluster, Client(cluster, set_as_default=False) as client:
        ways = {
            "one process": ("--processes", "1"),
            "two processes": ("--processes", "2"),
            "two workers of Dask": ("--scheduler", cluster.scheduler_address),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, arguments in ways.items():
                seconds[name].append(_command(arguments))
        cost = {
            "task_seconds": min(_scheduling(client) for _ in range(rounds)),
            "bytes_a_second": max(_transfer(client) for _ in range(rounds)),
        }
    return {"environment": environment(), "slice": {"seconds": seconds}, "cost": cost, "cases": cases()}


def _command(arguments: tuple[str, ...]) -> float:
    """Seconds of the command line for the slice, without earlier results, including the start of Python."""
    with tempfile.TemporaryDirectory() as folder:
        settings = os.environ | {"GEOMETRY_ARTIFACTS": folder, "OMP_NUM_THREADS": "1"}
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "lib", "run", *SLICE, *arguments],
            cwd=files.ROOT,
            env=settings,
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - started


def _scheduling(client: Any) -> float:
    started = time.perf_counter()
    client.gather(client.map(_nothing, range(TASKS), pure=False))
    return (time.perf_counter() - started) / TASKS


def _nothing(value: int) -> int:
    return value


def _transfer(client: Any) -> float:
    """Bytes per second from a worker to this process."""
    future = client.submit(os.urandom, PAYLOAD, pure=False)
    client.run(_nothing, 0)  # the payload is made meanwhile
    while not future.done():
        time.sleep(0.01)
    started = time.perf_counter()
    future.result()
    return PAYLOAD / (time.perf_counter() - started)


def cases() -> dict[str, dict[str, float]]:
    """Jobs with their seconds and bytes: of digits, if this machine has its manifest, and of mnist-300."""
    mnist = _case("mnist-300", files.ROOT / "results" / "mnist-300" / "manifest.json", (784, 70_000))
    sweep = mnist | {"jobs": 10_000}
    digits = read("digits")
    manifest = store.folder(digits) / "manifest.json"
    found = {"digits": _case("digits", manifest, (64, 1_797))} if manifest.exists() else {}
    return found | {"mnist": mnist, "a sweep of 10,000": sweep}


def _case(name: str, manifest: Path, sizes: tuple[int, int]) -> dict[str, float]:
    """One job per member, trained and measured: its weights and snapshots go to the driver and to the measuring worker,
    its per-point table to the driver."""
    run, (input_dim, points) = read(name), sizes
    taken = [entry["wall_seconds"] for entry in json.loads(manifest.read_text())["members"].values()]
    middle = Member(run.table_depth, sorted(run.latent_dims)[len(run.latent_dims) // 2], run.seeds[0])
    weights = 4 * weights_of(run.widths(middle, input_dim)) * (1 + len(run.snapshots))
    return {
        "jobs": len(members(run)),
        "job_seconds": statistics.median(taken),
        "result_bytes": 2 * weights + 8 * points * (4 * middle.latent_dim + store.PLAIN_COLUMNS),
        "data_bytes": 4 * points * input_dim,
    }
