"""Where jobs are done: in this process, in local ones, or on a Dask cluster; all three are asked in the same way.

Each is a context manager that yields `Workers`. What goes wrong with a worker leaves it as an `InputError`: a
sentence that says what was lost, which is never a finished member.
"""

import logging
import math
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import torch

from lib.base.errors import InputError
from lib.runs import jobs
from lib.runs.specification import Run

CONNECTION_SECONDS = 15  # without the scheduler before a run gives up
RESULT_SECONDS = 300  # for a finished job's result to arrive
LOOK_SECONDS = 1  # between two looks at who is there
KEPT = "finished members are kept: run again"


class Pending(Protocol):
    """What becomes a result: a future of `concurrent.futures`, or of Dask."""

    def done(self) -> bool: ...
    def result(self) -> Any: ...


class Workers(Protocol):
    """Those who do jobs."""

    def slots(self) -> int:
        """How many jobs they can do at a time, now; 0 where none of them is there yet."""
        ...

    def submit(self, function: Callable, job: jobs.Job, *arguments: Any) -> Pending:
        """Have a job done by `lib.runs.jobs.train` or `measure`."""
        ...

    def send(self, value: Any) -> Any:
        """Make a large argument ready to travel, once."""
        ...

    def reported(self) -> int:
        """The member-epochs finished since it was asked last."""
        ...


class Lost(Exception):
    """What a job needed went away with a worker: it is to be submitted again, and what was sent, sent again."""


class Here:
    """This process: a job is done when it is submitted."""

    def __init__(self) -> None:
        self.epochs = 0

    def slots(self) -> int:
        return 1

    def submit(self, function: Callable, job: jobs.Job, *arguments: Any) -> Pending:
        future: Future = Future()
        token = jobs.REPORT.set(self._count)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as in a worker: the same bits
        try:
            future.set_result(function(job, *arguments))
        finally:
            torch.set_num_threads(threads)
            jobs.REPORT.reset(token)
        return future

    def _count(self, epochs: int) -> None:
        self.epochs += epochs

    def send(self, value: Any) -> Any:
        return value

    def reported(self) -> int:
        finished, self.epochs = self.epochs, 0
        return finished


@contextmanager
def here() -> Iterator[Workers]:
    """This process."""
    yield Here()


# --- local processes -----------------------------------------------------------------------------------------------


class Processes(Here):
    """Local processes of one thread each. With a GPU this process trains, and they measure."""

    def __init__(self, pool: ProcessPoolExecutor, reports: Any, count: int) -> None:
        super().__init__()
        self.pool, self.queue, self.count = pool, reports, count

    def slots(self) -> int:
        return self.count

    def submit(self, function: Callable, job: jobs.Job, *arguments: Any) -> Pending:
        if function is jobs.train and job.device != "cpu":
            return super().submit(function, job, *arguments)
        return self.pool.submit(function, job, *arguments)

    def reported(self) -> int:
        finished = super().reported()
        while True:
            try:
                finished += self.queue.get_nowait()
            except queue.Empty:
                return finished


@contextmanager
def processes(run: Run, count: int, device: str) -> Iterator[Workers]:
    """So many local processes, which end with this one, however it ends."""
    context = multiprocessing.get_context(_start_method(device))
    reports = context.Queue()
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, context, initializer=_start, initargs=(reports, os.getpid()))
    try:
        yield Processes(pool, reports, count)
    except BrokenProcessPool as error:
        raise InputError(f"A worker process of run {run.name} was killed (out of memory?); {KEPT}.") from error
    finally:
        with _undisturbed():
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No Ctrl-C in the block: workers are being ended already."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start_method(device: str) -> str:
    """Fork where that is safe (Linux, no other thread, no GPU), for it spares every worker seconds of imports; else spawn."""
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 and device == "cpu" else "spawn"


def _start(reports: Any, driver: int) -> None:
    """In a new worker process."""
    jobs.REPORT.set(reports.put)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver is told, and ends its workers
    torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(driver,), daemon=True).start()


def _end_with(driver: int) -> None:
    """End this process when the driver is no more."""
    while os.getppid() == driver:
        time.sleep(0.5)
    os._exit(1)


# --- a Dask cluster ------------------------------------------------------------------------------------------------


class Cluster(Here):
    """The workers of a Dask cluster, as many as it has at the time."""

    def __init__(self, client: Any, run: Run, topic: str, device: str) -> None:
        super().__init__()
        self.client, self.run, self.topic = client, run, topic
        self.gpus = 0 if device == "cpu" else 1
        self.trained: list[str] = []
        self.threads, self.limits, self.told = 0, [], False
        self.looked = -math.inf
        client.subscribe_topic(topic, lambda event: self._count(event[1]))

    def slots(self) -> int:
        with _scheduler_there(self.client, self.run):
            if time.monotonic() - self.looked > LOOK_SECONDS:
                workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
                able = [worker for worker in workers if worker["resources"].get("GPU", 0) >= self.gpus]
                self.threads = sum(worker["nthreads"] for worker in able)
                self.limits = [worker["memory_limit"] for worker in able if worker["memory_limit"]]
                self.looked = time.monotonic()
                if not self.threads and not self.told:
                    kind = " with the resource GPU=1" if self.gpus else ""
                    print(f"No Dask worker{kind} is there yet; waiting.", file=sys.stderr, flush=True)
                    self.told = True
        return self.threads

    def submit(self, function: Callable, job: jobs.Job, *arguments: Any) -> Pending:
        self._check_memory(job)
        self.trained += [job.name] * (function is jobs.train)
        with _scheduler_there(self.client, self.run):
            future = self.client.submit(
                _on_worker,
                *(self.topic, function, job, *arguments),
                key=f"{function.__name__}-{job.run.name}-{job.name}-{time.monotonic_ns()}",
                resources={"GPU": 1} if self.gpus else None,
                priority=1 if function is jobs.measure else 0,
                pure=False,
            )
        return _Remote(future, self)

    def _check_memory(self, job: jobs.Job) -> None:
        """Refuse a job that no worker has the memory for: it would be killed there, again and again."""
        needed = jobs.bytes_of(job)
        if self.limits and max(self.limits) < needed:
            raise InputError(
                f"Job {job.name} of run {job.run.name} takes about {needed / 2**30:.1f} GiB of memory, and the largest "
                f"worker has {max(self.limits) / 2**30:.1f} GiB; start workers with more (--memory-limit)."
            )

    def send(self, value: Any) -> Any:
        if not self.threads:
            return value
        with _scheduler_there(
            self.client, self.run
        ):  # in a list: a dictionary would be sent item by item, under its keys
            return self.client.scatter([value], hash=False)[0]

    def forget(self) -> None:
        """Remove the checkpoints of what was trained from the workers that are still there."""
        with suppress(OSError, RuntimeError, AttributeError, ValueError):
            self.client.run(jobs.delete_checkpoints, self.run, self.trained, on_error="ignore")


@contextmanager
def _scheduler_there(client: Any, run: Run) -> Iterator[None]:
    """What a client raises when its scheduler has gone, of whatever kind, as one sentence."""
    try:
        if client.status not in ("running", "connecting"):
            raise RuntimeError(client.status)
        yield
    except InputError:
        raise
    except (OSError, RuntimeError, AttributeError, TypeError, KeyError) as error:
        raise InputError(f"The Dask scheduler of run {run.name} is gone; {KEPT}.") from error


class _Remote:
    """A future of Dask, whose cancellation is told apart: the scheduler is gone, or only what the job needed."""

    def __init__(self, future: Any, staff: Cluster) -> None:
        self.future, self.staff = future, staff

    def done(self) -> bool:
        return self.future.done()

    def result(self) -> Any:
        from distributed.client import FutureCancelledError

        try:
            return self.future.result(timeout=RESULT_SECONDS)
        except FutureCancelledError as error:
            self.staff.looked = -math.inf
            self.staff.slots()  # raises where the scheduler is gone
            raise Lost from error
        except TimeoutError as error:  # its worker went away with the result
            raise Lost from error


def _on_worker(topic: str, function: Callable, job: jobs.Job, *arguments: Any) -> Any:
    """On a worker of Dask: one thread, progress to whoever follows the topic."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def report(epochs: int) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":  # whoever wanted it has gone
            raise InputError(f"Job {job.name} is no longer wanted; {KEPT}.")
        worker.log_event(topic, epochs)

    torch.set_num_threads(1)
    token = jobs.REPORT.set(report)
    try:
        return function(job, *arguments)
    finally:
        jobs.REPORT.reset(token)


@contextmanager
def cluster(run: Run, scheduler: str, device: str) -> Iterator[Workers]:
    """The Dask cluster of this scheduler: its address (tcp://HOST:PORT), or the path of its scheduler file.

    Raises `InputError` where there is none, where it goes away, or where a job has killed worker after worker.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError as error:
        raise InputError("Dask is not installed; install this project with its extra: cluster.") from error
    for name in ("distributed", "distributed.client"):  # its tracebacks; what they mean is said in a sentence
        logging.getLogger(name).setLevel(logging.CRITICAL)
    place = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}
    try:
        client = Client(**place, timeout=CONNECTION_SECONDS, set_as_default=False, name=f"run-{run.name}")
    except (OSError, TimeoutError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"There is no Dask scheduler at {scheduler!r} ({error}); give its address, tcp://HOST:PORT, or its scheduler file."
        ) from error
    try:
        staff = Cluster(client, run, f"epochs-{client.id}", device)
        yield staff
        staff.forget()
    except KilledWorker as error:
        raise InputError(
            f"Job {error.task} of run {run.name} ended the workers that tried it (out of memory?); {KEPT}."
        ) from error
    except CommClosedError as error:
        raise InputError(f"The Dask scheduler of run {run.name} is gone; {KEPT}.") from error
    finally:
        with _undisturbed():
            client.close(timeout=5)
