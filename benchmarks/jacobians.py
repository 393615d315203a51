"""Timings of the cores, beside torch.func, autograd, the peers, and the generic route to the eigenvalues.

All contenders work on the same untrained network and the same random points, on one thread, each at its best chunk
size; times are processor times, in microseconds per point. In untrained networks at normal points every unit is on at
some point, so no unit can be skipped (worst case); `trained` is a typical case.
"""

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from benchmarks import timing
from benchmarks.routes import LATENT_ONLY, ROUTES, TORCH, generic, installed, ours
from benchmarks.timing import Timings, environment, gemm, threads
from lib.base.errors import InputError
from lib.geometry.jacobians import cores
from lib.training import autoencoders, loop
from lib.training.autoencoders import build
from lib.training.datasets import load

LINEAR, GEOMETRIC = (784, 593, 402, 211, 20), (784, 231, 68, 20)
CHUNKS = (16, 64, 256)
POINTS = 512
SLOW = {"torch.autograd.functional": 16}  # routes without a batch: fewer points are enough
GENERIC_POINTS = 2
EPOCHS = 30  # of the trained case
MEMORY_POINTS = 70_000

Call = Callable[[], object]


def interleaved(contenders: Mapping[str, Call], rounds: int) -> Timings:
    """Processor time of every contender in interleaved rounds."""
    return timing.interleaved(contenders, rounds, time.process_time)


def _network(widths: Sequence[int], points: int, dtype: torch.dtype = torch.float32) -> tuple[Any, Any, Tensor]:
    encoder, decoder = (module.to(dtype) for module in build(widths, 0, "he"))
    x = torch.randn(points, widths[0], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return encoder, decoder, x.to(dtype)


def _trained(points: int) -> tuple[Any, Any, Tensor]:
    """784-593-402-211-20 after some epochs on the digits, enlarged to 28 x 28, and training points."""
    digits = load("digits")
    train, test = (
        interpolate(split.images.view(-1, 1, 8, 8), size=(28, 28), mode="bilinear").flatten(1)
        for split in (digits.train, digits.test)
    )
    stack = autoencoders.stack([build(LINEAR, 0)])
    loop.train(stack, [0], train, test, loop.Settings(EPOCHS, batch_size=64))
    encoder, decoder = autoencoders.unstacked(stack, 0)
    return encoder, decoder, train[:points]


def operations(widths: Sequence[int]) -> float:
    """Floating-point operations per point of our fast path without errors: its matrix products (`lib.geometry.jacobians.fast`)."""
    d, first = widths[-1], widths[1]
    hidden = [a * b for a, b in zip(widths[1:-2], widths[2:-1], strict=True)]
    passes = 3 * sum(a * b for a, b in zip(widths[1:-1], widths[2:], strict=True)) + widths[0] * first + first**2
    return 2.0 * (3 * d * sum(hidden) + d * first**2 + 2 * d**2 * first + passes)


def _chunked(route: Callable[..., object], network: tuple[Any, Any, Tensor], chunk: int) -> Call:
    encoder, decoder, x = network
    if route is ours:
        return lambda: ours(encoder, decoder, x, chunk)
    return lambda: [route(encoder, decoder, part) for part in x.split(chunk)]


def _at_their_best(
    routes: dict[str, Any],
    widths: Sequence[int],
    rounds: int,
    dtype: torch.dtype = torch.float32,
    network_of: Callable[[int], tuple[Any, Any, Tensor]] | None = None,
) -> dict[str, Any]:
    """Seconds of every route at its best chunk size, beside a matrix product, and ratios to ours."""
    contenders, points, chunks = {}, {}, {}
    for name, route in routes.items():
        points[name] = SLOW.get(name, POINTS)
        network = network_of(points[name]) if network_of else _network(widths, points[name], dtype)
        trials = {chunk: _chunked(route, network, chunk) for chunk in CHUNKS}
        tried = interleaved({str(chunk): call for chunk, call in trials.items()}, 1)
        chunks[name] = min(CHUNKS, key=lambda chunk: tried.best(str(chunk)))
        contenders[name] = trials[chunks[name]]
    product, work = gemm(chunks["ours"] * widths[-1], widths[1], widths[1], dtype)
    contenders["gemm"] = lambda: [product() for _ in range(20)]
    timed = interleaved(contenders, rounds)
    a_point = Timings({name: [s / points.get(name, 1) for s in seconds] for name, seconds in timed.seconds.items()})
    return {
        "chunk_size": chunks,
        "points": points,
        "seconds": timed.seconds,
        "microseconds_a_point": {name: 1e6 * a_point.best(name) for name in routes},
        "ratio_to_ours": {name: a_point.ratio(name, "ours") for name in routes if name != "ours"},
        "best_of_torch": min(a_point.ratio(name, "ours") for name in TORCH if name in routes),
        "share_of_gemm": a_point.ratio("gemm", "ours") * operations(widths) / (20 * work),
    }


def _generic(few: tuple[Any, Any, Tensor], many: tuple[Any, Any, Tensor], rounds: int) -> dict[str, Any]:
    """Time per point of the generic route (all eigenvalues of J_I) over ours for both cores, traces and volumes."""

    def traces_and_volumes() -> None:
        result = cores(*many, 64, errors=False)
        for core in (result.input, result.latent):
            torch.linalg.slogdet(core)
            core.diagonal(dim1=1, dim2=2).sum(dim=1)

    timed = interleaved({"generic": lambda: generic(*few), "ours": traces_and_volumes}, min(rounds, 3))
    return {
        "points": {"generic": GENERIC_POINTS, "ours": POINTS},
        "seconds": timed.seconds,
        "ratio": timed.ratio("generic", "ours") * POINTS / GENERIC_POINTS,
    }


def _latent_only(widths: Sequence[int], rounds: int) -> dict[str, Any]:
    """Time of other routes to J_L alone, over ours to both cores."""
    routes = {name: route for name, route in LATENT_ONLY.items() if installed(name)}
    network = _network(widths, POINTS)
    contenders = {name: _chunked(route, network, 64) for name, route in routes.items()}
    timed = interleaved(contenders | {"ours, both cores": _chunked(ours, network, 64)}, rounds)
    return {
        "seconds": timed.seconds,
        "ratio_to_ours": {name: timed.ratio(name, "ours, both cores") for name in routes},
    }


def _growth(rounds: int) -> dict[str, list[dict[str, float]]]:
    """Microseconds per point of ours and of torch.func (reverse mode and product), as one size grows."""
    rivals = {"ours": ROUTES["ours"], "torch.func": ROUTES["torch.func, reverse and product"]}
    cases = {
        "input dimension": [(n, *LINEAR[1:]) for n in (64, 256, 784, 1536, 3072)],
        "latent dimension": [(*LINEAR[:-1], d) for d in (2, 5, 10, 20, 40)],
        "depth": [LINEAR[:n] + LINEAR[-1:] for n in (1, 2, 3, 4)],
    }
    rows: dict[str, list[dict[str, float]]] = {}
    for what, sizes in cases.items():
        for widths in sizes:
            network = _network(widths, POINTS)
            timed = interleaved({name: _chunked(route, network, 64) for name, route in rivals.items()}, rounds)
            value = {"input dimension": widths[0], "latent dimension": widths[-1], "depth": len(widths) - 1}[what]
            row = {name: 1e6 * timed.best(name) / POINTS for name in rivals}
            rows.setdefault(what, []).append({"value": value} | row)
    for count in (64, 256, 1024):
        network = _network(LINEAR, count)
        timed = interleaved({name: _chunked(route, network, 64) for name, route in rivals.items()}, rounds)
        row = {name: 1e6 * timed.best(name) / count for name in rivals}
        rows.setdefault("points", []).append({"value": count} | row)
    return rows


def _agreement() -> dict[str, float]:
    """The largest absolute difference between the cores of each route and ours, in float64."""
    encoder, decoder, x = _network(GEOMETRIC, 8, torch.float64)
    core, latent = ours(encoder, decoder, x)
    largest = {}
    for name, route in ROUTES.items():
        if installed(name):
            both = route(encoder, decoder, x)
            largest[name] = max(float((both[0] - core).abs().max()), float((both[1] - latent).abs().max()))
    for name, route in LATENT_ONLY.items():
        if installed(name):
            largest[f"{name}, J_L"] = float((route(encoder, decoder, x) - latent).abs().max())
    return largest


def _peak(name: str, points: int, chunk: int, sender: Any) -> None:
    """In a separate process: send the peak memory of a route in bytes, beside network and points, and of the whole process."""
    torch.set_num_threads(1)
    encoder, decoder, x = _network(LINEAR, points)
    ROUTES[name](encoder, decoder, x[:2])  # loads libraries before memory is measured
    before = _most_memory()
    _chunked(ROUTES[name], (encoder, decoder, x), chunk)()
    sender.send({"beside": _most_memory() - before, "whole": _most_memory()})


def _most_memory() -> int:
    """The peak memory of this process in bytes; 0 on systems other than Linux."""
    # Not getrusage: its ru_maxrss starts from the size of the process that started this one.
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _memory(name: str, points: int, chunk: int = 64) -> dict[str, int]:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_peak, args=(name, points, chunk, sender))
    process.start()
    sender.close()  # leaves the child's as the last: if it dies, recv raises EOFError instead of waiting
    try:
        return receiver.recv()
    except EOFError as error:
        raise InputError(
            f"The process that measures the memory of {name} died; free some memory and try again."
        ) from error
    finally:
        process.join()


def jacobians(rounds: int = 5) -> dict[str, Any]:
    """Time every route to both cores on one thread: ratios to ours, share of the matrix products' rate, growth, memory.

    `linear`, `linear, float64`, `trained` and `geometric`: `_at_their_best` on 784-593-402-211-20 and 784-231-68-20;
    `generic` and `generic, trained`: all N eigenvalues of J_I; `latent_only`: J_L alone; `growth`; `agreement` in float64;
    `memory`: peak bytes.
    """
    routes = {name: route for name, route in ROUTES.items() if installed(name)}
    with threads(1):
        return {
            "environment": environment(),
            "linear": _at_their_best(routes, LINEAR, rounds),
            "linear, float64": _at_their_best(
                {name: routes[name] for name in ("ours", *TORCH)}, LINEAR, rounds, torch.float64
            ),
            "trained": _at_their_best(routes, LINEAR, rounds, network_of=_trained),
            "geometric": _at_their_best(routes, GEOMETRIC, rounds),
            "generic": _generic(_network(LINEAR, GENERIC_POINTS), _network(LINEAR, POINTS), rounds),
            "generic, trained": _generic(_trained(GENERIC_POINTS), _trained(POINTS), rounds),
            "latent_only": _latent_only(LINEAR, rounds),
            "growth": _growth(rounds),
            "agreement": _agreement(),
            "memory": {name: _memory(name, POINTS) for name in routes if name not in SLOW}
            | {"ours, 70,000 points": _memory("ours", MEMORY_POINTS)},
        }
