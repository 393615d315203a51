"""A finished run of one member, which many tests damage, each in a copy of its own."""

import shutil
from functools import cache

import pytest
import yaml

from lib import runs
from lib.base import files
from lib.runs import specification, store
from lib.runs.execution import execute

ONE = {"latent_dims": [2], "depths": [3], "table_depth": 3, "train_points": 120, "test_points": 40, "epochs": 2}


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    """The folder with the run file, artifacts and results of the run, committed or not; each of the two is trained once."""

    @cache
    def trained(committed):
        folder = tmp_path_factory.mktemp("trained")
        (folder / "runs").mkdir()
        values = yaml.safe_load((files.ROOT / "runs" / "smoke.yml").read_text()) | ONE | {"committed": committed}
        (folder / "runs" / "own.yml").write_text(yaml.safe_dump(values))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(specification, "FOLDER", folder / "runs")
            patch.setattr(store, "ARTIFACTS", folder / "artifacts")
            patch.setattr(store, "RESULTS", folder / "results")
            execute(runs.read("own"), processes=1)
        return folder

    return trained


@pytest.fixture
def finished_run(trained_once, own_artifacts, monkeypatch):
    """Copies the run into the folder of the test: the run, and its member."""

    def copied(committed=False):
        shutil.copytree(trained_once(committed), own_artifacts, dirs_exist_ok=True)
        monkeypatch.setattr(specification, "FOLDER", own_artifacts / "runs")
        run = runs.read("own")
        return run, runs.members(run)[0]

    return copied
