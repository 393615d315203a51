"""The doctor: every fault that it looks for, put there and found, in a sentence that says what to do."""

import fcntl
import json
import shutil
import sys
import types
import warnings

import pytest
import torch
from click.testing import CliRunner

from lib.__main__ import cli
from lib.analysis import published
from lib.base import files
from lib.base.errors import InputError
from lib.pages import doctor
from lib.runs import store
from lib.training import datasets


def found(check):
    """The findings of one check, as (mark, sentence)."""
    return list(doctor._guarded(doctor.CHECKS[check]))


def one(check, mark, *words):
    sentences = [sentence for its_mark, sentence in found(check) if its_mark == mark]
    assert any(all(word in sentence for word in words) for sentence in sentences), found(check)
    assert all(sentence.endswith(".") and "\n" not in sentence for _, sentence in found(check))


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ROOT", tmp_path)
    return tmp_path


def test_here_nothing_is_wrong_but_what_is_told():
    findings = doctor.examine()
    assert {finding.check for finding in findings} == set(doctor.CHECKS)
    assert not [finding for finding in findings if finding.mark == "wrong"], doctor.report(findings)


def test_a_python_that_is_too_old(root):
    (root / "pyproject.toml").write_text('[project]\nrequires-python = ">=9.9"\n')
    one("python", "wrong", ">=9.9 is needed", "make PYTHON=")


def test_packages_that_are_missing_or_of_another_version_are_named_and_others_platforms_left_out(root):
    (root / "requirements.txt").write_text("numpy==0.0.1\nno-such==1\nalso-none==1 ; sys_platform == 'none'\n")
    one("packages", "wrong", "2 of 2 packages", "numpy", "not 0.0.1", "no no-such", "make .venv/installed")


def test_a_torch_that_cannot_be_imported_or_has_another_torchvision(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.ops", None)
    one("torch", "wrong", "do not work together", "set up anew")
    broken = types.ModuleType("torchvision.ops")
    broken.nms = lambda *_: (_ for _ in ()).throw(RuntimeError("operator torchvision::nms does not exist"))
    monkeypatch.setitem(sys.modules, "torchvision.ops", broken)
    one("torch", "wrong", "operator torchvision::nms does not exist")
    monkeypatch.setitem(sys.modules, "torch", None)
    one("torch", "wrong", "do not work together (ModuleNotFoundError")


def test_a_package_that_ends_the_check_is_a_finding_and_the_others_go_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "lib.training.datasets", None)
    monkeypatch.delattr("lib.training.datasets")
    one("data", "wrong", "could not be checked", "set up anew")
    assert {finding.check for finding in doctor.examine()} == set(doctor.CHECKS)


def test_a_driver_that_is_too_old_is_a_note_and_a_device_is_named(monkeypatch):
    def old():
        warnings.warn("The NVIDIA driver on your system is too old (found version 11040). Please update.", stacklevel=1)
        return 0

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", old)
    one("torch", "note", "driver on your system is too old (found version 11040)")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"Device {index}")
    one("torch", "ok", "on Device 0")


def test_data_that_are_absent_altered_or_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "data_roots", lambda: [tmp_path])
    monkeypatch.setattr(datasets, "load", lambda name: pytest.fail("nothing is read, or fetched"))
    one("data", "note", "none of", str(tmp_path), "GEOMETRY_DATA")
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in datasets.IDX_FILES:
        (raw / name).touch()
    monkeypatch.setattr(datasets, "load", lambda name: types.SimpleNamespace(sha256="another"))
    one("data", "wrong", "not what results/mnist", str(tmp_path))
    data = next(iter(store.load_manifest(store.RESULTS / "mnist" / "manifest.json").values()))["data"]
    monkeypatch.setattr(datasets, "load", lambda name: types.SimpleNamespace(sha256=data))
    one("data", "ok", "what results/mnist was computed from")

    def damaged(name):
        raise InputError("It is damaged.")

    monkeypatch.setattr(datasets, "load", damaged)
    one("data", "wrong", "It is damaged.")


def test_results_that_are_altered_or_absent_are_named_with_the_command_that_restores_them(tmp_path, monkeypatch):
    shutil.copytree(store.RESULTS, tmp_path / "results")
    monkeypatch.setattr(store, "RESULTS", tmp_path / "results")
    folder = tmp_path / "results" / "mnist"
    content, listed = (folder / "n4-d2-s0.json.gz").read_bytes(), (folder / "manifest.json").read_text()
    (folder / "n4-d2-s0.json.gz").write_bytes(content[:-1] + b"\x7f")
    one("results", "wrong", "mnist is not as in its manifest ('n4-d2-s0')", "git checkout")
    (folder / "n4-d2-s0.json.gz").unlink()
    one("results", "wrong", "mnist is not as in its manifest ('n4-d2-s0')")
    (folder / "n4-d2-s0.json.gz").write_bytes(content)
    (folder / "manifest.json").write_text(listed.replace('"n4-d2-s0": {', '"../../../n4-d2-s0": {'))
    one("results", "wrong", "mnist is not as in its manifest ('../../../n4-d2-s0')")
    entries = json.loads(listed)
    del entries["members"]["n4-d2-s0"]
    (folder / "manifest.json").write_text(json.dumps(entries))
    one(
        "results", "note", "mnist is newer than its manifest ('n4-d2-s0')", "lib run mnist --only n=4,d=2,seed=0 writes"
    )
    assert not any(mark == "wrong" for mark, _ in found("results"))
    for text in ("", "[]", '{"members": {"n4-d2-s0": 3}}', "[" * 100_000):
        (folder / "manifest.json").write_text(text)
        one("results", "wrong", "manifest.json is damaged")
    (folder / "manifest.json").write_text(listed)
    (folder / "n4-d2-s0.bounds.json.gz").write_bytes(b"x")
    one("results", "wrong", "n4-d2-s0.bounds.json.gz is damaged")
    shutil.rmtree(folder)
    one("results", "note", "mnist has no results yet", "python -m lib run mnist")


def test_folders_that_cannot_be_written_to_or_are_full(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ARTIFACTS", tmp_path / "absent" / "artifacts")
    one("disk", "ok", str(tmp_path), "GiB free")
    assert not list(tmp_path.iterdir()), "the doctor leaves nothing behind"
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=2**20))
    one("disk", "wrong", "0.0 GiB free", "make room")
    (tmp_path / "absent").mkdir()

    def refused(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    one("disk", "wrong", "cannot be written to (PermissionError", "permissions")


def test_a_run_that_another_process_executes_and_tools_that_are_absent_are_notes(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ARTIFACTS", tmp_path)
    (tmp_path / "own" / "0123").mkdir(parents=True)
    with (tmp_path / "own" / "0123" / ".lock").open("w") as lock:
        assert "own" not in str(found("machine"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        one("machine", "note", "Another process is executing own")
    monkeypatch.setenv("PATH", str(tmp_path))
    one("machine", "note", "git is not installed")
    one("machine", "note", "chromium is not installed")
    one("machine", "ok", "processors may be used")


def test_links_that_lead_nowhere_tables_that_are_absent_and_another_checkout(root, monkeypatch):
    (root / "book").mkdir()
    (root / "book" / "_config.yml").symlink_to(root / "nowhere")
    one("links", "wrong", "'_config.yml', '_toc.yml'", "git checkout")
    one("links", "wrong", "Python finds lib in", "pip install --no-deps -e .")
    monkeypatch.setattr(published, "DATA", root)
    one("links", "wrong", "could not be checked")


def test_a_call_from_another_checkout_is_told_which_one_answers(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "doctor.py").touch()
    monkeypatch.chdir(tmp_path)
    one("links", "wrong", f"not in {tmp_path}")


@pytest.mark.parametrize(("mark", "code"), [("ok", 0), ("note", 0), ("wrong", 1)])
def test_the_command_prints_a_line_a_finding_and_fails_where_one_is_wrong(monkeypatch, mark, code):
    monkeypatch.setattr(doctor, "CHECKS", {"first": lambda: iter([(mark, "It is so.")]), "second": lambda: 1 / 0})
    if code == 0:
        monkeypatch.setattr(doctor, "CHECKS", {"first": doctor.CHECKS["first"]})
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == code
    assert result.output.splitlines()[0].split(maxsplit=2) == [mark, "first", "It is so."]
    rows = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).output)
    assert rows[0] == {"check": "first", "mark": mark, "sentence": "It is so."}
