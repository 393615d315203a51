"""Faults, injected into real processes: what was finished is whole, and the end is that of an undisturbed run, to the bit.

Each test says what it did and what survived; the last lines of a test run list it (tests/conftest.py).
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress

import psutil
import pytest
import torch
from distributed import Client, LocalCluster
from distributed.client import FutureCancelledError

from lib import runs
from lib.base import files
from lib.base.errors import InputError
from lib.geometry.jacobians import cores
from lib.runs import execution, jobs, store, workers
from lib.runs.execution import execute
from lib.training import autoencoders, datasets, weights

EPOCHS = 40
SCRIPT = """
import os, signal, sys
from pathlib import Path
import torch
from threadpoolctl import threadpool_limits
from lib import __main__
from lib.runs import store, workers
from lib.training import loop
for stream in (1, 2):
    os.dup2(os.open({told!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background
torch.set_num_threads(1)
threadpool_limits(1, "blas")
os.environ.clear()
os.environ.update({environment!r})
os.chdir({root!r})
store.ARTIFACTS = Path({folder!r})
loop.CHECKPOINT_SECONDS = 0.0
workers.CONNECTION_SECONDS = 5
{before}
sys.argv = ["lib", *{arguments!r}]
__main__.main()
"""
ARGUMENTS = ("run", "smoke", "--epochs", str(EPOCHS), "--processes", "2")
# Processes are forked from one that has imported the library: each is spared the seconds that this takes.
FORKING = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
if sys.platform == "linux":
    FORKING.set_forkserver_preload(["lib.__main__", "lib.runs.execution", "torch._dynamo"])
RUNNING = []


@pytest.fixture(autouse=True)
def none_left():
    yield
    while RUNNING:
        RUNNING.pop().kill()


def started(folder, *arguments, before="", forked=False):
    """The command line in a process of its own, a checkpoint after every epoch, artifacts in this folder.

    `forked`: where nothing depends on how it ends. Such a process does not go through the end of an interpreter.
    """
    folder.mkdir(exist_ok=True)
    told = folder / f"told-{time.monotonic_ns()}.txt"
    environment = dict(os.environ) | {"GEOMETRY_ARTIFACTS": str(folder), "OMP_NUM_THREADS": "1"}
    words = {"told": str(told), "folder": str(folder), "before": before, "arguments": arguments or ARGUMENTS}
    script = SCRIPT.format(**words, environment=environment, root=str(files.ROOT))
    if forked:
        process = FORKING.Process(target=exec, args=(script, {}))
        process.start()
    else:
        process = subprocess.Popen([sys.executable, "-c", script], cwd=files.ROOT, env=environment)
    process.told = told
    RUNNING.append(process)
    return process


def runs_on(process):
    return process.poll() is None if isinstance(process, subprocess.Popen) else process.is_alive()


def over(process, seconds=180):
    """The exit code, once it has ended."""
    if isinstance(process, subprocess.Popen):
        return process.wait(seconds)
    process.join(seconds)
    assert process.exitcode is not None, f"it did not end within {seconds} seconds"
    return process.exitcode


def ended(process):
    """Exit code and messages; a traceback is never the answer, and its workers end with it."""
    family = []
    with suppress(psutil.NoSuchProcess):  # it may have ended by now
        family = psutil.Process(process.pid).children(recursive=True)
    code = over(process)
    told = process.told.read_text()
    assert "Traceback" not in told, told
    assert not psutil.wait_procs(family, timeout=20)[1], "its workers live on"
    return code, told


def in_training(folder, process, pattern="checkpoint-*"):
    """Wait until some member is being trained."""
    deadline = time.monotonic() + 120
    while not list(folder.rglob(pattern)):
        assert process is None or runs_on(process), "it ended before anything could happen to it"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def finished(folder):
    """The checksums of all weights, snapshots included, and the tables without the time they took; every file is read, whole."""
    found = {}
    for path in sorted(folder.rglob("n?-d*")):
        if path.suffix == ".safetensors":
            found[path.name] = weights.load_weights(path)[1]["sha256"]
        elif path.name.endswith(".json.gz"):
            tables = store.load_summary(path)["tables"]
            tables["members"].pop("wall_seconds")
            found[path.name] = files.digest(tables)
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a run to which nothing happens leaves behind."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert ended(started(folder, forked=True))[0] == 0
    return finished(folder)


@pytest.fixture
def fault(record_property):
    """Notes what was done, and what survived, for the last lines of the test run."""

    def note(what, survived):
        record_property("fault", f"{what}: {survived}")

    return note


@pytest.fixture
def taken_up(undisturbed, monkeypatch):
    """The same run again ends as if nothing had happened, and leaves nothing lying about."""

    def again(folder):
        monkeypatch.setattr(store, "ARTIFACTS", folder)
        execute(runs.read("smoke", epochs=EPOCHS), processes=1)
        assert finished(folder) == undisturbed
        assert not [path for path in folder.rglob("*") if "checkpoint" in path.name or path.name.endswith(".part")]

    return again


def killed(process):
    """kill -9 on a driver; its workers end with it."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    over(process)
    assert children, "no worker was there"
    assert not psutil.wait_procs(children, timeout=20)[1], "its workers live on"


# --- processes that die --------------------------------------------------------------------------------------------


def test_a_driver_is_killed(tmp_path, undisturbed, taken_up, fault):
    process = started(tmp_path, forked=True)
    in_training(tmp_path, process)
    killed(process)
    before = finished(tmp_path)
    assert before.items() < undisturbed.items(), "it was killed too late to test anything"
    taken_up(tmp_path)
    fault("driver killed (SIGKILL) in training", f"{len(before)} files, its workers ended with it; taken up, same bits")


def test_a_worker_process_is_killed(tmp_path, undisturbed, taken_up, fault):
    process = started(tmp_path)
    in_training(tmp_path, process)
    os.kill(psutil.Process(process.pid).children()[0].pid, signal.SIGKILL)
    code, told = ended(process)
    assert code == 2
    assert "A worker process of run smoke was killed" in told
    before = finished(tmp_path)
    taken_up(tmp_path)
    fault("worker process killed in training", f"a sentence, {len(before)} files whole; taken up, same bits")


def test_ctrl_c_twice(tmp_path, undisturbed, taken_up, fault):
    process = started(tmp_path)
    in_training(tmp_path, process)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    code, told = ended(process)
    assert code == 130
    assert "Interrupted. Finished members are kept" in told
    taken_up(tmp_path)
    fault("Ctrl-C, twice", "a sentence, exit code 130; taken up, same bits")


def test_two_drivers_on_one_run(tmp_path, undisturbed, fault):
    both = [started(tmp_path, forked=True), started(tmp_path, forked=True)]
    told = []
    for process in both:
        code, words = ended(process)
        assert code == 0
        told.append(words)
    assert sum("4 members done" in words for words in told) == 1
    assert sum("0 members done" in words for words in told) == 1
    assert finished(tmp_path) == undisturbed
    fault("two drivers on one run", "the second waited, nothing was done twice, same bits")


# --- disks ---------------------------------------------------------------------------------------------------------


def test_a_full_disk(tmp_path, undisturbed, taken_up, fault):
    """No file may grow beyond 3,000 bytes, which every table and some weights do."""
    small_files_only = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))"
    process = started(tmp_path, before=small_files_only)
    code, told = ended(process)
    assert code == 2
    assert "no room to write" in told
    assert finished(tmp_path).items() < undisturbed.items()
    taken_up(tmp_path)
    fault("no file beyond 3,000 bytes (RLIMIT_FSIZE)", "a sentence, nothing half-written; taken up, same bits")


def test_the_disk_fills_up_at_every_write(own_artifacts, monkeypatch, fault):
    """ENOSPC at the first write, at the second, ...: after each the run is taken up, and ends with the same bits."""
    run = runs.read("smoke", epochs=2)
    only = {"n": [3], "d": [2]}
    execute(run, only)
    whole = finished(own_artifacts)
    real, times = os.fsync, 0
    for failing in range(100):
        for path in store.folder(run).glob("*"):
            path.unlink()
        calls = 0

        def fsync(descriptor, failing=failing):
            nonlocal calls
            calls += 1
            if calls == failing + 1:
                raise OSError(28, "No space left on device")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        try:
            execute(run, only)
        except OSError:
            times += 1
        else:
            break
        finally:
            monkeypatch.setattr(os, "fsync", real)
        assert finished(own_artifacts).items() <= whole.items()
        assert not list(own_artifacts.rglob("*.part"))
        execute(run, only)
        assert finished(own_artifacts) == whole
    assert times > 4, "weights, two snapshots, points, summary, manifest"
    fault(f"ENOSPC at each of {times} writes", "nothing half-written; taken up, same bits")


def test_a_checkpoint_is_damaged(tmp_path, taken_up, fault):
    process = started(tmp_path, forked=True)
    in_training(tmp_path, process, "checkpoint-n3-d?-s0-????????????.safetensors")
    killed(process)
    path = next(tmp_path.rglob("checkpoint-n3-d?-s0-????????????.safetensors"))
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    for half in (f".{path.name}.1.part", ".n4-d2-s0.json.gz.1.part"):
        path.with_name(half).write_bytes(content)  # as of a process killed while it wrote
    for damaged in (content, content[: len(content) // 2]):
        path.write_bytes(damaged)
        code, told = ended(started(tmp_path, forked=True))
        assert code == 2
        assert f"The checkpoint {path.name} is damaged" in told
    path.unlink()
    taken_up(tmp_path)
    fault("one bit of a checkpoint flipped, then half of it cut off", "refused by name")


# --- clocks, losses, memory ----------------------------------------------------------------------------------------


def test_the_clock_jumps(own_artifacts, monkeypatch, fault):
    run = runs.read("smoke", epochs=3)
    execute(run)
    whole = finished(own_artifacts)
    for path in store.folder(run).glob("*"):
        path.unlink()
    real, calls = time.time, 0

    def jumping():
        nonlocal calls
        calls += 1
        return real() + (-1) ** calls * 86_400 * 365

    monkeypatch.setattr(time, "time", jumping)
    execute(run)
    assert finished(own_artifacts) == whole
    took = runs.summary("smoke") if run.committed else store.load_summary(store.summary_path(run, runs.members(run)[0]))
    assert 0 < took["tables"]["members"]["wall_seconds"][0] < 600
    fault("the clock jumps a year, to and fro", "same bits, times that can be")


def test_a_member_diverges(own_artifacts, monkeypatch, fault, capsys):
    """An infinite weight makes one of two members of a stack diverge: it is recorded and named, the other goes on."""
    run = runs.read("smoke", epochs=2)
    execute(run, {"n": [3]}, processes=1)
    whole = finished(own_artifacts)
    for path in store.folder(run).glob("*"):
        path.unlink()
    build = autoencoders.build

    def poisoned(widths, *arguments, **options):
        pair = build(widths, *arguments, **options)
        if widths[-1] == 3:
            pair[0][0].weight.data[0, 0] = float("inf")
        return pair

    monkeypatch.setattr(autoencoders, "build", poisoned)
    monkeypatch.setattr(jobs, "STACKED_WEIGHTS", 2**30)
    done = execute(run, {"n": [3]}, processes=1)
    assert [member.name for member in done] == ["n3-d2-s0"]
    lost = runs.members(run, {"n": [3], "d": [3]})[0]
    assert store.diverged_epoch(run, lost) == 1
    assert finished(own_artifacts) == {name: one for name, one in whole.items() if name.startswith("n3-d2-")}
    manifest = json.loads((store.folder(run) / "manifest.json").read_text())
    assert manifest["diverged"] == {"n3-d3-s0": 1}
    assert execute(run, {"n": [3]}, processes=1) == [], "it is not tried again and again"
    with pytest.raises(SystemExit, match="1"):
        from lib.__main__ import main

        monkeypatch.setattr(sys, "argv", ["lib", "run", "smoke", "--epochs", "2", "--only", "n=3"])
        main()
    assert "n3-d3-s0 after epoch 1 diverged" in capsys.readouterr().err
    fault("one member's loss is NaN", "recorded and named; the other ends with the same bits")


def test_memory_runs_out_on_a_chunk(monkeypatch, fault):
    from lib.geometry.jacobians import fast

    encoder, decoder = autoencoders.build((6, 5, 2), 0)
    x = torch.rand(12, 6, generator=torch.Generator().manual_seed(0))
    whole = cores(encoder, decoder, x)
    real, room = fast.cores_of, 6

    def tight(*arguments, **options):
        compute = real(*arguments, **options)

        def refusing(points):
            if len(points) > room:
                raise RuntimeError(
                    "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
                )
            return compute(points)

        return refusing

    monkeypatch.setattr(fast, "cores_of", tight)
    with pytest.warns(UserWarning, match="Memory ran out with 12 points at a time; 6 at a time fitted"):
        halved = cores(encoder, decoder, x, chunk_size=12)
    assert torch.allclose(halved.input, whole.input)
    room = 2
    with pytest.raises(InputError, match="Memory ran out with 12 points at a time, and with 6 again"):
        cores(encoder, decoder, x, chunk_size=12)
    fault("memory runs out on a chunk", "halved once, and said so; then a sentence")


# --- a Dask cluster ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """Where workers keep their checkpoints."""
    return tmp_path_factory.mktemp("workers")


@pytest.fixture(scope="module")
def dask(workplace):
    """A cluster of two worker processes of one thread each."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GEOMETRY_ARTIFACTS", str(workplace))
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client


def address(client):
    return client.scheduler.address


def test_a_cluster_gives_the_same_bits(own_artifacts, undisturbed, dask, fault):
    run = runs.read("smoke", epochs=EPOCHS)
    done = execute(run, scheduler=address(dask))
    assert len(done) == 4
    assert finished(own_artifacts) == undisturbed
    fault("smoke on a cluster of two workers", "same bits as here")


def without_data():
    """On a worker: no data set is found."""
    from lib.base.errors import InputError
    from lib.runs import jobs
    from lib.runs.specification import Run

    def gone(self):
        raise InputError("There are no data here.")

    jobs._held, Run.real_loader, Run.load_dataset = None, Run.load_dataset, gone


def with_data():
    from lib.runs.specification import Run

    Run.load_dataset = Run.real_loader


def slice_of_mnist(folder, monkeypatch):
    """A run of few points of MNIST, at MNIST's widths."""
    try:
        datasets.load("mnist", 1, 1)
    except InputError as error:
        pytest.skip(str(error))
    values = (files.ROOT / "runs" / "mnist.yml").read_text().replace("committed: true", "committed: false")
    lines = [
        line for line in values.splitlines() if not line.startswith(("latent_dims", "depths", "epochs", "snapshots"))
    ]
    lines += ["latent_dims: [2, 5]", "depths: [4]", "epochs: 1", "train_points: 512", "test_points: 128"]
    from lib.runs import specification

    (folder / "slice.yml").write_text("\n".join(lines))
    monkeypatch.setattr(specification, "FOLDER", folder)
    return runs.read("slice")


def test_a_slice_of_mnist_on_a_cluster_that_has_not_the_data(own_artifacts, tmp_path, monkeypatch, dask, fault):
    run = slice_of_mnist(tmp_path, monkeypatch)
    execute(run, processes=1)
    whole = finished(own_artifacts)
    assert len(whole) == 4
    for path in store.folder(run).glob("n*"):
        path.unlink()

    dask.run(without_data)
    try:
        execute(run, scheduler=address(dask))
    finally:
        dask.run(with_data)
    assert finished(own_artifacts) == whole
    fault("a slice of MNIST on workers without data", "data sent once, same bits as here")


def test_other_code_on_a_worker_is_refused(own_artifacts, dask, monkeypatch):
    monkeypatch.setattr(jobs, "code", lambda: "0" * 64)
    with pytest.raises(InputError, match="install the same commit there"):
        execute(runs.read("smoke", epochs=1), {"n": [3]}, scheduler=address(dask))


def test_a_job_that_no_worker_has_the_memory_for_is_refused(own_artifacts, dask, monkeypatch):
    monkeypatch.setattr(jobs, "BASE_BYTES", 2**50)
    with pytest.raises(InputError, match="GiB of memory, and the largest worker has"):
        execute(runs.read("smoke", epochs=1), {"n": [3]}, scheduler=address(dask))


@pytest.mark.parametrize("place", ["tcp://127.0.0.1:1", "nowhere", "", "tcp://", "http://127.0.0.1:x"])
def test_no_scheduler_is_a_sentence(own_artifacts, monkeypatch, place):
    monkeypatch.setattr(workers, "CONNECTION_SECONDS", 1)
    with pytest.raises(InputError, match="There is no Dask scheduler at"):
        execute(runs.read("smoke", epochs=1), {"n": [3]}, scheduler=place)


def test_a_cluster_loses_all_workers(own_artifacts, monkeypatch, workplace, dask, fault):
    """Both are killed in training, and with them the data that were sent; their nannies start others."""
    run = runs.read("smoke", epochs=500)
    execute(run, {"n": [3]}, processes=1)
    whole = finished(own_artifacts)
    for path in store.folder(run).glob("n*"):
        path.unlink()
    again = execution._Execution._again
    lost = []
    monkeypatch.setattr(execution._Execution, "_again", lambda self, *job: (lost.append(job), again(self, *job)))

    def kill():
        in_training(workplace / "smoke" / run.digest[:12], None)
        for pid in dask.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)

    dask.run(without_data)
    threading.Thread(target=kill).start()
    execute(run, {"n": [3]}, scheduler=address(dask))
    assert lost, "they were killed too late to lose anything"
    assert finished(own_artifacts) == whole
    fault("all Dask workers killed in training, with the data sent to them", "sent and trained again, same bits")


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "failed"])
def test_a_result_that_is_lost_on_its_way_cancels_its_future(lost):
    """Else whoever waits would wait for ever; what a job raised is raised here."""

    class Remote:
        def result(self, timeout):
            raise FutureCancelledError("train", "lost dependencies") if lost else InputError("no")

    future = Future()
    workers._hand_over(future, Remote())
    assert wait([future], timeout=5).done == {future}
    with pytest.raises(CancelledError if lost else InputError):
        future.result()


def test_the_scheduler_goes_away(tmp_path, undisturbed, fault):
    where = tmp_path / "scheduler.json"
    options = {"cwd": files.ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options["env"] = os.environ | {"GEOMETRY_ARTIFACTS": str(tmp_path / "artifacts"), "OMP_NUM_THREADS": "1"}
    common = ["--no-dashboard", "--scheduler-file", str(where)]
    own = {"scheduler": ["--port", "0"], "worker": ["--nthreads", "1", "--local-directory", str(tmp_path)]}
    scheduler, worker = (
        subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{part}", *common, *given], **options)
        for part, given in own.items()
    )
    try:
        deadline = time.monotonic() + 60
        while not where.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        folder = tmp_path / "artifacts"
        process = started(folder, *ARGUMENTS[:-2], "--epochs", "100000", "--scheduler", str(where))
        in_training(folder, process, "checkpoint-*-e0.safetensors")
        scheduler.kill()
        code, told = ended(process)
    finally:
        for one in (scheduler, worker):
            one.kill()
            one.wait()
    assert code == 2
    assert "The Dask scheduler of run smoke is gone; finished members are kept" in told
    fault("the Dask scheduler killed in training", "a sentence, exit code 2")
