"""The committed tables: each has a command, and no file of results/tables is without one."""

import pytest

from lib.analysis import kept
from lib.base.errors import InputError, check_known


def test_every_committed_table_has_a_command_and_every_command_a_table():
    tables = kept.kept_tables()
    assert {path.stem for path in kept.store.RESULTS.joinpath("tables").glob("*.csv")} == set(tables)
    for name, table in tables.items():
        assert len(table.read()), name


def test_an_unknown_table_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"Unknown table 'nothing'; choose one of: .*orbits"):
        check_known("table", "nothing", kept.kept_tables())


def test_a_table_is_written_whole_as_it_was_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(kept.store, "RESULTS", tmp_path)
    import pandas as pd

    table = kept.Table("two", lambda: pd.DataFrame({"a": [1, 2]}))
    with pytest.raises(InputError, match="python -m lib table two"):
        table.read()
    table.write()
    assert table.read()["a"].tolist() == [1, 2]
    table.path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"two\.csv"):
        table.read()
