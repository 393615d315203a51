"""Runs: specifications, execution, resumption, and everything that can be wrong with a file."""

import dataclasses
import fcntl
import gzip
import os
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from lib import __main__, runs
from lib.analysis import bound_checks
from lib.base import documents, files
from lib.base.errors import InputError
from lib.measures import point_table, summaries
from lib.runs import execution, jobs, results, specification, store, workers
from lib.runs.execution import execute
from lib.training import autoencoders, datasets, loop, weights


def written(tmp_path, monkeypatch, name="own", **changes):
    """A run of this test's own, smoke with changes; None takes a key away."""
    values = yaml.safe_load((files.ROOT / "runs" / "smoke.yml").read_text()) | changes
    folder = tmp_path / "runs"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yml").write_text(
        yaml.safe_dump({key: value for key, value in values.items() if value is not None})
    )
    monkeypatch.setattr(specification, "FOLDER", folder)
    return name


DIGESTS = {
    "digits": "6a96365d827a1676",
    "digits-bfloat16": "e33dadc0f31cf85d",
    "digits-seeds": "fce1eb38f976ce99",
    "digits-training": "5d507adbc2048112",
    "mnist": "bf524a2dc2fa2219",
    "mnist-100": "d24d52e3d715a95a",
    "mnist-100-seeds": "f3bb25c56a705bf7",
    "mnist-300": "fe27a44dc3d52a97",
    "mnist-512": "d05da48a0f331447",
    "mnist-512-constant": "f1c85ccba8fbdaf8",
    "mnist-512-he": "5502b87a074abb30",
    "mnist-60-affine": "c81f16c6e409a235",
    "mnist-60-batch-128": "2d967763d0633ec8",
    "mnist-60-batch-512": "bd038d28efa03eca",
    "mnist-60-constant": "2f0d8b800e9006cb",
    "mnist-60-he": "8148a1da56a407fd",
    "mnist-60-linear": "7f7946341eed34ec",
    "mnist-60-rate-high": "49d258f10d55a316",
    "mnist-60-rate-low": "2675e519ee4265dc",
    "mnist-affine": "27ddafe4107677bf",
    "mnist-batch-64": "8e1a881b59ae9573",
    "mnist-decay": "ef0e023b9d32e6d0",
    "mnist-geometric": "13189831bd09fabf",
    "mnist-he": "e84f0225cefa0238",
    "mnist-narrow": "2ac168309889324d",
    "mnist-rate-low": "25120d8697ba7184",
    "mnist-seeds": "25908167dbbb00ff",
    "mnist-sigmoid": "80f16141363ef67e",
    "smoke": "f363b3f9034094cd",
}
TINY = {"train_points": 120, "test_points": 40, "epochs": 2}


def test_the_runs_of_the_book_are_valid():
    assert {"digits", "mnist", "smoke"} <= set(runs.names())
    for name in runs.names():
        run = runs.read(name)
        assert run.table_depth in run.depths
    digits, mnist, as_stated = map(runs.read, ("digits", "mnist", "mnist-300"))
    for run in (digits, mnist, as_stated):
        assert (run.latent_dims, run.depths, run.table_depth) == (tuple(range(2, 21)), (3, 4, 5), 4)
    assert digits.epochs == as_stated.epochs == 300
    assert mnist.committed and as_stated.committed and not digits.committed


def test_digests_of_the_runs_stand_still():
    """Committed results are found by these: a change here disowns them, and days of training."""
    for name, digest in DIGESTS.items():
        assert runs.read(name).digest.startswith(digest), name
    committed = {name for name in runs.names() if runs.read(name).committed}
    assert {path.parent.name for path in store.RESULTS.glob("*/manifest.json")} == committed
    assert committed <= set(DIGESTS), "add the first 16 digits of the digest in results/NAME/manifest.json"


def test_a_new_field_at_its_default_changes_no_digest():
    wider = dataclasses.make_dataclass(
        "Wider", [("clipping", str, dataclasses.field(default="none"))], bases=(runs.Run,), frozen=True
    )
    run = runs.read("smoke")
    values = {field.name: getattr(run, field.name) for field in dataclasses.fields(runs.Run)}
    assert wider(**values).digest == run.digest
    assert wider(**values, clipping="norm").digest != run.digest


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "Unknown key in runs/own.yml 'colour'"),
        ({"epochs": None}, "lacks the key 'epochs'"),
        ({"epochs": 0}, "epochs in runs/own.yml is 0; give a whole number from 1"),
        ({"epochs": True}, "give a whole number"),
        ({"latent_dims": []}, "different whole numbers"),
        ({"latent_dims": [2, 2]}, "different whole numbers"),
        ({"latent_dims": "two"}, "different whole numbers"),
        ({"learning_rate": 0}, "a number above 0"),
        ({"learning_rate": float("nan")}, "a number above 0"),
        ({"weight_decay": -1}, "a number from 0"),
        ({"dataset": "cifar"}, "Unknown dataset in runs/own.yml 'cifar'"),
        ({"dataset": "absent.npz"}, "no such file"),
        ({"hidden_widths": "wide"}, "one of linear, geometric"),
        ({"hidden_widths": {3: [24, 16]}}, r"hidden_widths in .* lack the depth 4; add its 3 widths"),
        ({"hidden_widths": {3: [24], 4: [24, 20, 16]}}, "list 2"),
        ({"loss": "cross-entropy"}, "needs outputs in \\[0, 1\\]; add `output: sigmoid`"),
        ({"initialisation": "zeros"}, "pytorch, he"),
        ({"precision": "float16"}, "Unknown precision"),
        ({"table_depth": 9}, "Unknown table_depth"),
        ({"committed": "yes"}, "true or false"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_unusable_specification_is_refused_in_a_sentence(tmp_path, monkeypatch, changes, words):
    name = written(tmp_path, monkeypatch, **changes)
    with pytest.raises(InputError, match=words):
        runs.read(name)


@pytest.mark.parametrize("name", ["../digits", "Digits", "", "a b", None, 3])
def test_names_that_are_no_folder_names_are_refused(name):
    with pytest.raises(InputError, match="not usable"):
        runs.read(name)


def test_a_run_file_of_another_suffix_is_named(tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch)
    path = tmp_path / "runs" / f"{name}.yml"
    path.rename(path.with_suffix(".yaml"))
    with pytest.raises(InputError, match=f"runs/{name}.yaml is not read; rename it to runs/{name}.yml"):
        runs.read(name)


def test_unknown_runs_and_unreadable_files_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"Unknown run .absent.; choose one of: .*digits"):
        runs.read("absent")
    written(tmp_path, monkeypatch)
    (tmp_path / "runs" / "own.yml").write_text("a: [1\n")
    with pytest.raises(InputError, match="neither JSON nor YAML"):
        runs.read("own")
    (tmp_path / "runs" / "own.yml").write_text("- 1\n")
    with pytest.raises(InputError, match="holds list"):
        runs.read("own")
    (tmp_path / "runs" / "own.yml").write_text("!!python/object/apply:os.system ['true']\n")
    with pytest.raises(InputError, match="neither JSON nor YAML"):
        runs.read("own")


def test_a_number_with_an_exponent_is_a_number_with_a_decimal_point_or_without(tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, learning_rate=2e-3)
    expected = runs.read(name)
    path = tmp_path / "runs" / f"{name}.yml"
    path.write_text(path.read_text().replace("learning_rate: 0.002", "learning_rate: 2e-3"))
    assert "2e-3" in path.read_text() and runs.read(name) == expected
    assert documents.parse("[2E5, -1.5e+2, 1.e0, 1e, e3, 0x1e3, 12]", "It") == [2e5, -150, 1, "1e", "e3", 0x1E3, 12]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10),
        ("-0100", -100),
        ("08", 8),
        ("1_000", 1000),
        ("0o10", 8),
        ("1:30", "1:30"),
        ("1:30.5", "1:30.5"),
        ("no", "no"),
        ("2026-01-02", "2026-01-02"),
        ("[true, null, .5, 007.5]", [True, None, 0.5, 7.5]),
    ],
)
def test_numbers_and_words_are_those_of_json_and_not_of_an_old_yaml(text, value):
    assert documents.parse(text, "It") == value


def test_a_leading_zero_in_a_run_file_changes_no_number_and_minutes_are_refused(tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, epochs=10)
    path = tmp_path / "runs" / f"{name}.yml"
    path.write_text(path.read_text().replace("epochs: 10", "epochs: 010"))
    assert "010" in path.read_text() and runs.read(name).epochs == 10
    path.write_text(path.read_text().replace("epochs: 010", "epochs: 1:30"))
    with pytest.raises(InputError, match=r"epochs in .* is '1:30'; give a whole number"):
        runs.read(name)


def test_the_digest_is_of_what_the_results_depend_on(tmp_path, monkeypatch):
    first = runs.read(written(tmp_path, monkeypatch)).digest
    assert runs.read(written(tmp_path, monkeypatch, name="twin")).digest == first
    assert runs.read(written(tmp_path, monkeypatch, epochs=4)).digest != first
    assert runs.read("own", epochs=3).digest != runs.read("own", epochs=2).digest


def test_members_can_be_selected():
    digits = runs.read("digits")
    assert len(runs.members(digits)) == 57
    assert [member.name for member in runs.members(digits, {"n": [4], "d": [2]})] == ["n4-d2-s0"]
    assert {member.depth for member in runs.members(digits)[:19]} == {4}, "the depth of the tables comes first"
    chosen = runs.members(digits, {"n": [3, 5], "d": [20, 2]})
    assert [member.name for member in chosen] == ["n3-d2-s0", "n3-d20-s0", "n5-d2-s0", "n5-d20-s0"]
    for only, words in [({"n": [9]}, "Unknown n of run digits 9"), ({"width": [2]}, "Unknown member key 'width'")]:
        with pytest.raises(InputError, match=words):
            runs.members(digits, only)


def test_a_run_from_nothing_to_its_summary(own_artifacts, tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, **TINY)
    run = runs.read(name)
    assert len(execute(run)) == 4
    assert execute(run) == [], "it was all there"
    summary = runs.summary(name)
    assert len(summary.members) == 4
    assert set(summary.statistics["depth"]) == {3, 4}
    assert summary.image_shape == (8, 8)
    assert (store.folder(run) / "manifest.json").exists()
    assert not list(store.folder(run).glob("checkpoint*"))
    encoder, decoder = runs.member(name, 3, 2)
    points = runs.measurements(name, 3, 2)
    images = run.load_dataset().train.images
    error = (decoder(encoder(images)) - images).square().mean(dim=1).detach()
    assert points["mse"][:120].to_numpy() == pytest.approx(error.numpy(), rel=1e-4)


def tables_of(run):
    """The tables of n4-d3-s0, without the time they took."""
    content = store.load_summary(store.summary_path(run, runs.members(run, {"n": [4], "d": [3]})[0]))
    content["tables"]["members"].pop("wall_seconds")
    return content["tables"]


def test_only_processes_and_interruption_change_no_bits(own_artifacts, tmp_path, monkeypatch):
    run = runs.read(written(tmp_path, monkeypatch, **TINY))
    execute(run, {"n": [4], "d": [3]})
    alone = tables_of(run)
    for path in store.folder(run).iterdir():
        path.unlink()
    execute(run, processes=2)
    assert tables_of(run) == alone


def test_a_plan_names_jobs_and_what_they_take(own_artifacts):
    told = execution.plan(runs.read("smoke"), {"n": [3]}, slots=1)
    assert told.splitlines()[0].split() == ["job", "members", "GiB", "minutes", "of", "a", "core"]
    assert told.splitlines()[-1].startswith("1 jobs to train")
    execute(runs.read("smoke"), {"n": [3]}, processes=1)
    assert execution.plan(runs.read("smoke"), {"n": [3]}).splitlines()[-1].startswith("0 jobs to train")


def test_a_restarted_run_has_the_same_groups_and_so_finds_their_checkpoints(own_artifacts, tmp_path, monkeypatch):
    run = runs.read(written(tmp_path, monkeypatch, **TINY | {"latent_dims": [2, 3, 4, 5, 6]}))
    chosen, dataset = runs.members(run), run.load_dataset()

    def names(waiting):
        return [job.name for _, job in execution._jobs(run, chosen, waiting, dataset, "cpu", 2)]

    first = execution._jobs(run, chosen, chosen, dataset, "cpu", 2)[0][1]
    assert len(first.members) == 3
    assert names([member for member in chosen if member not in first.members]) == names(chosen)[1:]


def test_as_many_workers_are_asked_for_when_some_members_are_finished(own_artifacts, tmp_path, monkeypatch):
    run = runs.read(written(tmp_path, monkeypatch, **TINY))
    execute(run, {"n": [3]}, processes=1)
    checkpoint = jobs._checkpoint(run, "n3-d2-s0")
    checkpoint.touch()  # of a grouping that is no more
    asked, here = [], execution._workers
    monkeypatch.setattr(execution, "_workers", lambda *given: asked.append(given[2]) or here(run, "cpu", 1, None))
    execute(run, processes=9)
    assert asked == [4]
    assert not checkpoint.exists()


def test_a_cluster_that_starts_empty_is_given_a_job_a_member(own_artifacts, tmp_path, monkeypatch):
    run = runs.read(written(tmp_path, monkeypatch, **TINY | {"depths": [3], "table_depth": 3}))

    class Empty(workers.SerialWorkers):
        def slots(self):
            return 0

        def submit(self, function, job, *arguments):
            sizes.append(len(job.members))
            return super().submit(function, job, *arguments)

    sizes = []
    execution._Execution(run, run.load_dataset(), "cpu", Empty()).perform(runs.members(run), runs.members(run))
    assert sizes == [1] * 4, "two to train, two to measure"
    assert not store.missing(run, runs.members(run))


def test_processors_are_counted_where_the_system_has_no_affinity(own_artifacts, monkeypatch):
    from benchmarks import environment

    monkeypatch.delattr(os, "sched_getaffinity")  # as on macOS
    assert "jobs to train" in execution.plan(runs.read("smoke"))
    run = runs.read("smoke", epochs=10_000)
    assert execution._worthwhile_processes(run, runs.members(run), run.load_dataset()) == environment()["processors"]


def test_a_jobs_operations_and_memory_are_counted():
    run = runs.read("smoke", epochs=2)
    one, other = runs.members(run, {"n": [3]})
    job = jobs.Job(run, (one,), "cpu", "", points=100, train_points=80, input_dim=64, code="")
    widths = run.widths(one, 64)
    layers = [*zip(widths[:-1], widths[1:], strict=True)] * 2
    forward = sum(2 * a * b for a, b in layers)
    backward = 2 * forward - 2 * widths[0] * widths[1]
    assert jobs.operations_of(job) == (forward + backward) * 80 * 2
    assert jobs.seconds_of(dataclasses.replace(job, members=(one, one))) == pytest.approx(2 * jobs.seconds_of(job))
    assert jobs.bytes_of(dataclasses.replace(job, members=(other,))) > jobs.bytes_of(job)


def test_a_missing_summary_alone_is_measured_again_without_training(own_artifacts, tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, **TINY)
    run = runs.read(name)
    execute(run, {"n": [3], "d": [2]})
    member = runs.members(run, {"n": [3], "d": [2]})[0]
    before = store.weights_path(run, member).stat().st_mtime_ns
    store.summary_path(run, member).unlink()
    execute(run, {"n": [3], "d": [2]})
    assert store.summary_path(run, member).exists()
    assert store.weights_path(run, member).stat().st_mtime_ns == before


def test_a_lost_snapshot_is_trained_again(own_artifacts, tmp_path, monkeypatch):
    run = runs.read(
        written(tmp_path, monkeypatch, latent_dims=[2], depths=[3], table_depth=3, snapshots=[0, 1], **TINY)
    )
    member = runs.members(run)[0]
    execute(run)
    snapshots = [store.weights_path(run, member, epoch) for epoch in (0, 1)]
    before = [weights.load_weights(path)[1]["sha256"] for path in snapshots]
    snapshots[0].unlink()
    store.summary_path(run, member).unlink()
    execute(run)
    assert [weights.load_weights(path)[1]["sha256"] for path in snapshots] == before


def test_bounds_are_checked_once_and_again_when_they_are_damaged(own_artifacts, tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, **TINY)
    run = runs.read(name)
    rows = bound_checks.bound_checks(name)
    assert set(rows["latent_dim"]) == {2}, "of 2, 5, 10 and 20 the run has 2"
    assert rows["violations"].sum() == 0
    assert (rows["points"] <= 160).all()
    path = store.attached_path(run, specification.reference_members(run)[0], "bounds")
    written_at = path.stat().st_mtime_ns
    assert bound_checks.bound_checks(name).equals(rows)
    assert path.stat().st_mtime_ns == written_at
    content = gzip.decompress(path.read_bytes()).replace(b"tangent plane", b"tangent plain")
    path.write_bytes(gzip.compress(content))
    with pytest.raises(InputError, match="checksum does not match"):
        bound_checks.bound_checks(name)


def test_a_kept_run_without_weights_has_no_checks_to_show(own_artifacts, tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, committed=True, **TINY)
    monkeypatch.setattr(store, "RESULTS", tmp_path / "results")
    with pytest.raises(InputError, match="no bound checks yet"):
        bound_checks.bound_checks(name)


def test_statements_on_affine_maps_and_relus_are_not_checked_on_other_networks(own_artifacts, tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, output="sigmoid", **TINY)
    with pytest.raises(InputError, match="end in a sigmoid function"):
        bound_checks.bound_checks(name)
    with pytest.raises(InputError, match=f"No run with an affine output in {name}"):
        runs.piecewise_affine([name])


def test_of_several_runs_those_of_affine_maps_and_relus_are_taken():
    assert runs.piecewise_affine(["mnist", "mnist-300", "digits"]) == ["mnist-300", "digits"]


def test_a_kept_run_shows_the_part_that_is_there(own_artifacts, tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, committed=True, **TINY | {"latent_dims": [2, 3, 4], "snapshots": [0, 1]})
    monkeypatch.setattr(store, "RESULTS", tmp_path / "results")
    with pytest.raises(InputError, match="has no results yet at the depth of its tables"):
        runs.summary(name)
    execute(runs.read(name), {"n": [4], "d": [2, 4]})
    execute(runs.read(name), {"n": [3], "d": [2]})
    part = runs.summary(name)
    assert (part.run.latent_dims, part.run.depths, part.absent) == ((2, 4), (4,), 4)
    assert set(part.members["latent_dim"]) == {2, 4}
    assert set(part.progress_statistics["epoch"]) == {0, 1, 2}
    last = part.progress_statistics.query("epoch == 2").drop(columns="epoch")
    assert last["mean"].tolist() == part.statistics.query("label == -1")["mean"].tolist()


@pytest.fixture
def finished(finished_run):
    return finished_run()


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]]
)
def test_damaged_files_are_refused_by_name(finished, damage):
    run, member = finished
    for path, read in [
        (store.summary_path(run, member), store.load_summary),
        (store.weights_path(run, member), weights.load_weights),
        (store.points_path(run, member), store.load_points),
    ]:
        whole = path.read_bytes()
        path.write_bytes(damage(whole))
        with pytest.raises(InputError, match=f"{path.name} is damaged"):
            read(path)
        path.write_bytes(whole)
        read(path)


@pytest.mark.parametrize("kind", ["weights", "points", "snapshot"])
def test_a_damaged_file_that_was_deleted_is_made_again(own_artifacts, tmp_path, monkeypatch, kind):
    changes = TINY | {"latent_dims": [2], "depths": [3], "table_depth": 3, "snapshots": [1]}
    run = runs.read(written(tmp_path, monkeypatch, **changes))
    execute(run)
    member = runs.members(run)[0]
    path, read = {
        "weights": (store.weights_path(run, member), lambda: runs.member(run.name, 3, 2)),
        "points": (store.points_path(run, member), lambda: runs.measurements(run.name, 3, 2)),
        "snapshot": (store.weights_path(run, member, 1), lambda: runs.member(run.name, 3, 2, epoch=1)),
    }[kind]
    path.write_bytes(path.read_bytes()[:99])
    with pytest.raises(InputError, match="delete it and run again"):
        read()
    path.unlink()
    read()
    assert not store.missing(run, [member])


def test_a_summary_whose_images_have_no_size_is_refused(finished):
    run, member = finished
    path = store.summary_path(run, member)
    files.write(path, store.encoded_summary(store.load_summary(path) | {"image_shape": [None, 8]}))
    with pytest.raises(InputError, match="is damaged"):
        runs.summary(run.name)


def test_a_summary_that_is_there_is_read_once(finished, monkeypatch):
    run, member = finished
    read, load = [], store.load_summary
    monkeypatch.setattr(store, "load_summary", lambda path, *given: read.append(path) or load(path, *given))
    assert len(runs.summary(run.name).members) == 1
    assert len(read) == 1
    runs.summary(run.name).statistics["mean"] = 0.0
    assert runs.summary(run.name).statistics["mean"].any(), "a caller's tables are its own"
    assert len(read) == 1
    path = store.summary_path(run, member)
    content = load(path)
    content["tables"]["members"]["wall_seconds"] = [7.0]
    files.write(path, store.encoded_summary(content))
    assert runs.summary(run.name).members["wall_seconds"].tolist() == [7.0]
    assert len(read) == 2


def test_a_summary_of_other_code_is_missing(finished, monkeypatch):
    run, member = finished
    assert store.missing(run, [member]) == []
    monkeypatch.setattr(store, "code_digest", lambda modules: "of other code")
    assert store.missing(run, [member]) == [member]


def test_a_summary_of_another_specification_is_refused(finished, monkeypatch):
    run, member = finished
    path = store.summary_path(run, member)
    content = store.load_summary(path)
    files.write(path, store.encoded_summary(content | {"run": "0" * 64}))
    with pytest.raises(InputError, match="belongs to another specification"):
        execute(run)


def test_a_kept_summary_needs_neither_weights_nor_code_nor_data(own_artifacts, tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, latent_dims=[2], depths=[3], table_depth=3, committed=True, **TINY)
    run = runs.read(name)
    execute(run)
    path = store.summary_path(run, runs.members(run)[0])
    assert path.parent == store.RESULTS / name
    files.write(path, store.encoded_summary(store.load_summary(path) | {"code": "other"}))
    for artifact in store.folder(run).iterdir():
        artifact.unlink()
    assert len(runs.summary(name).members) == 1
    for read in (runs.member, runs.measurements):
        with pytest.raises(InputError, match=r"python -m lib run own --epochs 2 --only n=3,d=2,seed=0$"):
            read(name, 3, 2)
    with pytest.raises(InputError, match=r"python -m lib run own --epochs 2 --only n=3,d=2,seed=0\.$"):
        bound_checks.bound_checks(name)
    before = path.read_bytes()
    for _ in range(2):  # the second time, the summary that the first one left among the artifacts is in the way
        execute(runs.read(name, 2), {"n": [3], "d": [2], "seed": [0]})
        runs.member(name, 3, 2)
        store.points_path(run, runs.members(run)[0]).unlink()
        with pytest.raises(InputError, match=r"n3-d2-s0.parquet of run own is not on this machine"):
            runs.measurements(name, 3, 2)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("given", "expected"), [("own", files.ROOT / "own"), ("/own", "/own"), ("", None)])
def test_folders_that_are_named_are_relative_to_the_project_wherever_one_stands(tmp_path, given, expected):
    show = [sys.executable, "-c", "from lib.runs import store; print(store.ARTIFACTS, store.RESULTS)"]
    environment = os.environ | {"GEOMETRY_ARTIFACTS": given, "GEOMETRY_RESULTS": given, "PYTHONPATH": str(files.ROOT)}
    told = subprocess.run(show, cwd=tmp_path, env=environment, capture_output=True, text=True).stdout.split()
    assert told == [str(expected or files.ROOT / usual) for usual in ("artifacts", "results")]


def test_a_full_disk_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "summary.json.gz"
    old, new = ({"run": text, "code": "", "tables": {}} for text in ("old", "new"))
    files.write(path, store.encoded_summary(old))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, store.encoded_summary(new))
    assert store.load_summary(path) == old
    assert list(tmp_path.iterdir()) == [path]


def test_a_second_process_waits_for_the_first(own_artifacts, tmp_path, monkeypatch, capsys):
    run = runs.read(written(tmp_path, monkeypatch, latent_dims=[2], depths=[3], table_depth=3, **TINY))
    path = store.folder(run) / ".lock"
    path.parent.mkdir(parents=True)
    second = threading.Thread(target=execute, args=(run,), kwargs={"processes": 1})
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second.start()
        second.join(timeout=3)
        assert second.is_alive()
        assert store.missing(run, runs.members(run))
    second.join(timeout=120)
    assert not store.missing(run, runs.members(run))
    assert "Another process is executing run own; waiting" in capsys.readouterr().err


def test_unknown_members_are_named(finished):
    run, _ = finished
    with pytest.raises(InputError, match="Unknown latent dimension of run own 7"):
        results.member(run.name, 3, 7)


# --- the command line --------------------------------------------------------------------------------------------


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "lib", *arguments], cwd=files.ROOT, capture_output=True, text=True, **options
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "absent"], "Unknown run 'absent'"),
        (["run", "smoke", "--only", "n=4;d=2"], "not a selection"),
        (["run", "smoke", "--only", "n=9"], "Unknown n of run smoke 9"),
        (["run", "smoke", "--epochs", "0"], "epochs in the option --epochs is 0"),
        (["run", "smoke", "--plan", "--device", "nonsense"], "Device 'nonsense'"),
        (["run", "smoke", "--device", "cuda:7"], "Device 'cuda:7'"),
        (["run", "smoke", "--processes", "none"], "--processes"),
        (["claims", "absent"], "Unknown run 'absent'"),
        (["page", "dance", "-o", "dance.ipynb"], "Unknown page 'dance'"),
        (["page", "spectra", "-p", "steps", "3", "-o", "spectra.ipynb"], "Unknown parameter of page spectra 'steps'"),
        (["dance"], "dance"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_sentence_and_exit_code_2(monkeypatch, capsys, arguments, words):
    with pytest.raises(SystemExit) as raised:
        main(monkeypatch, *arguments)
    assert raised.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["run", "absent"], ["dance"]], ids=" ".join)
def test_a_process_ends_with_the_sentence_and_the_exit_code(arguments):
    result = command(*arguments)
    assert result.returncode == 2
    assert arguments[-1] in result.stderr
    assert "Traceback" not in result.stderr


def main(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["lib", *arguments])
    __main__.main()


def test_with_nothing_to_do_the_manifest_is_mended_without_waiting_and_where_nothing_can_be_written_left(
    finished, monkeypatch, capsys
):
    run, _ = finished
    manifest = store.folder(run) / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text("{}")
    with store.only_process(run):  # as of a run of hours
        monkeypatch.setattr(store, "only_process", lambda run: pytest.fail("it waits"))
        main(monkeypatch, "run", run.name)
    assert manifest.read_text() == whole
    manifest.unlink()
    monkeypatch.setattr(files, "write", lambda path, content: os.open("/proc/none", os.O_CREAT))
    main(monkeypatch, "run", run.name)
    assert capsys.readouterr().out.count("0 members done, 1 were there") == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(30, "Read-only file system", "/there/.own.json.7.part"),
            "Error: /there cannot be written to (Read-only",
        ),
        (OSError(13, "Permission denied", "/there/data.npz"), "Error: /there/data.npz cannot be read or written (Perm"),
        (OSError(28, "No space left on device"), "Error: There is no room to write"),
        (OSError(5, "Input/output error", "/there"), None),
        (OSError(2, "No such file or directory"), None),
    ],
    ids=str,
)
def test_a_place_that_cannot_be_used_is_one_sentence_and_anything_else_raised(monkeypatch, capsys, error, words):
    def failing(*_):
        raise error

    monkeypatch.setattr(execution, "execute", failing)
    with pytest.raises(SystemExit if words else OSError) as raised:
        main(monkeypatch, "run", "smoke")
    if words:
        told = capsys.readouterr().err
        assert raised.value.code == 2 and told.startswith(words) and told.count("\n") == 1


def test_the_kept_summary_of_mnist_is_that_of_its_weights():
    """Where weights are at hand, the points that the summary keeps are measured from scratch."""
    run = runs.read("mnist")
    there = [
        one
        for one in runs.members(run)
        if store.weights_path(run, one).exists() and store.summary_path(run, one).exists()
    ]
    if not there:
        pytest.skip(
            "no weights of the run mnist on this machine: " + store.recompute_command(run, runs.members(run)[0])
        )
    dataset = run.load_dataset()
    count = len(dataset.train)
    rows = summaries.sampled_rows(np.arange(count + len(dataset.test)) >= count)
    train, test = rows[rows < count], rows[rows >= count] - count
    part = dataclasses.replace(
        dataset,
        train=datasets.Split(dataset.train.images[train], dataset.train.labels[train]),
        test=datasets.Split(dataset.test.images[test], dataset.test.labels[test]),
    )
    kept = pd.DataFrame(store.load_summary(store.summary_path(run, there[0]))["tables"]["sample"])
    pair = weights.load_weights(store.weights_path(run, there[0]))[0]
    points = point_table.measure_points(pair, part, kept["neighbour_distance"].to_numpy()).to_pandas()
    for name in summaries.SAMPLE:
        expected, found = (one[name].to_numpy(dtype=float) for one in (kept, points))
        exists = ~np.isnan(expected)
        assert np.allclose(found[exists], expected[exists], rtol=2e-3, atol=1e-6), name


def test_company_changes_no_bits_at_the_size_of_the_digits():
    """Widths that are no multiples of 16 put every other member at an address where kernels round differently."""
    run = runs.read("digits")
    dataset = run.load_dataset()
    padded = jobs.padded_widths(run, run.table_depth, dataset.input_dim)
    family = [run.widths(one, dataset.input_dim) for one in runs.members(run) if one.depth == run.table_depth]

    def trained(positions):
        stack = autoencoders.stack([autoencoders.build(family[at], 0, run.initialisation) for at in positions], padded)
        settings = loop.Settings(2, run.batch_size, run.learning_rate)
        loop.train(stack, [0] * len(positions), dataset.train.images, dataset.test.images, settings)
        encoder, decoder = autoencoders.unstacked(stack, len(positions) - 1)
        return torch.cat([one.detach().flatten() for module in (encoder, decoder) for one in module.parameters()])

    alone = trained([len(family) - 1])
    for company in ([0], [0, 3, 8]):
        assert torch.equal(trained([*company, len(family) - 1]), alone)


def test_a_per_point_table_has_the_columns_that_sizes_are_estimated_from(finished):
    run, member = finished
    names = store.load_points(store.points_path(run, member)).column_names
    assert len([name for name in names if not name.startswith("eigenvalues_")]) == store.PLAIN_COLUMNS
