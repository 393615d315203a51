"""What pages load and compute on first use, done when this module is imported: once, before their kernels are forked."""

from importlib import import_module

from lib.runs import jobs

for _module in (
    "torch._dynamo",
    "torch._decomp.decompositions_for_jvp",
):  # by the first optimizer, the first forward mode
    import_module(_module)
jobs.code()  # compared with that of every result of a run that is not kept
