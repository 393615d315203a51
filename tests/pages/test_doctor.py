"""The doctor: every fault that it looks for, put there and found, in a sentence that says what to do."""

import json
import shutil
import sys

import pytest
from click.testing import CliRunner

from lib import runs
from lib.__main__ import cli
from lib.base import files
from lib.pages import doctor
from lib.runs import store
from lib.training import datasets


def one(check, mark, *words):
    findings = [finding[1:] for finding in doctor.examine() if finding[0] == check]
    assert any(mark == its_mark and all(word in sentence for word in words) for its_mark, sentence in findings), (
        findings
    )
    assert all(sentence.endswith(".") and "\n" not in sentence for _, sentence in findings)


@pytest.fixture
def only(monkeypatch):
    """Leaves out the checks that a test is not about: they take seconds."""

    def leave(name):
        for other in {"packages", "kernel", "data", "results"} - {name}:
            monkeypatch.setattr(doctor, other, list)

    return leave


def test_here_nothing_is_wrong():
    findings = list(doctor.examine())
    assert {check for check, _, _ in findings} == {"packages", "kernel", "data", "results"}
    assert not [finding for finding in findings if finding[1] == "wrong"], findings


def test_packages_that_are_missing_or_of_another_version_are_named_and_others_platforms_left_out(
    only, tmp_path, monkeypatch
):
    only("packages")
    monkeypatch.setattr(files, "ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text("numpy==0.0.1\nno-such==1\nalso-none==1 ; sys_platform == 'none'\n")
    one("packages", "wrong", "Not all 2 packages", "numpy", "not ==0.0.1", "no-such None", "make .venv/installed")


def test_a_kernel_without_torch_or_with_another_checkout(only, tmp_path, monkeypatch):
    only("kernel")
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho ModuleNotFoundError: No module named torch >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    one("kernel", "wrong", str(python), "No module named torch", "make .venv/installed")
    python.write_text("#!/bin/sh\necho /another/checkout/lib\n")
    one("kernel", "wrong", "does not have this checkout's library (/another/checkout/lib)")


def test_a_package_that_ends_a_check_is_a_finding_and_the_others_go_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "lib.training.datasets", None)
    monkeypatch.delattr("lib.training.datasets")
    monkeypatch.setattr(doctor, "kernel", list)
    monkeypatch.setattr(runs, "names", lambda: ["mnist"])
    one("data", "wrong", "could not be checked", "set up anew")
    one("results", "ok", "as in its manifest")


def test_data_that_are_absent(only, tmp_path, monkeypatch):
    only("data")
    monkeypatch.setattr(datasets, "data_roots", lambda: [tmp_path])
    monkeypatch.setattr(datasets, "load", lambda name: pytest.fail("nothing is read, or fetched"))
    one("data", "note", "none of", str(tmp_path), "GEOMETRY_DATA")
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in datasets.IDX_FILES:
        (raw / name).touch()
    one("data", "ok", str(raw))


def test_results_that_are_altered_or_absent_are_named_with_the_command_that_restores_them(only, tmp_path, monkeypatch):
    only("results")
    monkeypatch.setattr(runs, "names", lambda: ["mnist"])
    shutil.copytree(store.RESULTS / "mnist", tmp_path / "results" / "mnist")
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
    for text in ("", "[]", '{"members": {"n4-d2-s0": 3}}', "[" * 100_000):
        (folder / "manifest.json").write_text(text)
        one("results", "wrong", "manifest.json is damaged")
    (folder / "manifest.json").write_text(listed)
    (folder / "n4-d2-s0.bounds.json.gz").write_bytes(b"x")
    one("results", "wrong", "n4-d2-s0.bounds.json.gz is damaged")
    shutil.rmtree(folder)
    one("results", "note", "mnist has no results yet", "python -m lib run mnist")


@pytest.mark.parametrize(("mark", "code"), [("ok", 0), ("note", 0), ("wrong", 1)])
def test_the_command_prints_a_line_a_finding_and_fails_where_one_is_wrong(monkeypatch, mark, code):
    monkeypatch.setattr(doctor, "examine", lambda: iter([("first", "ok", "It is."), ("second", mark, "It is so.")]))
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == code
    assert result.output.splitlines()[1].split(maxsplit=2) == [mark, "second", "It is so."]
    rows = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).output)
    assert rows[1] == {"check": "second", "mark": mark, "sentence": "It is so."}
