"""Results attached to a member: computed once, and again exactly when code or data are no longer the same."""

import dataclasses
import gzip
import re

import pandas as pd
import pytest

from lib import runs
from lib.analysis import bound_checks, tournament
from lib.base import files
from lib.base.errors import InputError
from lib.runs import attached, specification, store

KIND = attached.Kind("depths", {"layer": str, "depth": float}, ("lib.geometry.spectra",))
OTHER_CODE = dataclasses.replace(KIND, code=("lib.geometry.tangents",))
ROWS = pd.DataFrame({"layer": ["first", "last"], "depth": [0.5, float("nan")]})


class Computing:
    """A computation that counts how often it is asked for."""

    def __init__(self):
        self.times = 0

    def __call__(self, dataset):
        self.times += 1
        return ROWS


@pytest.fixture(params=[False, True], ids=["artifacts", "committed"])
def trained(request, finished_run):
    """A run of one member, trained; committed or not."""
    return finished_run(request.param)


def rewritten(trained, **changes):
    """Change the content of the attached file, its checksum with it; None takes a key away."""
    path = store.attached_path(*trained, KIND.name)
    content = store.load_summary(path) | changes
    content = {key: value for key, value in content.items() if value is not None}
    files.write(path, store.encoded_summary(content))


def test_rows_are_computed_once_and_read_back(trained):
    compute = Computing()
    assert attached.load_attached(*trained, KIND) is None
    for _ in range(2):
        pd.testing.assert_frame_equal(attached.load_or_compute(*trained, KIND, compute), ROWS)
    assert compute.times == 1
    pd.testing.assert_frame_equal(attached.load_attached(*trained, KIND), ROWS)


def test_other_code_computes_again_but_not_what_is_committed(trained):
    compute = Computing()
    attached.load_or_compute(*trained, KIND, compute)
    attached.load_or_compute(*trained, OTHER_CODE, compute)
    committed = trained[0].committed
    assert compute.times == (1 if committed else 2)
    assert (attached.load_attached(*trained, KIND) is not None) == committed


def test_other_data_compute_again_and_are_refused_where_committed(trained):
    compute = Computing()
    attached.load_or_compute(*trained, KIND, compute)
    rewritten(trained, data="0" * 64)
    if trained[0].committed:
        with pytest.raises(InputError, match=r"depths.json.gz is damaged \(it was computed from other data"):
            attached.load_or_compute(*trained, KIND, compute)
    else:
        assert attached.load_attached(*trained, KIND) is None
        attached.load_or_compute(*trained, KIND, compute)
    assert compute.times == (1 if trained[0].committed else 2)


def test_a_file_without_a_data_digest_has_that_of_the_summary(trained):
    attached.load_or_compute(*trained, KIND, Computing())
    rewritten(trained, data=None)
    assert attached.load_attached(*trained, KIND) is not None


def test_a_data_set_that_has_changed_since_the_summary_computes_nothing(trained, monkeypatch):
    run, compute = trained[0], Computing()
    changed = dataclasses.replace(run.load_dataset(), sha256="0" * 64)
    monkeypatch.setattr(specification.Run, "load_dataset", lambda self: changed)
    with pytest.raises(InputError, match=r"n3-d2-s0\.json\.gz was computed from other data"):
        attached.load_or_compute(*trained, KIND, compute)
    assert compute.times == 0
    assert not store.attached_paths(run)


def test_a_committed_result_of_another_specification_is_refused(trained):
    compute = Computing()
    attached.load_or_compute(*trained, KIND, compute)
    rewritten(trained, run="0" * 64)
    if trained[0].committed:
        with pytest.raises(InputError, match="another specification"):
            attached.load_attached(*trained, KIND)
    else:
        assert attached.load_attached(*trained, KIND) is None


@pytest.mark.parametrize("damage", ["cut", "altered", "column", "two tables"])
def test_a_damaged_file_is_named(trained, damage):
    attached.load_or_compute(*trained, KIND, Computing())
    path = store.attached_path(*trained, KIND.name)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif damage == "altered":
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"first", b"worst")))
    elif damage == "column":
        rewritten(trained, tables={KIND.name: {"layer": ["first"], "depth": ["deep"]}})
    else:
        rewritten(trained, tables={"one": {}, "other": {}})
    with pytest.raises(InputError, match=f"{re.escape(path.name)} is damaged"):
        attached.load_or_compute(*trained, KIND, Computing())


def test_a_kind_that_nobody_has_heard_of_is_packed_and_an_unusable_name_refused(trained):
    run, member = trained
    before = runs.summary_digest(run.name)
    new = dataclasses.replace(KIND, name="a-new_kind2")
    assert attached.load_attached(run, member, new) is None
    attached.load_or_compute(run, member, new, Computing())
    path = store.attached_path(run, member, new.name)
    assert store.attached_paths(run) == [path]
    assert path in runs.summary_files(run.name)
    assert (runs.summary_digest(run.name) != before) == run.committed
    for name in ("../x", "a.b", "", "Upper"):
        with pytest.raises(InputError, match="cannot name an attached result"):
            attached.load_attached(run, member, dataclasses.replace(KIND, name=name))


def test_a_committed_run_without_weights_computes_nothing(trained):
    run, member = trained
    if not run.committed:
        pytest.skip("only a committed run is shown without its weights")
    store.weights_path(run, member).unlink()
    assert attached.load_or_compute(run, member, KIND, Computing()) is None


@pytest.mark.parametrize("kind", [bound_checks.BOUNDS, tournament.SHIFTS], ids=lambda kind: kind.name)
def test_the_committed_results_are_valid(kind):
    committed = [run for run in map(runs.read, runs.names()) if run.committed]
    rows = [attached.load_attached(run, member, kind) for run in committed for member in runs.reference_members(run)]
    assert any(table is not None and len(table) for table in rows)
