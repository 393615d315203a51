"""Memory: the number of points computed at a time, and results allocated once."""

import warnings
from pathlib import Path

import torch
from torch import Tensor

from lib.base.errors import InputError
from lib.base.progress import followed
from lib.geometry.jacobians.result import Compute, Cores

WORKSPACE = 64 * 2**20  # bytes of intermediate values on the CPU: more is not faster
WORKSPACE_CUDA = 2**30
SHARE = 4  # at most one part in four of the free memory
REFUSED = ("allocate memory", "not enough memory")  # in the messages of PyTorch's CPU allocators


def points_that_fit(bytes_a_point: int, x: Tensor) -> int:
    """The default chunk size: the number of points that fits the workspace and a quarter of the free memory."""
    if x.device.type == "cuda":
        cached = torch.cuda.memory_reserved(x.device) - torch.cuda.memory_allocated(x.device)
        workspace, free = WORKSPACE_CUDA, torch.cuda.mem_get_info(x.device)[0] + cached
    else:
        workspace, free = WORKSPACE, _free()
    if free // SHARE < min(workspace, len(x) * bytes_a_point):
        warnings.warn(
            "Memory is short: fewer points at a time, and rounding may differ in the last digits.", stacklevel=3
        )
    return max(1, min(len(x), min(workspace, free // SHARE) // bytes_a_point))


def _free() -> int:
    """Bytes of available memory, with reclaimable caches; on systems without /proc/meminfo, as much as a workspace needs."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return SHARE * WORKSPACE


def in_chunks(compute: Compute, x: Tensor, chunk_size: int) -> Cores:
    """Compute chunk by chunk; if memory runs out, warn and try again with chunks of half the size.

    Raises `InputError` if memory runs out again.
    """
    for size in (chunk_size, max(1, chunk_size // 2)):
        try:
            whole = _in_chunks(compute, x, size)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            continue
        if size < chunk_size:
            warnings.warn(
                f"Memory ran out with {chunk_size} points at a time; {size} at a time fitted. Rounding may differ.",
                stacklevel=3,
            )
        return whole
    raise InputError(
        f"Memory ran out with {chunk_size} points at a time, and with {size} again; give a smaller chunk_size, or fewer points."
    )


def out_of_memory(error: Exception) -> bool:
    """Whether an error of PyTorch means that memory ran out: on the CPU it is a plain `RuntimeError`."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(phrase in str(error) for phrase in REFUSED)


def _in_chunks(compute: Compute, x: Tensor, chunk_size: int) -> Cores:
    """Compute chunk by chunk into tensors allocated once; results scattered between workspaces would fragment the memory."""
    whole: dict[str, Tensor | None] = {}
    for start in followed(range(0, len(x), chunk_size), unit=" parts"):
        for name, part in vars(compute(x[start : start + chunk_size])).items():
            if not start:
                whole[name] = None if part is None else part.new_empty((len(x), *part.shape[1:]))
            if part is not None:
                whole[name][start : start + chunk_size] = part  # type: ignore[index]
    return Cores(**whole)  # type: ignore[arg-type]
