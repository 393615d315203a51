"""What several test files share: the smoke run, trained in a folder of its own; synthetic points."""

import gc
import random
from functools import cache

import pytest

gc.disable()  # until all is imported

# Of two test processes the one that hands out the tests runs none: what takes seconds to import is imported where it is used.


@cache
def load_profiles():
    """How much is fuzzed (tests/test_fuzz.py): HYPOTHESIS_PROFILE=nightly makes it fifty times as much."""
    from hypothesis import HealthCheck, settings

    common = {"deadline": 20_000, "database": None, "suppress_health_check": list(HealthCheck)}
    settings.register_profile("ci", max_examples=200, derandomize=True, **common)
    settings.register_profile("nightly", max_examples=10_000, print_blob=True, **common)
    settings.register_profile("seeded", derandomize=True, database=None)  # all other tests, whatever they set besides
    settings.load_profile("seeded")


def seed_draws():
    """Every test, and every import of a test file, draws from the same state: alone, in any order, on any worker."""
    import numpy as np
    import torch

    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.hookimpl(tryfirst=True)
def pytest_make_collect_report(collector):
    load_profiles()
    seed_draws()


def pytest_collection_finish():
    """What has been imported stays: garbage is not sought among its million objects again and again."""
    gc.enable()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    seed_draws()


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """As in a worker: small matrices, and the same bits. NumPy's threads wait for each other where processors are shared."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    with threadpool_limits(1, "blas"):
        yield


@pytest.fixture
def cells():
    """Reads a Markdown table: the cells of each of its rows, the header among them, the rule left out."""

    def read(text: str) -> list[list[str]]:
        rows = [line for line in text.splitlines() if line.startswith("|") and set(line) - set("|:-")]
        return [[cell.strip() for cell in row[1:-1].split("|")] for row in rows]

    return read


@pytest.fixture
def own_artifacts(tmp_path, monkeypatch):
    """Artifacts and results of this test alone."""
    from lib.runs import store

    monkeypatch.setenv("GEOMETRY_ARTIFACTS", str(tmp_path / "artifacts"))  # for the worker processes
    monkeypatch.setattr(store, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(store, "RESULTS", tmp_path / "results")
    return tmp_path


def pytest_terminal_summary(terminalreporter):
    """The faults that were injected, and what survived each: the last lines of a run of all tests."""
    reports = [
        one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, []) if one.when == "call"
    ]
    faults = [(one.outcome, value) for one in reports for name, value in one.user_properties if name == "fault"]
    if faults:
        terminalreporter.section("faults injected, and what survived")
        for outcome, told in sorted(faults):
            terminalreporter.write_line(f"{outcome}: {told}")
