"""The protocol: lazy and absent parts, how measures are found, and the digest that sees each of their files."""

import shutil

import numpy as np
import pandas as pd
import pytest

from lib.base import digests, files
from lib.base.errors import InputError
from lib.measures import protocol
from lib.measures.protocol import Measure, Subject


def test_a_part_is_asked_for_when_it_is_looked_at_and_only_once():
    asked = []
    subject = Subject(points=lambda: asked.append("points") or np.zeros((3, 2)), pair=lambda: asked.append("pair"))
    assert asked == []
    assert len(subject) == len(subject.points) == 3
    assert asked == ["points"]
    assert subject.column("ink").tolist() == [0, 0, 0]
    assert asked == ["points"]


def test_an_absent_part_is_refused_in_one_sentence_that_names_the_need():
    epochs = Measure("epochs", "epochs", lambda it: float(len(it.history)), lambda sizes: 0, (protocol.HISTORY,))
    with pytest.raises(InputError, match=r"^The measure epochs needs the training history, and none .* measure out\.$"):
        epochs.of(Subject())
    assert epochs.of(Subject(history=pd.DataFrame({"epoch": [1, 2]}))) == 2
    assert protocol.values_at(Subject(), [epochs]) == {}
    with pytest.raises(InputError, match="What is asked for needs the weights"):
        Subject(points=np.zeros((3, 2))).column("trace_input")


def test_a_column_that_was_kept_is_taken_and_the_rest_is_refused():
    subject = Subject(kept=pd.DataFrame({"trace_input": [1, 2], "sign_input": [1, -1]}))
    assert subject.column("trace_input").dtype == np.float64
    with pytest.raises(InputError, match="the weights"):
        subject.eigenvalues("input")


def test_measures_are_in_the_order_of_their_files_and_of_their_places_there():
    names = [measure.name for measure in protocol.every("point")]
    assert names[:2] == ["mahalanobis", "latent_norm"]
    assert names[-4:] == ["volume_input", "volume_latent", "log_volume_input", "log_volume_latent"]
    assert {measure.level for measure in protocol.every()} <= {"point", "network", "classifier"}


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The library's code in another folder, and a digest that does not remember."""
    shutil.copytree(files.ROOT / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(files, "ROOT", tmp_path)

    def digest(*modules: str) -> str:
        for cached in (digests.code_digest, digests.imported, digests._code):
            cached.cache_clear()
        return digests.code_digest(modules)

    yield tmp_path / "lib", digest
    for cached in (digests.code_digest, digests.imported, digests._code):
        cached.cache_clear()


@pytest.mark.parametrize("module", ["lib.report.predictors", "lib.analysis.tournament"])
def test_a_digest_sees_a_changed_and_a_new_measure(copied, module):
    folder, digest = copied
    before, of_tables = digest(module), digest("lib.measures.summaries")
    ink = folder / "measures" / "points" / "ink.py"
    ink.write_text(ink.read_text().replace("predicts=14", "predicts=16"))
    changed = digest(module)
    (folder / "measures" / "networks" / "another.py").write_text("x = 1\n")
    of_networks = digest(module)
    (folder / "measures" / "classifiers" / "another.py").write_text("x = 1\n")
    assert len({before, changed, of_networks, digest(module)}) == 4
    assert digest("lib.measures.summaries") == of_tables, "per-point tables and summaries stand on no measure file"
