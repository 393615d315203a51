"""The workers of a run: this process, local processes, or a Dask cluster.

Each is a context manager that yields something with the methods of `SerialWorkers`; jobs become futures of
`concurrent.futures`. When a worker or scheduler dies, the sentence of the `InputError` says that finished members are kept.
"""

import gc
import logging
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import scipy.linalg  # noqa: F401 (its BLAS can be limited once it is loaded)
import torch
from threadpoolctl import threadpool_limits

from lib.base.errors import InputError
from lib.runs import jobs
from lib.runs.specification import Run

CONNECTION_SECONDS = 15  # without the scheduler before a run gives up
RESULT_SECONDS = 300  # for a finished job's result to arrive
FINISHED_KEPT = "finished members are kept: run again"


class SerialWorkers:
    """This process: a job is done as it is submitted."""

    def __init__(self) -> None:
        self.epochs = 0

    def slots(self) -> int:
        """The number of jobs that can be done at a time, now; 0 while there is no worker yet."""
        return 1

    def submit(self, function: Callable, job: jobs.Job, *arguments: Any) -> Future:
        """Have a job done by `lib.runs.jobs.train_group` or `measure`. The future is cancelled where a worker died with the
        job's arguments: they have to be sent again."""
        future: Future = Future()
        token = jobs.REPORT.set(self._count)
        threads = torch.get_num_threads()
        try:
            with _one_thread():  # as in a worker: the same bits
                future.set_result(function(job, *arguments))
        finally:
            torch.set_num_threads(threads)
            jobs.REPORT.reset(token)
        return future

    def send(self, value: Any) -> Any:
        """Make a large argument ready to travel, once."""
        return value

    def epochs_done(self) -> int:
        """Epochs completed since the last call, over all members."""
        done, self.epochs = self.epochs, 0
        return done

    def _count(self, epochs: int) -> None:
        self.epochs += epochs


def _one_thread() -> threadpool_limits:
    """From now on one thread for torch and for the BLAS of NumPy and SciPy: theirs would wait for each other beside other
    workers. The end of what is returned, a context, gives BLAS its threads back."""
    torch.set_num_threads(1)
    return threadpool_limits(1, "blas")


# --- local processes -----------------------------------------------------------------------------------------------


class LocalProcesses(SerialWorkers):
    """Local processes of one thread each. On a GPU this process trains, and they measure."""

    def __init__(self, pool: Executor, reports: Any, count: int) -> None:
        super().__init__()
        self.pool, self.reports, self.count = pool, reports, count

    def slots(self) -> int:
        return self.count

    def submit(self, function: Callable, job: jobs.Job, *arguments: Any) -> Future:
        if function is jobs.train_group and job.device != "cpu":
            return super().submit(function, job, *arguments)
        return self.pool.submit(function, job, *arguments)

    def epochs_done(self) -> int:
        with suppress(queue.Empty):
            while True:
                self._count(self.reports.get_nowait())
        return super().epochs_done()


@contextmanager
def processes(run: Run, count: int, device: str) -> Iterator[SerialWorkers]:
    """A number of local processes, which end with this one, however it ends."""
    # Forking spares every worker seconds of imports, but is safe only on Linux, without other threads and without a GPU.
    forking = sys.platform == "linux" and threading.active_count() == 1 and device == "cpu"
    if forking:
        for module in ("torch._dynamo", "statsmodels.regression.linear_model"):
            with suppress(ImportError):
                import_module(module)  # a second that the first optimizer, or regression, of every worker would take
    context = multiprocessing.get_context("fork" if forking else "spawn")
    reports = context.Queue()
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, context, initializer=_start, initargs=(reports, os.getpid()))
    try:
        yield LocalProcesses(pool, reports, count)
    except BrokenProcessPool as error:
        raise InputError(f"A worker process of run {run.name} was killed (out of memory?); {FINISHED_KEPT}.") from error
    finally:
        with _undisturbed():
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C while workers are ended: a second one would leave some of them behind."""
    # The main thread alone may set signal handlers, and receives them.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start(reports: Any, driver: int) -> None:
    """Prepare a new worker process."""
    jobs.REPORT.set(reports.put)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the driver ends its workers
    _one_thread()
    gc.freeze()  # garbage is among the jobs' objects: not to be sought among a million of the libraries'
    threading.Thread(target=_end_with, args=(driver,), daemon=True).start()


def _end_with(driver: int) -> None:
    """End this process when the driver has ended, by a signal that left it no time to end its workers."""
    while os.getppid() == driver:
        time.sleep(0.5)
    os._exit(1)


# --- a Dask cluster ------------------------------------------------------------------------------------------------


class DaskWorkers(SerialWorkers):
    """The workers of a Dask cluster, of which there may be more or fewer at any time."""

    def __init__(self, client: Any, run: Run, device: str) -> None:
        super().__init__()
        self.client, self.run, self.topic = client, run, f"epochs-{client.id}"
        self.resources = {} if device == "cpu" else {"GPU": 1}
        self.trained: list[str] = []
        self.threads, self.limits, self.waiting = 0, [], False
        client.subscribe_topic(self.topic, lambda event: self._count(event[1]))

    def slots(self) -> int:
        with self._scheduler():
            workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        able = [worker for worker in workers if worker["resources"].get("GPU", 0) >= self.resources.get("GPU", 0)]
        self.threads = sum(worker["nthreads"] for worker in able)
        self.limits = [worker["memory_limit"] for worker in able if worker["memory_limit"]]
        if not self.threads and not self.waiting:
            kind = " with the resource GPU=1" if self.resources else ""
            print(f"No Dask worker{kind} is there yet; waiting.", file=sys.stderr, flush=True)
            self.waiting = True
        return self.threads

    def submit(self, function: Callable, job: jobs.Job, *arguments: Any) -> Future:
        needed = jobs.bytes_of(job)
        if self.limits and max(self.limits) < needed:  # it would be killed on one worker after another
            raise InputError(
                f"Job {job.name} of run {job.run.name} takes about {needed / 2**30:.1f} GiB of memory, and the largest "
                f"worker has {max(self.limits) / 2**30:.1f} GiB; start workers with more (--memory-limit)."
            )
        self.trained += [job.name] * (function is jobs.train_group)
        key = f"{function.__name__}-{job.run.name}-{job.name}-{time.monotonic_ns()}"
        priority = int(function is jobs.measure)  # finished members come early
        options = {"key": key, "priority": priority, "resources": self.resources, "pure": False}
        with self._scheduler():
            remote = self.client.submit(_on_worker, self.topic, function, job, *arguments, **options)
        future: Future = Future()
        # Not by the client's own executor: its futures never end where a result is lost on its way here.
        remote.add_done_callback(partial(_hand_over, future))
        return future

    def send(self, value: Any) -> Any:
        if not self.threads:
            return value
        with self._scheduler():
            return self.client.scatter([value], hash=False)[0]  # a bare dictionary would be sent item by item

    def delete_checkpoints(self) -> None:
        """Delete the checkpoints of finished training from the workers that still exist."""
        with suppress(OSError, RuntimeError, AttributeError, ValueError):
            self.client.run(jobs.delete_checkpoints, self.run, self.trained, on_error="ignore")

    @contextmanager
    def _scheduler(self) -> Iterator[None]:
        """Turn the various exceptions of a client whose scheduler has gone into one sentence."""
        try:
            if self.client.status not in ("running", "connecting"):
                raise RuntimeError(self.client.status)
            yield
        except (OSError, RuntimeError, AttributeError, TypeError, KeyError) as error:
            raise InputError(f"The Dask scheduler of run {self.run.name} is gone; {FINISHED_KEPT}.") from error


def _hand_over(future: Future, remote: Any) -> None:
    """Fetch the result of a finished future of Dask; cancel ours where the result or the job's arguments died with a worker."""
    from distributed.client import FutureCancelledError

    try:
        future.set_result(remote.result(timeout=RESULT_SECONDS))
    except (FutureCancelledError, TimeoutError):
        future.cancel()
        future.set_running_or_notify_cancel()  # without it nobody who waits is woken
    except BaseException as error:  # whatever the job raised is for the thread that asked for it
        future.set_exception(error)


def _on_worker(topic: str, function: Callable, job: jobs.Job, *arguments: Any) -> Any:
    """Do a job on a worker of Dask, in one thread, and report its epochs to the subscribers of the topic."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def report(epochs: int) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":  # the client was closed
            raise InputError(f"Job {job.name} is no longer wanted; {FINISHED_KEPT}.")
        worker.log_event(topic, epochs)

    _one_thread()  # for good: other threads of this process may be at other jobs
    token = jobs.REPORT.set(report)
    try:
        return function(job, *arguments)
    finally:
        jobs.REPORT.reset(token)


@contextmanager
def cluster(run: Run, scheduler: str, device: str) -> Iterator[SerialWorkers]:
    """The Dask cluster of a scheduler, given by its address (tcp://HOST:PORT) or the path of its scheduler file.

    Raises `InputError` where there is no scheduler, where it goes away, or where a job has killed worker after worker.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise InputError("Dask is not installed; install this project with its extra: cluster.") from error
    for name in ("distributed", "distributed.client"):  # their tracebacks say less than the sentences raised here
        logging.getLogger(name).setLevel(logging.CRITICAL)
    place = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}
    try:
        client = Client(**place, timeout=CONNECTION_SECONDS, set_as_default=False, name=f"run-{run.name}")
    except (OSError, TimeoutError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"There is no Dask scheduler at {scheduler!r} ({error}); give its address, tcp://HOST:PORT, or its scheduler file."
        ) from error
    try:
        staff = DaskWorkers(client, run, device)
        yield staff
        staff.delete_checkpoints()
    except KilledWorker as error:
        raise InputError(
            f"Job {error.task} of run {run.name} ended the workers that tried it (out of memory?); {FINISHED_KEPT}."
        ) from error
    finally:
        with _undisturbed():
            client.close(timeout=5)
