"""Speed of training, as a share of the rate of a matrix product, and beside plain training loops.

Two cases, on one thread. A member of the run mnist-300 (784-593-402-211-20, batch 256), alone: bound by arithmetic.
The family of digits (depth 4, d = 2..20, batch 154), stacked: bound by overhead. Random images stand in for the data,
whose values do not matter for the time.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.timing import environment, gemm, interleaved, threads
from lib.runs.specification import members, read
from lib.training import autoencoders
from lib.training.autoencoders import Pair
from lib.training.loop import Settings, train

LARGE = (784, 593, 402, 211, 20)
LARGE_POINTS, LARGE_BATCH = 5_120, 256


def operations(widths: Sequence[int], points: int) -> float:
    """Floating-point operations of an epoch: forward, and backward but for the gradient of the input, of both halves."""
    weights = 2 * sum(a * b for a, b in zip(widths[:-1], widths[1:], strict=True))
    return (6.0 * weights - 2.0 * widths[0] * widths[1]) * points


def _stacked(widths: Sequence[Sequence[int]], images: Tensor, batch_size: int, precision: str = "float32") -> None:
    """An epoch of our engine."""
    stack = autoencoders.stack([autoencoders.build(one, 0, "he") for one in widths])
    train(stack, [0] * len(widths), images, images[:1], Settings(1, batch_size, precision=precision))


def _epoch(pair: Pair, batches: Any) -> None:
    encoder, decoder = pair
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    for batch in batches:
        adam.zero_grad()
        (decoder(encoder(batch)) - batch).square().mean().backward()
        adam.step()


def _memory_loop(widths: Sequence[Sequence[int]], images: Tensor, batch_size: int) -> None:
    """One member after the other, on a tensor in memory."""
    for one in widths:
        order = torch.randperm(len(images))
        _epoch(autoencoders.build(one, 0, "he"), (images[rows] for rows in order.split(batch_size)))


def _loader_loop(widths: Sequence[Sequence[int]], images: Tensor, batch_size: int) -> None:
    """One member after the other, by PyTorch's DataLoader."""
    for one in widths:
        loader = DataLoader(TensorDataset(images), batch_size, shuffle=True)
        _epoch(autoencoders.build(one, 0, "he"), (batch for (batch,) in loader))


def training(rounds: int = 5) -> dict[str, Any]:
    """Time both cases on one thread; seconds of every round, GFLOP/s, and ratios.

    `share_of_gemm`: our rate on the large member divided by that of a product of the same rows and largest matrix
    (256 x 784 by 784 x 593); `bfloat16_speedup`; `loop_ratio`, `loader_ratio`: the loops' seconds divided by ours.
    """
    with threads(1):
        images = torch.rand(LARGE_POINTS, LARGE[0])
        product, product_operations = gemm(LARGE_BATCH, LARGE[0], LARGE[1])
        repeated = 200
        large = interleaved(
            {
                "gemm": lambda: [product() for _ in range(repeated)],
                "ours": lambda: _stacked([LARGE], images, LARGE_BATCH),
                "ours, bfloat16": lambda: _stacked([LARGE], images, LARGE_BATCH, "bfloat16"),
                "DataLoader loop": lambda: _loader_loop([LARGE], images, LARGE_BATCH),
            },
            rounds,
        )
        digits = read("digits")
        family = [digits.widths(one, 64) for one in members(digits) if one.depth == digits.table_depth]
        small_images = torch.rand(1540, 64)
        small = interleaved(
            {
                "ours": lambda: _stacked(family, small_images, digits.batch_size),
                "loop in memory": lambda: _memory_loop(family, small_images, digits.batch_size),
                "DataLoader loop": lambda: _loader_loop(family, small_images, digits.batch_size),
            },
            rounds,
        )
        found_in = environment()
    work = operations(LARGE, LARGE_POINTS)
    gemm_work = repeated * product_operations
    return {
        "environment": found_in,
        "large": {
            "widths": LARGE,
            "points": LARGE_POINTS,
            "batch_size": LARGE_BATCH,
            "seconds": large.seconds,
            "gigaflops": {name: work / large.best(name) / 1e9 for name in large.seconds if name != "gemm"}
            | {"gemm": gemm_work / large.best("gemm") / 1e9},
            "share_of_gemm": large.ratio("gemm", "ours") * work / gemm_work,
            "bfloat16_speedup": large.ratio("ours", "ours, bfloat16"),
            "loader_ratio": large.ratio("DataLoader loop", "ours"),
        },
        "family": {
            "members": len(family),
            "points": len(small_images),
            "batch_size": digits.batch_size,
            "seconds": small.seconds,
            "gigaflops": sum(operations(one, len(small_images)) for one in family) / small.best("ours") / 1e9,
            "loop_ratio": small.ratio("loop in memory", "ours"),
            "loader_ratio": small.ratio("DataLoader loop", "ours"),
        },
    }
