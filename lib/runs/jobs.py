"""The work of a run, as two pure functions: `train_group`, a group of members, `measure`, one.

Each is told all that its result depends on, and returns files' contents as bytes; it may run in this process, in
another one, or on another machine (`lib.runs.workers`), and who asked for it writes what comes back
(`lib.runs.execution`). The one thing that a job leaves where it runs is its checkpoint, to go on from if it is stopped.
"""

import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from lib.base import files
from lib.base.digests import code_digest
from lib.base.errors import InputError
from lib.measures import point_table, summaries
from lib.runs import store
from lib.runs.specification import Member, Run, members
from lib.training import autoencoders, loop, weights
from lib.training.datasets import Dataset, Split

VERSIONS = ("torch", "numpy", "scipy", "scikit-learn", "statsmodels")
STACKED_WEIGHTS = 2**20  # on a CPU, members are stacked up to so many weights: beyond, a stack only leaves the cache
BASE_BYTES = 450 * 2**20  # Python, torch, scipy, pandas
BENCHMARK = files.ROOT / "benchmarks" / "training.json"
ALIGNED = 16  # numbers of 32 bits in 64 bytes

REPORT: ContextVar[Callable[[int], object]] = ContextVar("REPORT", default=lambda epochs: None)  # of member-epochs done


@dataclass(frozen=True)
class Job:
    """Members of one depth to be trained together, or one to be measured: on what device, by which data and code.

    `data`, `code`: SHA-256; `points` (all), `train_points` and `input_dim`: the sizes of the data.
    """

    run: Run
    members: tuple[Member, ...]
    device: str
    data: str
    points: int
    train_points: int
    input_dim: int
    code: str

    @property
    def name(self) -> str:
        """Names the job among its run's: of one member the member's."""
        return self.members[0].name if len(self.members) == 1 else files.digest(sorted(map(str, self.members)))[:12]


@dataclass(frozen=True)
class Trained:
    """Weights as files' contents by member and epoch (None: the last), and the epoch at which the others diverged."""

    weights: dict[tuple[Member, int | None], bytes]
    diverged: dict[Member, int]


@dataclass(frozen=True)
class Measured:
    """The contents of a member's per-point table and summary."""

    points: bytes
    summary: bytes


def snapshots(run: Run) -> tuple[int, ...]:
    """The epochs before the last after which weights are kept."""
    return tuple(epoch for epoch in run.snapshots if epoch < run.epochs)


def code() -> str:
    """The digest of the code that trains and measures."""
    return code_digest(store.TRAINED_BY + store.MEASURED_BY)


def _dataset(job: Job, sent: Dataset | None) -> Dataset | None:
    """The job's data: those sent, else those of this machine if they are the same; None where they have to be sent."""
    if job.code != code():
        raise InputError(
            f"A worker on {platform.node()} has other code ({code()[:12]}) than this process ({job.code[:12]}); "
            "install the same commit there."
        )
    if sent is None and (_held is None or _held.sha256 != job.data):
        try:
            sent = job.run.load_dataset()
        except InputError:
            return None
    if sent is not None and sent.sha256 == job.data:
        cache_dataset(sent)
    return _held if _held is not None and _held.sha256 == job.data else None


_held: Dataset | None = None  # the data of the last job of this process


def cache_dataset(dataset: Dataset) -> None:
    """Keep a data set in this process, and in those it forks, for the jobs to come."""
    global _held
    _held = dataset


# --- training ------------------------------------------------------------------------------------------------------


def train_group(job: Job, sent: Dataset | None = None) -> Trained | None:
    """Train the members of a job together; None where the data are not on this machine and were not sent.

    A member that diverges is left out, and the others are trained without it: their bits do not depend on company.
    """
    dataset = _dataset(job, sent)
    if dataset is None:
        return None
    going, diverged = list(job.members), {}
    while going:
        part = replace(job, members=tuple(going))
        try:
            trained = _train(part, dataset)
            if diverged:
                delete_checkpoints(part.run, [part.name])
            return Trained(trained, diverged)
        except loop.Diverged as error:
            diverged |= {going[index]: error.epoch for index in error.members}
            delete_checkpoints(part.run, [part.name])
            going = [member for member in going if member not in diverged]
    return Trained({}, diverged)


def _checkpoint(run: Run, name: str) -> Path:
    return store.folder(run) / f"checkpoint-{name}-{code()[:12]}.safetensors"


def delete_checkpoints(run: Run, names: Iterable[str]) -> None:
    """Remove the checkpoints of these jobs from this machine, and what a killed process left of one half-written."""
    for name in names:
        for pattern in (f"checkpoint-{name}-*.safetensors", f".checkpoint-{name}-*.part"):
            for path in store.folder(run).glob(pattern):
                path.unlink(missing_ok=True)


def _train(job: Job, dataset: Dataset) -> dict[tuple[Member, int | None], bytes]:
    run, group = job.run, job.members
    pairs = [
        autoencoders.build(run.widths(one, dataset.input_dim), one.seed, run.initialisation, run.output)
        for one in group
    ]
    stack = autoencoders.stack(pairs, padded_widths(run, group[0].depth, dataset.input_dim))
    numbers = (run.epochs, run.batch_size, run.learning_rate, run.weight_decay)
    settings = loop.Settings(*numbers, job.device, run.precision, snapshots(run), run.loss)
    checkpoint = _checkpoint(run, job.name)
    made = {"run": run.digest, "code": code_digest(store.TRAINED_BY)}
    taken = {
        (one, epoch): checkpoint.with_name(f"{checkpoint.stem}-{one.name}-e{epoch}.safetensors")
        for one in group
        for epoch in snapshots(run)
    }

    def snapshot(epoch: int, now: autoencoders.Stack) -> None:
        for index, one in enumerate(group):
            files.write(taken[one, epoch], weights.encoded_weights(autoencoders.unstacked(now, index), made))

    def progress(done: int, total: int) -> None:
        REPORT.get()(len(group))

    # A checkpoint alone does not bring back a snapshot from before it.
    reached = loop.checkpointed_epoch(checkpoint) if checkpoint.exists() else -1
    if any(epoch <= reached and not path.exists() for (_, epoch), path in taken.items()):
        delete_checkpoints(run, [job.name])
    started = time.monotonic()
    seeds, images = [one.seed for one in group], (dataset.train.images, dataset.test.images)
    history = loop.train(stack, seeds, *images, settings, checkpoint, progress, snapshot)
    seconds = (time.monotonic() - started) / len(group)
    found: dict[tuple[Member, int | None], bytes] = {key: path.read_bytes() for key, path in taken.items()}
    for index, one in enumerate(group):
        own = {name: [row[index] for row in history[name]] for name in ("train_mse", "test_mse")}
        told = {"history": weights.encoded_history(history["epoch"], own), "seconds": f"{seconds:.2f}"}
        found[one, None] = weights.encoded_weights(autoencoders.unstacked(stack, index), made | told)
    return found


def padded_widths(run: Run, depth: int, input_dim: int) -> tuple[int, ...]:
    """The common widths of a stack of a run's members: those of the whole family, so that company changes no bits.

    Where members share a stack they are multiples of 16: every member's numbers then begin at a multiple of 64 bytes, for
    kernels round differently elsewhere.
    """
    family = [run.widths(member, input_dim) for member in members(run) if member.depth == depth]
    widest = tuple(max(column) for column in zip(*family, strict=True))
    if max(map(weights_of, family)) * 2 > STACKED_WEIGHTS:
        return widest
    return tuple(-(-width // ALIGNED) * ALIGNED for width in widest)


def weights_of(widths: Sequence[int]) -> int:
    """The number of weights of an autoencoder of these encoder widths."""
    return 2 * sum(inputs * outputs for inputs, outputs in zip(widths[:-1], widths[1:], strict=True))


# --- measuring -----------------------------------------------------------------------------------------------------


def measure(
    job: Job, trained: Mapping[int | None, bytes], distances: np.ndarray, sent: Dataset | None = None
) -> Measured | None:
    """Measure a job's one member, of these weights by epoch; None where the data are not here and were not sent.

    `distances` (points,): the data set's neighbour distances.
    """
    dataset = _dataset(job, sent)
    if dataset is None:
        return None
    started = time.monotonic()
    run, (member,) = job.run, job.members
    pairs = {}
    for epoch in (*snapshots(run), None):
        pairs[epoch], metadata = weights.decoded(trained[epoch], store.weights_path(run, member, epoch))
    points = point_table.measure_points(pairs[None], dataset, distances, job.device)
    tables = summaries.summarise(points) | _progress(job, pairs, dataset, distances, points)
    tables["members"][0]["wall_seconds"] = round(float(metadata.get("seconds", 0)) + time.monotonic() - started, 2)
    tables["history"] = weights.decoded_history(metadata["history"])
    tables["examples"] = summaries.examples(pairs[None], dataset)
    content = {
        "run": run.digest,
        "code": job.code,
        "data": dataset.sha256,
        "member": asdict(member),
        "image_shape": list(dataset.image_shape),
        "provenance": {
            "device": job.device if job.device == "cpu" else torch.cuda.get_device_name(job.device),
            "precision": run.precision,
            "threads": torch.get_num_threads(),
            "python": platform.python_version(),
            "versions": {name: version(name) for name in VERSIONS},
            "commit": store.commit(),
        },
        # Rows of equal keys as columns take a third of the size.
        "tables": {
            name: {key: [row[key] for row in rows] for key in rows[0]} if rows else {} for name, rows in tables.items()
        },
    }
    return Measured(store.encoded_points(points), store.encoded_summary(content))


def _progress(
    job: Job,
    pairs: Mapping[int | None, autoencoders.Pair],
    dataset: Dataset,
    distances: np.ndarray,
    points: pa.Table,
) -> dict[str, list[dict[str, Any]]]:
    """The tables of the run's snapshots, and of the last epoch on the same points; none where the run has no snapshots."""
    run, train_points = job.run, len(dataset.train)
    if not snapshots(run):
        return {}
    count = summaries.WATCHED
    train, test = (Split(one.images[:count], one.labels[:count]) for one in (dataset.train, dataset.test))
    part = replace(dataset, train=train, test=test)
    rows = np.concatenate([np.arange(len(train)), train_points + np.arange(len(test))])
    by_epoch = {
        epoch: point_table.measure_points(pairs[epoch], part, distances[rows], job.device) for epoch in snapshots(run)
    }
    return summaries.progress(by_epoch | {run.epochs: points.take(rows)})


# --- estimates of memory and time --------------------------------------------------------------------------------------


def bytes_of(job: Job) -> int:
    """The peak memory of a job in bytes, including its process.

    Measuring needs most: 32 bytes per pixel (the points in single and double precision, while they are joined) and 80 bytes
    per element of a point's d x d matrices (four, and their intermediate results); fitted to MNIST, where d = 2 peaked
    at 2.1 GiB and d = 20 at 3.8. Training needs weights, gradients and the two moments of Adam.
    """
    largest = max(member.latent_dim for member in job.members)
    return BASE_BYTES + job.points * (32 * job.input_dim + 80 * largest**2) + 16 * sum(_weights(job))


def operations_of(job: Job) -> float:
    """Floating-point operations of a job's training: 6 per weight, training point and epoch, less the gradient of the input."""
    first = [2.0 * job.input_dim * job.run.widths(member, job.input_dim)[1] for member in job.members]
    return (6.0 * sum(_weights(job)) - sum(first)) * job.train_points * job.run.epochs


def seconds_of(job: Job) -> float:
    """Seconds of a job's training on one thread, at the rate in benchmarks/training.json."""
    measured = json.loads(BENCHMARK.read_bytes())
    large, family = measured["large"]["gigaflops"]["ours"], measured["family"]["gigaflops"]
    return operations_of(job) / (large if max(_weights(job)) * 2 > STACKED_WEIGHTS else family) / 1e9


def _weights(job: Job) -> list[int]:
    return [weights_of(job.run.widths(member, job.input_dim)) for member in job.members]


def plan_table(todo: Sequence[tuple[Callable, Job]]) -> str:
    """The memory and time of jobs, each with its function, as text for a terminal."""
    rows = [f"{'job':16}{'members':>8}{'GiB':>8}{'minutes of a core':>20}"]
    for function, job in todo:
        takes = "measuring" if function is measure else f"{seconds_of(job) / 60:.1f}"
        rows.append(f"{job.name:16}{len(job.members):8}{bytes_of(job) / 2**30:8.1f}{takes:>20}")
    seconds = [seconds_of(job) for function, job in todo if function is train_group]
    return "\n".join(
        [*rows, f"{len(seconds)} jobs to train, {sum(seconds) / 3600:.1f} hours of a core; measuring adds to it."]
    )
