"""What workers of a run compute with, and what a run leaves behind in its process."""

import threading

import pytest
from threadpoolctl import threadpool_info, threadpool_limits
from tqdm import tqdm

from lib import runs
from lib.runs import workers
from lib.runs.execution import execute

TORCH = "__import__('torch').get_num_threads()"
BLAS = "[one['num_threads'] for one in __import__('threadpoolctl').threadpool_info() if one['user_api'] == 'blas']"


@pytest.mark.parametrize("kind", ["this process", "another"])
def test_a_worker_has_one_thread_for_torch_and_for_numpy(kind):
    """With two threads each, two processes on two processors wait for each other: single regressions took thirty times as long."""
    with threadpool_limits(2, "blas"), workers.processes(runs.read("smoke"), 1, "cpu") as other:
        worker = other if kind == "another" else workers.SerialWorkers()
        assert worker.submit(eval, TORCH).result(timeout=60) == 1
        assert set(worker.submit(eval, BLAS).result(timeout=60)) == {1}
        here = {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}
        assert here == {2}, "this process has its threads again"


def test_a_run_leaves_no_thread_behind_so_that_the_next_one_forks_its_workers(own_artifacts, monkeypatch):
    """A progress bar's did: the workers of later runs were started, and imported everything."""
    monkeypatch.setattr(tqdm, "monitor", None)
    before = set(threading.enumerate())
    assert execute(runs.read("smoke"), {"d": [2]}, processes=2)
    assert set(threading.enumerate()) <= before
