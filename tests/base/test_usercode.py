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
        "own_code_9.py:points": "names a file of code; write it as own_code_9:points, and start in the folder",
        "./own_code_9.py": "write it as own_code_9:FUNCTION, and start",
        str(tmp_path / "own_code_9.py:points"): "write it as own_code_9:points, and start in the folder",
        "own_absent_9:points": "there is no module 'own_absent_9'; start in its folder, or install it",
        "own_broken_9:points": r"own_broken_9.py is no Python \(SyntaxError",
        "lib.training.demo:absent": "demo.py has no 'absent'; choose one of its functions: 'training_digits'",
    }.items():
        with pytest.raises(InputError, match=words):
            usercode.check_there(source, tmp_path)


def test_what_is_no_function_is_named_and_whatever_can_be_called_is_called(tmp_path):
    (tmp_path / "own_things_9.py").write_text(
        "from functools import cache, partial\n\nclass Model:\n    def __call__(self, x):\n        return x\n\n"
        "model, values, made, kept = Model(), [1.0], partial(list, (1, 2)), cache(lambda: 3)\n"
        "def takes(x):\n    return x\n"
    )
    assert call("own_things_9:made", tmp_path) == [1, 2] and call("own_things_9:kept", tmp_path) == 3
    for source, words in {
        "own_things_9:model": r"\(TypeError: .*'x'\); it is a Model and not a function: write a function that returns it",
        "own_things_9:values": r"it is a list and not a function",
        "own_things_9:takes": r"'x'\); fix the code, or its name",
        "own_things_9:absent": r"\(AttributeError: .*\); fix the code, or its name",
    }.items():
        with pytest.raises(InputError, match=words):
            call(source, tmp_path)


def test_a_long_reason_is_cut_at_a_word_and_says_so():
    assert (
        usercode.reason(ValueError("word " * 23 + "https://example.org/a-b.\nmore"))
        == "ValueError: " + "word " * 23 + "..."
    )
    assert usercode.reason(ValueError("x" * 130)) == "ValueError: " + "x" * 120 + " ..."
    assert usercode.reason(ValueError("short: \nmore")) == "ValueError: short"


def test_each_source_is_named_once_under_any_name(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"")
    (tmp_path / "link.npz").symlink_to(tmp_path / "a.npz")
    usercode.check_sources(["a.npz:x", "a.npz:y"], "", tmp_path)
    for data, reference in ((["a.npz", "./a.npz"], ""), (["a.npz"], "link.npz"), ([str(tmp_path / "a.npz")], "a.npz")):
        with pytest.raises(InputError, match=r"the same points; name each source once"):
            usercode.check_sources(data, reference, tmp_path)
    with pytest.raises(InputError, match="There are no data; name at least one source"):
        usercode.check_sources([], "a.npz", tmp_path)
