"""Training and Jacobians on a GPU beside one thread and all threads of the processor of the same machine.

The family of the run mnist at the depth of its tables (d = 2..20) is trained as one stack, on random images: their values
do not matter for the time. The matrices K and J_L are those of its largest network, in float64 as in all runs. Results
are brought back to the processor in the time that is measured.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import joblib
import torch
from torch import Tensor

from benchmarks.timing import environment, interleaved, threads
from lib.base.errors import InputError
from lib.measures.point_table import cores_on_cpu
from lib.runs.specification import members, read
from lib.training import autoencoders
from lib.training.loop import Settings, train

RUN, INPUT_DIM = "mnist", 784
POINTS = 10_240
Widths = Sequence[Sequence[int]]


def _trained(widths: Widths, images: Tensor, batch_size: int, device: str) -> list[Tensor]:
    """The weights of a family after an epoch; each member starts from seed 0."""
    stack = autoencoders.stack([autoencoders.build(one, 0) for one in widths])
    train(stack, [0] * len(widths), images, images[:1], Settings(1, batch_size, device=device))
    return stack.weights


def _measured(widths: Sequence[int], images: Tensor, device: str) -> list[Tensor]:
    """K and J_L of an untrained network, in float64."""
    encoder, decoder = (half.double().to(device) for half in autoencoders.build(widths, 0, "he"))
    result = cores_on_cpu(encoder, decoder, images.double().to(device))
    return [result.input, result.latent]


def gpu(rounds: int = 5) -> dict[str, Any]:
    """Time an epoch and the matrices on both devices; raises `InputError` on a machine without a GPU.

    Seconds of every round; `ratio_one_thread` and `ratio_all_threads`, those of the processor divided by the GPU's;
    `largest_difference` of the results on the two devices, and whether the GPU gave the `same_bits` twice.
    """
    if not torch.cuda.is_available():
        raise InputError("The benchmark gpu needs a GPU, and torch sees none here; run it on a machine with one.")
    run = read(RUN)
    family = [run.widths(one, INPUT_DIM) for one in members(run, {"n": [run.table_depth]})]
    images = torch.rand(POINTS, INPUT_DIM, generator=torch.Generator().manual_seed(0))
    result: dict[str, Any] = {}
    works = {
        "training": partial(_trained, family, images, run.batch_size),
        "jacobians": partial(_measured, family[-1], images),
    }
    for case, work in works.items():

        def on_processor(count: int, work: Any = work) -> list[Tensor]:
            with threads(count):
                return work("cpu")

        ways = {
            "gpu": partial(work, "cuda"),
            "one thread": partial(on_processor, 1),
            "all threads": partial(on_processor, joblib.cpu_count()),
        }
        timed = interleaved(ways, rounds)
        here, there, again = work("cpu"), work("cuda"), work("cuda")
        result[case] = {
            "points": POINTS,
            "networks": len(family) if case == "training" else 1,
            "seconds": timed.seconds,
            "ratio_one_thread": timed.ratio("one thread", "gpu"),
            "ratio_all_threads": timed.ratio("all threads", "gpu"),
            "largest_difference": max(float((a - b).abs().max()) for a, b in zip(here, there, strict=True)),
            "same_bits": all(torch.equal(a, b) for a, b in zip(there, again, strict=True)),
        }
    return result | {"environment": environment()}
