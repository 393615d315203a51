"""Executing a run: what is missing is trained and measured, in processes of one thread each, or on a GPU in one.

A member goes through two stages, each valid for as long as the code it came from: weights (datasets, autoencoders,
training) and summary (jacobians, spectra, regression, measurements). A finished member is on the disk, whole, before
the next is begun, so an interrupted run loses at most what was in hand, and a checkpoint holds most of that.
"""

import fcntl
import multiprocessing
import os
import platform
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from tqdm import tqdm

from lib import autoencoders, datasets, files, measurements, training
from lib.errors import InputError
from lib.runs import store, weights
from lib.runs.neighbours import neighbours
from lib.runs.results import manifest
from lib.runs.specification import Member, Run, members
from lib.sources import code_digest

VERSIONS = ("torch", "numpy", "scipy", "scikit-learn", "statsmodels")
SMALL_WORK = 1e10  # floating-point operations of training that do not pay for starting a process
ALIGNED = 16  # numbers of 32 bits in 64 bytes
STACKED_WEIGHTS = 2**20  # on a CPU, members are stacked up to so many weights: beyond, a stack only leaves the cache


Report = Callable[[int], object]  # told the member-epochs finished


@dataclass(frozen=True)
class Job:
    """Members of one depth to be trained together (where they are not yet) and measured."""

    run: Run
    members: tuple[Member, ...]
    device: str


def execute(
    run: Run, only: Mapping[str, Collection[int]] | None = None, device: str = "cpu", processes: int | None = None
) -> list[Member]:
    """Train and measure the members of a run that are missing, or those selected by `only`; return what was done.

    `processes` workers of one thread each (default: the processors this process may use); on a GPU this process trains
    a family at a time, and the workers measure. One execution of a run at a time: a second waits for the first, and
    finds its work done. A member's bits depend on the run alone, not on `only`, `processes`, or what was done before.
    """
    training.check_device(device)
    chosen = members(run, only)
    if not store.missing(run, chosen):
        return []
    dataset = run.load_dataset()  # before anything is written: a missing data set fails here
    with only_process(run):
        waiting = store.missing(run, chosen)
        neighbours(dataset)  # here, lest every worker compute them
        workers = processes or _worthwhile_processes(run, waiting, dataset)
        jobs = _jobs(run, waiting, dataset.input_dim, device, workers)
        _perform(jobs, min(workers, len(jobs) if device == "cpu" else len(waiting)))
        for folder in (store.folder(run), *([store.RESULTS / run.name] if run.kept else [])):
            files.write(folder / "manifest.json", store.json_text(manifest(run)))
    return waiting


def _jobs(run: Run, waiting: Sequence[Member], input_dim: int, device: str, processes: int) -> list[Job]:
    """Groups of members of one depth: on a GPU a family each; else small enough to share out and to stay in the cache."""
    jobs = []
    for depth in dict.fromkeys(member.depth for member in waiting):
        family = [member for member in waiting if member.depth == depth]
        largest = max(_weights(run.widths(member, input_dim)) for member in family)
        to_fit_the_cache = -(-len(family) * largest // STACKED_WEIGHTS)
        groups = max(min(processes, len(family)), to_fit_the_cache) if device == "cpu" else 1
        jobs += [Job(run, tuple(family[start::groups]), device) for start in range(min(groups, len(family)))]
    return jobs


def _worthwhile_processes(run: Run, waiting: Sequence[Member], dataset: Any) -> int:
    """As many workers as there are processors, but none where the work is done before they have started."""
    total = sum(_weights(run.widths(member, dataset.input_dim)) for member in waiting)
    operations = 6 * total * run.epochs * len(dataset.train)
    return len(os.sched_getaffinity(0)) if operations > SMALL_WORK else 1


def _weights(widths: Sequence[int]) -> int:
    return 2 * sum(inputs * outputs for inputs, outputs in zip(widths[:-1], widths[1:], strict=True))


@contextmanager
def only_process(run: Run) -> Iterator[None]:
    """Hold the run's lock; wait for another process that does."""
    path = store.folder(run) / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Another process is executing run {run.name}; waiting for it.", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _perform(jobs: Sequence[Job], processes: int) -> None:
    """Do the jobs, here or in worker processes; show progress on a terminal."""
    if not jobs:
        return
    run = jobs[0].run
    total = sum(len(job.members) for job in jobs) * run.epochs
    with tqdm(total=total, unit="epoch", desc=f"run {run.name}", disable=None, smoothing=0.05) as bar:
        if processes == 1:
            threads = torch.get_num_threads()
            torch.set_num_threads(1)  # as in a worker: the same bits
            try:
                for job in jobs:
                    perform(job, bar.update)
            finally:
                torch.set_num_threads(threads)
            return
        context = multiprocessing.get_context(_start_method(jobs[0].device))
        reports = context.Queue()
        pool = ProcessPoolExecutor(processes, context, initializer=_start_worker, initargs=(reports,))
        try:
            if jobs[0].device == "cpu":
                pending = {pool.submit(_perform_in_worker, job) for job in jobs}
            else:  # the device trains, here, a family after the other; workers measure what is trained
                pending = set()
                for job in jobs:
                    train(job, bar.update)
                    pending |= {pool.submit(measure, job, member) for member in job.members}
            while pending:
                done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                bar.update(_drain(reports))
        except BrokenProcessPool as error:
            raise InputError(
                f"A worker process of run {run.name} was killed (out of memory?); finished members are kept: run again."
            ) from error
        finally:
            for process in multiprocessing.active_children():
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)


def _start_method(device: str) -> str:
    """Fork where that is safe (Linux, no other thread, no GPU), for it spares every worker seconds of imports; else spawn."""
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 and device == "cpu" else "spawn"


def _drain(reports: Any) -> int:
    total = 0
    while True:
        try:
            total += reports.get_nowait()
        except queue.Empty:
            return total


_reports: Any = None  # in a worker: the queue to the driver's progress bar


def _start_worker(reports: Any) -> None:
    global _reports
    _reports = reports
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver is told, and ends its workers
    torch.set_num_threads(1)


def _perform_in_worker(job: Job) -> None:
    perform(job, _reports.put)


def perform(job: Job, report: Report) -> None:
    """Train what is not trained of a job, then measure its members."""
    train(job, report)
    for member in job.members:
        measure(job, member)


def train(job: Job, report: Report) -> None:
    """Train what is not trained of a job. `report` is told the member-epochs finished."""
    trained_by = code_digest(store.TRAINED_BY)
    untrained = [member for member in job.members if not _weights_stand(job.run, member, trained_by)]
    report((len(job.members) - len(untrained)) * job.run.epochs)
    if untrained:
        _train(job, untrained, job.run.load_dataset(), trained_by, report)


def _weights_stand(run: Run, member: Member, trained_by: str) -> bool:
    paths = [store.weights_path(run, member, epoch) for epoch in (None, *_snapshots(run))]
    return all(path.exists() and weights.load_weights(path)[1]["code"] == trained_by for path in paths)


def _snapshots(run: Run) -> tuple[int, ...]:
    """The epochs before the last after which weights are kept."""
    return tuple(epoch for epoch in run.snapshots if epoch < run.epochs)


def _train(job: Job, untrained: Sequence[Member], dataset: Any, trained_by: str, report: Report) -> None:
    run = job.run
    input_dim = dataset.input_dim
    pairs = [
        autoencoders.build(run.widths(member, input_dim), member.seed, run.initialisation, run.output)
        for member in untrained
    ]
    stack = autoencoders.stack(pairs, padded_widths(run, untrained[0].depth, input_dim))
    settings = training.Settings(
        run.epochs, run.batch_size, run.learning_rate, run.weight_decay, job.device, run.precision, _snapshots(run)
    )
    group = files.digest([[member.name for member in untrained], trained_by])[:12]
    checkpoint = store.folder(run) / f"checkpoint-{group}.safetensors"
    seeds = [member.seed for member in untrained]

    def snapshot(epoch: int, now: autoencoders.Stack) -> None:
        for index, member in enumerate(untrained):
            path = store.weights_path(run, member, epoch)
            weights.save_weights(path, autoencoders.member(now, index), {"run": run.digest, "code": trained_by})

    started = time.monotonic()
    history = training.train(
        stack,
        seeds,
        dataset.train.images,
        dataset.test.images,
        settings,
        checkpoint,
        lambda done, total: report(len(untrained)),
        snapshot,
    )
    seconds = (time.monotonic() - started) / len(untrained)
    for index, member in enumerate(untrained):
        own = {name: [row[index] for row in history[name]] for name in ("train_mse", "test_mse")}
        metadata = {
            "run": run.digest,
            "code": trained_by,
            "history": weights.encoded_history(history["epoch"], own),
            "seconds": f"{seconds:.2f}",
        }
        weights.save_weights(store.weights_path(run, member), autoencoders.member(stack, index), metadata)
    checkpoint.unlink(missing_ok=True)


def padded_widths(run: Run, depth: int, input_dim: int) -> tuple[int, ...]:
    """The common widths of a stack of a run's members: those of the whole family, so that company changes no bits.

    Where members share a stack they are multiples of 16: every member's numbers then begin at a multiple of 64 bytes, for
    kernels round differently elsewhere.
    """
    family = [run.widths(member, input_dim) for member in members(run) if member.depth == depth]
    widest = tuple(max(column) for column in zip(*family, strict=True))
    if 2 * max(map(_weights, family)) > STACKED_WEIGHTS:
        return widest
    return tuple(-(-width // ALIGNED) * ALIGNED for width in widest)


def measure(job: Job, member: Member) -> None:
    """Measure a trained member and write its per-point table and its summary."""
    started = time.monotonic()
    run, dataset = job.run, job.run.load_dataset()
    distances = neighbours(dataset)["neighbour_distance"]
    pair, metadata = weights.load_weights(store.weights_path(run, member))
    points = measurements.measure(pair, dataset, distances, job.device)
    store.save_points(store.points_path(run, member), points)
    tables = measurements.summarise(points) | _progress(job, member, dataset, distances, points)
    tables["members"][0]["wall_seconds"] = round(float(metadata.get("seconds", 0)) + time.monotonic() - started, 2)
    tables["history"] = weights.decoded_history(metadata["history"])
    tables["examples"] = measurements.examples(pair, dataset)
    store.save_summary(
        store.summary_path(run, member),
        {
            "run": run.digest,
            "code": code_digest(store.TRAINED_BY + store.MEASURED_BY),
            "data": dataset.sha256,
            "member": {"depth": member.depth, "latent_dim": member.latent_dim, "seed": member.seed},
            "image_shape": list(dataset.image_shape),
            "provenance": _provenance(job.device, run.precision),
            "tables": {name: _columns(rows) for name, rows in tables.items()},
        },
    )


def _progress(
    job: Job, member: Member, dataset: datasets.Dataset, distances: np.ndarray, points: pa.Table
) -> dict[str, list[dict[str, Any]]]:
    """The tables of the run's snapshots, and of the last epoch on the same points; none where the run has no snapshots."""
    run, train_points = job.run, len(dataset.train)
    if not _snapshots(run):
        return {}
    count = measurements.WATCHED
    train, test = (datasets.Split(one.images[:count], one.labels[:count]) for one in (dataset.train, dataset.test))
    part = replace(dataset, train=train, test=test)
    rows = np.concatenate([np.arange(len(train)), train_points + np.arange(len(test))])
    by_epoch = {}
    for epoch in _snapshots(run):
        pair = weights.load_weights(store.weights_path(run, member, epoch))[0]
        by_epoch[epoch] = measurements.measure(pair, part, distances[rows], job.device)
    return measurements.progress(by_epoch | {run.epochs: points.take(rows)})


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows of equal keys as columns: how a summary is stored, a third of the size."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _provenance(device: str, precision: str) -> dict[str, Any]:
    return {
        "device": device if device == "cpu" else torch.cuda.get_device_name(device),
        "precision": precision,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS},
        "commit": store.commit(),
    }
