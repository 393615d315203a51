"""What pages load and compute on first use, done in the process that their kernels are forked from: once."""

from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module

from lib import runs
from lib.base.errors import InputError
from lib.runs import jobs

with suppress(ImportError):
    import_module("torch._dynamo")  # by the first optimizer
    import_module("torch._decomp.decompositions_for_jvp")  # by the first derivative in forward mode
jobs.code()  # compared with that of every result of a run that is not kept


def prepare(names: Iterable[str]) -> None:
    """Load the summaries of these runs; `lib.pages.fork_server` calls it once the runs are there."""
    for name in names:
        with suppress(InputError):  # for the page that asks for it
            runs.summary(name)
