"""Code of the same name in several folders, and code that changes between two calls."""

import os

import pytest

from lib.base import usercode
from lib.base.errors import InputError
from lib.base.usercode import call


def test_a_module_of_the_same_name_in_another_folder_is_another_one(tmp_path):
    for place in ("first", "second"):
        (tmp_path / place / "same_package").mkdir(parents=True)
        (tmp_path / place / "same_name.py").write_text(f"def where(): return '{place}'\n")
        (tmp_path / place / "same_package" / "__init__.py").write_text("")
        (tmp_path / place / "same_package" / "inner.py").write_text(f"def where(): return '{place}'\n")
    for place in ("first", "second", "first"):
        assert call("same_name:where", tmp_path / place) == place
        assert call("same_package.inner:where", tmp_path / place) == place


def test_a_module_that_was_edited_is_imported_anew_and_no_other(tmp_path):
    path = tmp_path / "edited_module.py"
    path.write_text("calls = []\ndef count():\n    calls.append(1)\n    return len(calls)\n")
    assert [call("edited_module:count", tmp_path) for _ in range(2)] == [1, 2]
    path.write_text("def count(): return 'edited'\n")
    os.utime(path, (1, 1))
    assert call("edited_module:count", tmp_path) == "edited"
    assert call("lib.training.demo:test_digits").shape[0] > 0


def test_code_that_cannot_be_there_is_refused_without_being_run(tmp_path):
    (tmp_path / "own_code_9.py").write_text(
        "raise RuntimeError('was run')\nfrom math import pi as tau\ndef points():\n    pass\nother = points\n"
    )
    (tmp_path / "own_stars_9.py").write_text("from math import *\n")
    (tmp_path / "own_broken_9.py").write_text("def points(:\n")
    (tmp_path / "own_package_9").mkdir()
    (tmp_path / "own_package_9" / "inner.py").write_text("def points():\n    pass\n")
    for source in (
        "own_code_9:points",
        "own_code_9:other",
        "own_code_9:tau",
        "own_stars_9:sqrt",
        "own_package_9.inner:points",
    ):
        usercode.check_there(source, tmp_path)
    for source, words in {
        "own_code_9:absent": r"own_code_9.py has no 'absent'; choose one of its functions: 'points'",
        "own_package_9.outer:points": "there is no module 'own_package_9.outer'",
        "own_absent_9:points": "there is no module 'own_absent_9'; start in its folder, or install it",
        "own_broken_9:points": r"own_broken_9.py is no Python \(SyntaxError",
        "lib.training.demo:absent": "demo.py has no 'absent'; choose one of its functions: 'training_digits'",
    }.items():
        with pytest.raises(InputError, match=words):
            usercode.check_there(source, tmp_path)


def test_each_source_is_named_once_under_any_name(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"")
    (tmp_path / "link.npz").symlink_to(tmp_path / "a.npz")
    usercode.check_sources(["a.npz:x", "a.npz:y"], "", tmp_path)
    for data, reference in ((["a.npz", "./a.npz"], ""), (["a.npz"], "link.npz"), ([str(tmp_path / "a.npz")], "a.npz")):
        with pytest.raises(InputError, match=r"the same points; name each source once"):
            usercode.check_sources(data, reference, tmp_path)
    with pytest.raises(InputError, match="There are no data; name at least one source"):
        usercode.check_sources([], "a.npz", tmp_path)
