"""Executing a run: the workers (`lib.runs.workers`) train and measure its missing members.

A member goes through two stages, each valid as long as the code behind it is unchanged: weights (`lib.runs.store.TRAINED_BY`)
and summary (`MEASURED_BY`). This process alone writes the results, each file whole, as they arrive: an interrupted run
loses at most the jobs in progress, and their checkpoints hold most of these.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import AbstractContextManager, nullcontext
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
REFRESH_SECONDS = 0.5  # between two looks at the progress of jobs, and at the workers of a cluster
TRIES = 3


def execute(
    run: Run,
    only: Mapping[str, Collection[int]] | None = None,
    device: str = "cpu",
    processes: int | None = None,
    scheduler: str | None = None,
) -> list[Member]:
    """Train and measure the missing members of a run, or those of them that `only` selects; return the finished ones.

    `processes`: the number of local workers, of one thread each (default: the processors that this process may use); on a
    GPU this process trains one family at a time, and the workers measure. With a `scheduler` (address or scheduler file)
    the workers are those of a Dask cluster. A run is executed once at a time: a second execution waits for the first.
    Results are bitwise identical for any type of worker, selection or resume point.
    """
    loop.check_device(device, here=scheduler is None)
    chosen = members(run, only)
    if not store.missing(run, chosen):
        return []
    dataset = run.load_dataset()  # before anything is written: a missing data set fails here
    with store.only_process(run):
        store.delete_unfinished(run)
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
        # Other groupings of the members may have left checkpoints, too.
        jobs.delete_checkpoints(run, ["*"] if whole else [member.name for member in chosen])
    return [member for member in waiting if store.diverged_epoch(run, member) is None]


def _workers(run: Run, device: str, count: int, scheduler: str | None) -> AbstractContextManager[workers.SerialWorkers]:
    if scheduler is not None:
        return workers.cluster(run, scheduler, device)
    return nullcontext(workers.SerialWorkers()) if count == 1 else workers.processes(run, count, device)


def _jobs(
    run: Run, chosen: Sequence[Member], waiting: Sequence[Member], dataset: Dataset, device: str, slots: int
) -> list[tuple[Callable, Job]]:
    """The jobs of the `waiting` members, in order: trained members are measured; the rest are trained, in groups of one depth.

    On a GPU a group is a family; on a CPU there is a group per slot, or more, so that each stays in the cache. Groups are
    cut from all `chosen` members, finished or not: a restarted run has the same groups, and so finds their checkpoints.
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
        todo += [(jobs.train_group, Job(run, group, device, *sizes, jobs.code())) for group in groups if group]
    return todo


def plan(
    run: Run, only: Mapping[str, Collection[int]] | None = None, device: str = "cpu", slots: int | None = None
) -> str:
    """The jobs that a run still needs with `slots` workers, their memory and time, as text for a terminal."""
    loop.check_device(device, here=False)
    chosen = members(run, only)
    return jobs.plan_table(
        _jobs(run, chosen, store.missing(run, chosen), run.load_dataset(), device, slots or joblib.cpu_count())
    )


def _worthwhile_processes(run: Run, waiting: Sequence[Member], dataset: Dataset) -> int:
    """One process per processor, or this one alone where the work would be done before others have started."""
    total = sum(jobs.weights_of(run.widths(member, dataset.input_dim)) for member in waiting)
    operations = 6 * total * run.epochs * len(dataset.train)
    return joblib.cpu_count() if operations > SMALL_WORK else 1


class _Bar(tqdm):
    monitor_interval = 0  # no thread, which would outlive the bar and keep the next run from forking its workers


class _Execution:
    """One execution: the jobs to do, the jobs in progress, and the writing of their results."""

    def __init__(self, run: Run, dataset: Dataset, device: str, staff: workers.SerialWorkers) -> None:
        self.run, self.dataset, self.device, self.staff = run, dataset, device, staff
        # Computed here once, instead of in every worker.
        self.distances = store.stored_neighbours(dataset)["neighbour_distance"]
        self.sent: Any = None  # the data, once a worker has asked for them
        self.todo: deque[tuple[Callable, Job]] = deque()  # measuring before training: finished members come early
        self.lost: Counter[str] = Counter()
        self.pending: dict[Future, tuple[Callable, Job]] = {}

    def perform(self, chosen: Sequence[Member], waiting: Sequence[Member]) -> None:
        """Train the untrained of the `waiting` members, measure all of them, and show progress on a terminal."""
        slots = self.staff.slots() or len(chosen)  # no worker yet: assume one slot per job
        self.todo.extend(_jobs(self.run, chosen, waiting, self.dataset, self.device, slots))
        total = len(waiting) * self.run.epochs
        trained = [job for function, job in self.todo if function is jobs.measure]
        with _Bar(total=total, unit="epoch", desc=f"run {self.run.name}", disable=None, smoothing=0.05) as bar:
            bar.update(len(trained) * self.run.epochs)
            while self.todo or self.pending:
                slots = max(1, self.staff.slots())
                while self.todo and len(self.pending) < slots:
                    self._submit(*self.todo.popleft())
                done, _ = wait(self.pending, REFRESH_SECONDS, FIRST_COMPLETED)
                for future in done:
                    function, job = self.pending.pop(future)
                    try:
                        self._receive(function, job, future.result())
                    except CancelledError:
                        self._again(function, job)
                bar.update(self.staff.epochs_done())

    def _submit(self, function: Callable, job: Job) -> None:
        arguments: list[Any] = []
        if function is jobs.measure:
            epochs = (*jobs.snapshots(self.run), None)
            (member,) = job.members
            weights = {epoch: store.weights_path(self.run, member, epoch).read_bytes() for epoch in epochs}
            arguments = [self.staff.send(weights), self.distances]
        self.pending[self.staff.submit(function, job, *arguments, self.sent)] = function, job

    def _again(self, function: Callable, job: Job) -> None:
        """Submit a job again whose arguments died with a worker; not for ever, as the job itself may have killed the worker."""
        self.lost[job.name] += 1
        if self.lost[job.name] > TRIES:
            raise InputError(
                f"Job {job.name} of run {self.run.name} lost its workers {TRIES + 1} times (out of memory?); "
                f"{workers.FINISHED_KEPT}."
            )
        self.sent = None
        self.todo.appendleft((function, job))

    def _receive(self, function: Callable, job: Job, result: jobs.Trained | jobs.Measured | None) -> None:
        if result is None:  # the worker does not have the data
            self.sent = self.sent or self.staff.send(self.dataset)
            self.todo.appendleft((function, job))
        elif isinstance(result, jobs.Trained):
            for (member, epoch), content in result.weights.items():
                files.write(store.weights_path(self.run, member, epoch), content)
            for member, epoch in result.diverged.items():
                store.note_diverged(self.run, member, epoch)
            jobs.delete_checkpoints(self.run, [job.name])
            trained = [member for member in job.members if member not in result.diverged]
            trained.sort(key=lambda member: member.latent_dim)  # the largest comes first: none is waited for at the end
            self.todo.extendleft((jobs.measure, replace(job, members=(member,))) for member in trained)
        else:
            (member,) = job.members
            files.write(store.points_path(self.run, member), result.points)
            files.write(store.summary_path(self.run, member), result.summary)


def _weights_stand(run: Run, member: Member, trained_by: str) -> bool:
    paths = [store.weights_path(run, member, epoch) for epoch in (None, *jobs.snapshots(run))]
    return all(path.exists() and load_weights(path)[1]["code"] == trained_by for path in paths)
