"""Code of the same name in several folders, and code that changes between two calls."""

import os

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
