"""What pages load and compute on first use, done when this module is imported: once, before their kernels are forked."""

from contextlib import suppress
from importlib import import_module

from lib.runs import jobs

with suppress(ImportError):
    import_module("torch._dynamo")  # by the first optimizer
    import_module("torch._decomp.decompositions_for_jvp")  # by the first derivative in forward mode
jobs.code()  # compared with that of every result of a run that is not kept
