"""Executing a run: what is missing is trained and measured, by whoever does the work (`lib.runs.workers`).

A member goes through two stages, each valid for as long as the code it came from: weights (datasets, autoencoders,
training) and summary (jacobians, spectra, regression, measurements). This process alone writes what comes back, each
file whole, as soon as it is there: an interrupted run loses at most what was in hand, and a checkpoint holds most of that.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import joblib
from tqdm import tqdm

from lib.base import files
from lib.base.digests import code_digest
from lib.base.errors import InputError
from lib.runs import jobs, store, workers
from lib.runs.jobs import Job
from lib.runs.specification import Member, Run, members
from lib.training import loop
from lib.training.datasets import Dataset
from lib.training.weights import load_weights

SMALL_WORK = 1e10  # floating-point operations of training that do not pay for starting a process
POLL_SECONDS = 0.02
TRIES = 3


def execute(
    run: Run,
    only: Mapping[str, Collection[int]] | None = None,
    device: str = "cpu",
    processes: int | None = None,
    scheduler: str | None = None,
) -> list[Member]:
    """Train and measure the members of a run that are missing, or those selected by `only`; return what was done.

    `processes` workers of one thread each (default: the processors this process may use); on a GPU this process trains
    a family at a time, and the workers measure. With a `scheduler` (address or scheduler file) the workers are those of
    a Dask cluster. One execution of a run at a time: a second waits for the first, and finds its work done. A member's
    bits depend on the run alone, not on `only`, on who works, or on what was done before.
    """
    loop.check_device(device, here=scheduler is None)
    chosen = members(run, only)
    if not store.missing(run, chosen):
        return []
    dataset = run.load_dataset()  # before anything is written: a missing data set fails here
    with store.only_process(run):
        waiting = store.missing(run, chosen)
        if not waiting:
            return []
        jobs.cache_dataset(dataset)
        count = processes or _worthwhile_processes(run, waiting, dataset)
        try:
            with _workers(run, device, min(count, len(chosen)), scheduler) as staff:
                _Execution(run, dataset, device, staff).perform(chosen, waiting)
        finally:
            store.write_manifest(run)
        whole = not store.missing(run, members(run))
        jobs.delete_checkpoints(
            run, ["*"] if whole else [member.name for member in chosen]
        )  # of other groupings of the members
    return [member for member in waiting if store.diverged_epoch(run, member) is None]


def _workers(run: Run, device: str, count: int, scheduler: str | None) -> Any:
    if scheduler is not None:
        return workers.cluster(run, scheduler, device)
    return workers.here() if count == 1 else workers.processes(run, count, device)


def _jobs(
    run: Run, chosen: Sequence[Member], waiting: Sequence[Member], dataset: Dataset, device: str, slots: int
) -> list[tuple[Callable, Job]]:
    """What is to be done of the `waiting`, in order: what is trained is measured; the rest is trained, in groups of one depth.

    On a GPU a group is a family; else as many as there are slots for, and few enough to stay in the cache. Groups are cut
    from all that were `chosen`, finished or not: a restarted run has the same groups, and so finds their checkpoints.
    """
    points = len(dataset.train) + len(dataset.test)
    sizes = (dataset.sha256, points, len(dataset.train), dataset.input_dim)
    trained_by = code_digest(store.TRAINED_BY)
    trained = [member for member in waiting if _weights_stand(run, member, trained_by)]
    todo: list[tuple[Callable, Job]] = [
        (jobs.measure, Job(run, (one,), device, *sizes, jobs.code())) for one in trained
    ]
    untrained = set(waiting) - set(trained)
    for depth in dict.fromkeys(member.depth for member in chosen):
        family = [member for member in chosen if member.depth == depth]
        largest = max(jobs.weights_of(run.widths(member, dataset.input_dim)) for member in family)
        to_fit_the_cache = -(-len(family) * largest // jobs.STACKED_WEIGHTS)
        shares = min(len(family), max(slots, to_fit_the_cache)) if device == "cpu" else 1
        groups = [tuple(member for member in family[start::shares] if member in untrained) for start in range(shares)]
        todo += [(jobs.train, Job(run, group, device, *sizes, jobs.code())) for group in groups if group]
    return todo


def plan(
    run: Run, only: Mapping[str, Collection[int]] | None = None, device: str = "cpu", slots: int | None = None
) -> str:
    """What is missing of a run, and the memory and time that it will take `slots` workers, as text for a terminal."""
    loop.check_device(device, here=False)
    chosen = members(run, only)
    todo = _jobs(run, chosen, store.missing(run, chosen), run.load_dataset(), device, slots or joblib.cpu_count())
    return jobs.plan(
        [job for function, job in todo if function is jobs.train],
        [job for function, job in todo if function is jobs.measure],
    )


def _worthwhile_processes(run: Run, waiting: Sequence[Member], dataset: Dataset) -> int:
    """As many workers as there are processors, but none where the work is done before they have started."""
    total = sum(jobs.weights_of(run.widths(member, dataset.input_dim)) for member in waiting)
    operations = 6 * total * run.epochs * len(dataset.train)
    return joblib.cpu_count() if operations > SMALL_WORK else 1


class _Execution:
    """One execution: what is to be done, what is in hand, and the writing of what comes back."""

    def __init__(self, run: Run, dataset: Dataset, device: str, staff: workers.Workers) -> None:
        self.run, self.dataset, self.device, self.staff = run, dataset, device, staff
        self.distances = store.neighbours(dataset)["neighbour_distance"]  # here, lest every worker compute them
        self.sent: Any = None  # the data, once a worker has asked for them
        self.todo: deque[tuple[Callable, Job]] = deque()  # measuring before training: finished members come early
        self.lost: Counter[str] = Counter()
        self.pending: dict[workers.Pending, tuple[Callable, Job]] = {}

    def perform(self, chosen: Sequence[Member], waiting: Sequence[Member]) -> None:
        """Train what is not trained of the `waiting`, measure all of them, and show progress on a terminal."""
        slots = self.staff.slots() or len(chosen)  # nobody there yet: as if there were to be enough
        self.todo.extend(_jobs(self.run, chosen, waiting, self.dataset, self.device, slots))
        total = len(waiting) * self.run.epochs
        trained = [job for function, job in self.todo if function is jobs.measure]
        with tqdm(total=total, unit="epoch", desc=f"run {self.run.name}", disable=None, smoothing=0.05) as bar:
            bar.update(len(trained) * self.run.epochs)
            while self.todo or self.pending:
                slots = max(1, self.staff.slots())
                while self.todo and len(self.pending) < slots:
                    self._submit(*self.todo.popleft())
                done = [future for future in self.pending if future.done()]
                for future in done:
                    function, job = self.pending.pop(future)
                    try:
                        self._receive(function, job, future.result())
                    except workers.Lost:
                        self._again(function, job)
                bar.update(self.staff.reported())
                if not done:
                    time.sleep(POLL_SECONDS)

    def _submit(self, function: Callable, job: Job) -> None:
        arguments: list[Any] = []
        if function is jobs.measure:
            epochs = (*jobs.snapshots(self.run), None)
            (member,) = job.members
            weights = {epoch: store.weights_path(self.run, member, epoch).read_bytes() for epoch in epochs}
            arguments = [self.staff.send(weights), self.distances]
        self.pending[self.staff.submit(function, job, *arguments, self.sent)] = function, job

    def _again(self, function: Callable, job: Job) -> None:
        """Submit a job anew whose arguments went away with a worker; a job that this happens to over and over may be why."""
        self.lost[job.name] += 1
        if self.lost[job.name] > TRIES:
            raise InputError(
                f"Job {job.name} of run {self.run.name} lost its workers {TRIES + 1} times (out of memory?); "
                f"{workers.KEPT}."
            )
        self.sent = None
        self.todo.appendleft((function, job))

    def _receive(self, function: Callable, job: Job, result: jobs.Trained | jobs.Measured | None) -> None:
        if result is None:  # the worker has not the data
            self.sent = self.sent or self.staff.send(self.dataset)
            self.todo.appendleft((function, job))
        elif isinstance(result, jobs.Trained):
            for (member, epoch), content in result.weights.items():
                files.write(store.weights_path(self.run, member, epoch), content)
            for member, epoch in result.diverged.items():
                store.note_diverged(self.run, member, epoch)
            jobs.delete_checkpoints(self.run, [job.name])
            trained = [member for member in job.members if member not in result.diverged]
            self.todo.extendleft((jobs.measure, replace(job, members=(member,))) for member in reversed(trained))
        else:
            (member,) = job.members
            files.write(store.points_path(self.run, member), result.points)
            files.write(store.summary_path(self.run, member), result.summary)


def _weights_stand(run: Run, member: Member, trained_by: str) -> bool:
    paths = [store.weights_path(run, member, epoch) for epoch in (None, *jobs.snapshots(run))]
    return all(path.exists() and load_weights(path)[1]["code"] == trained_by for path in paths)
