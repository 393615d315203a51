"""Training: autoencoders of equal depth, trained together as one stack; a resumed training gives the same bits.

The loss is the sum of the losses of the members, mean squared errors or mean binary cross-entropies. It separates, so each
member has the gradient and the Adam state of a network trained alone. Initialisation depends only on seed and widths, the
order of the points in an epoch only on (seed, epoch): the result of a member does not depend on the other members.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from lib.base import files
from lib.base.errors import InputError, check_known
from lib.training.autoencoders import Stack
from lib.training.options import LOSSES, PRECISIONS

CHECKPOINT_SECONDS = 60.0
REGISTER = 16  # elements in the widest vector register (AVX-512, float32)
MOMENTS = ("exp_avg", "exp_avg_sq", "step")  # the state of Adam for a parameter


@dataclass(frozen=True)
class Settings:
    """Settings of a training: epochs, batch size, learning rate and weight decay of Adam, device, precision, loss.

    `precision` "float32" or "float64" trains in that type; "bfloat16" keeps float32 weights and multiplies in bfloat16
    (autocast). `loss` "squared", or "cross-entropy" of pixels and outputs in [0, 1]; the history holds mean squared errors
    with either. After each of the `snapshot_epochs` (0: before training) the callback `snapshot` receives the stack.
    """

    epochs: int
    batch_size: int
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    device: str = "cpu"
    precision: str = "float32"
    snapshot_epochs: tuple[int, ...] = ()
    loss: str = "squared"


class Diverged(InputError):
    """The loss of some `members` of a stack (indices) was not finite after `epoch`."""

    def __init__(self, sentence: str, members: list[int], epoch: int) -> None:
        super().__init__(sentence)
        self.members, self.epoch = members, epoch


Progress = Callable[[int, int], None]  # (epochs done, epochs in all)
Snapshot = Callable[[int, Stack], None]  # (epochs done, the stack at that time)
History = dict[str, list]  # "epoch": [...]; "train_mse", "test_mse": [[a value per member] per epoch]


def check_device(device: str, here: bool = True) -> None:
    """Raise `InputError` unless `device` is "cpu" or a CUDA device; it must exist on this machine if `here`."""
    named = device.partition(":")[0] == "cuda" and (device.partition(":")[2] or "0").isdecimal()
    if device != "cpu" and not (named and (torch.cuda.is_available() or not here)):
        raise InputError(f"Device {device!r} is not available; choose cpu (or cuda, on a machine with a GPU).")


def order_of_points(seed: int, epoch: int, points: int) -> Tensor:
    """The order (points,) of the training points in an epoch, for members of this seed."""
    return torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(points))


def evaluated(epoch: int, epochs: int) -> bool:
    """Whether the test error is measured after this epoch: 0, 1, 2, 3 and 5 times each power of ten, and the last epoch."""
    leading = epoch // 10 ** (len(str(epoch)) - 1)
    return epoch in (0, epochs) or (leading in (1, 2, 3, 5) and epoch == leading * 10 ** (len(str(epoch)) - 1))


def train(
    stack: Stack,
    seeds: Sequence[int],
    train_images: Tensor,
    test_images: Tensor,
    settings: Settings,
    checkpoint: Path | None = None,
    progress: Progress = lambda done, total: None,
    snapshot: Snapshot = lambda done, stack: None,
) -> History:
    """Train all members of `stack` in place; return the history of their errors.

    `train_images`, `test_images` (points, N). The history has a value per epoch and member: the training MSE, averaged
    over the batches while the weights change (NaN at epoch 0), and the test MSE (NaN unless `evaluated`).
    With a `checkpoint` path the state is saved about once a minute, and the next call resumes from it; the result is
    bitwise the same. Raises `Diverged`, an `InputError`, when the loss of a member is not finite.
    """
    check_known("precision", settings.precision, PRECISIONS)
    check_known("loss", settings.loss, LOSSES)
    check_device(settings.device)
    with _denormals_flushed():
        return _train(stack, seeds, train_images, test_images, settings, checkpoint, progress, snapshot)


@contextmanager
def _denormals_flushed() -> Iterator[None]:
    """Treat denormal numbers as 0 in this block: Adam's moments of dead units decay into them, and slow a step sixfold."""
    # torch has no query for this setting: it is on if the smallest denormal number, times 1, is 0.
    already = not (torch.tensor([5e-324], dtype=torch.float64) * 1).item()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(already)


def _train(
    stack: Stack,
    seeds: Sequence[int],
    train_images: Tensor,
    test_images: Tensor,
    settings: Settings,
    checkpoint: Path | None,
    progress: Progress,
    snapshot: Snapshot,
) -> History:
    dtype = torch.float64 if settings.precision == "float64" else torch.float32
    stack.weights = [weight.to(settings.device, dtype) for weight in stack.weights]
    stack.biases = [bias.to(settings.device, dtype) for bias in stack.biases]
    images, held_out = train_images.to(settings.device, dtype), test_images.to(settings.device, dtype)
    parameters = [parameter.requires_grad_() for parameter in stack.parameters()]
    adam = _adam(parameters, settings)
    history: History = {"epoch": [], "train_mse": [], "test_mse": []}
    if checkpoint is not None and checkpoint.exists():
        history = _restore(checkpoint, parameters, adam)
    else:
        _record(history, 0, [float("nan")] * len(seeds), _errors(stack, held_out, settings))
        if 0 in settings.snapshot_epochs:
            snapshot(0, stack)
    saved = time.monotonic()
    for epoch in range(history["epoch"][-1] + 1, settings.epochs + 1):
        train_mse = _epoch(stack, adam, images, seeds, epoch, settings)
        bad = [index for index, value in enumerate(train_mse) if not np.isfinite(value)]
        if bad:
            raise Diverged(
                f"The member of widths {stack.member_widths[bad[0]]} diverged (its loss is not finite after epoch "
                f"{epoch}); lower the learning rate {settings.learning_rate:g}.",
                bad,
                epoch,
            )
        test_mse = (
            _errors(stack, held_out, settings) if evaluated(epoch, settings.epochs) else [float("nan")] * len(seeds)
        )
        _record(history, epoch, train_mse, test_mse)
        if epoch in settings.snapshot_epochs:
            snapshot(epoch, stack)
        if checkpoint is not None and epoch < settings.epochs and time.monotonic() - saved > CHECKPOINT_SECONDS:
            _save(checkpoint, parameters, adam, history)
            saved = time.monotonic()
        progress(epoch, settings.epochs)
    stack.weights = [weight.detach().cpu() for weight in stack.weights]
    stack.biases = [bias.detach().cpu() for bias in stack.biases]
    return history


def _adam(parameters: list[Tensor], settings: Settings) -> torch.optim.Adam:
    """Adam, its fused kernel where that gives each member of a stack the same bits as alone.

    The kernel rounds the last elements of a tensor, those that do not fill a vector register, in another way than the rest.
    Which elements of a member are the last depends on the members beside it, unless each fills whole registers.
    """
    fused = [parameter for parameter in parameters if parameter[0].numel() % REGISTER == 0]
    plain = [parameter for parameter in parameters if parameter[0].numel() % REGISTER]
    groups = [{"params": group, "fused": kernel} for group, kernel in ((fused, True), (plain, False)) if group]
    return torch.optim.Adam(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def _epoch(
    stack: Stack, adam: torch.optim.Adam, images: Tensor, seeds: Sequence[int], epoch: int, settings: Settings
) -> list[float]:
    """One pass over the training points; the mean training error of each member."""
    orders = {seed: order_of_points(seed, epoch, len(images)).to(images.device) for seed in sorted(set(seeds))}
    total = torch.zeros(len(seeds), device=images.device, dtype=torch.float64)
    for start in range(0, len(images), settings.batch_size):
        if len(orders) == 1:  # one seed: all members share the batch, which is broadcast instead of copied
            batch = images[orders[seeds[0]][start : start + settings.batch_size]][None]
        else:
            batch = torch.stack([images[orders[seed][start : start + settings.batch_size]] for seed in seeds])
        with torch.autocast(images.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            output = stack.forward(batch)
        output = output.to(images.dtype)
        errors = (output - batch).square().mean(dim=(1, 2))
        losses = errors
        if settings.loss == "cross-entropy" and output.isfinite().all():  # else it has diverged, as the error tells
            losses = binary_cross_entropy(output, batch.expand_as(output), reduction="none").mean(dim=(1, 2))
        adam.zero_grad()
        losses.sum().backward()  # the gradient of a member is that of its loss alone
        adam.step()
        total += errors.detach() * batch.shape[1]
    return (total / len(images)).tolist()


@torch.no_grad()
def _errors(stack: Stack, images: Tensor, settings: Settings) -> list[float]:
    """The mean squared error of each member over these images."""
    total = torch.zeros(len(stack.member_widths), device=images.device, dtype=torch.float64)
    for batch in images.split(max(settings.batch_size, 1024)):
        total += (stack.forward(batch[None]) - batch).square().sum(dim=(1, 2))
    return (total / images.numel()).tolist()


def _record(history: History, epoch: int, train_mse: list[float], test_mse: list[float]) -> None:
    for name, value in (("epoch", epoch), ("train_mse", train_mse), ("test_mse", test_mse)):
        history[name].append(value)


def _save(path: Path, parameters: list[Tensor], adam: torch.optim.Adam, history: History) -> None:
    tensors = {}
    for index, parameter in enumerate(parameters):
        state = adam.state[parameter]
        tensors[f"{index}.parameter"] = parameter.detach()
        tensors |= {f"{index}.{name}": state[name] for name in MOMENTS}
    whole = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    past = json.dumps(history)
    files.write(path, save(whole, {"history": past, "sha256": _checksum(whole, past)}))


def _checksum(tensors: dict[str, Tensor], past: str) -> str:
    return files.digest([past, {name: files.sha256(one.numpy().tobytes()) for name, one in tensors.items()}])


def _restore(path: Path, parameters: list[Tensor], adam: torch.optim.Adam) -> History:
    with _opened(path) as saved:
        tensors = {name: saved.get_tensor(name) for name in saved.keys()}  # noqa: SIM118 (no mapping)
        metadata = saved.metadata()
        if _checksum(tensors, metadata["history"]) != metadata["sha256"]:
            raise ValueError("its checksum does not match")
        for index, parameter in enumerate(parameters):
            state = {name: tensors[f"{index}.{name}"].to(parameter.device) for name in MOMENTS}
            if any(one.shape != parameter.shape for one in (tensors[f"{index}.parameter"], state["exp_avg"])):
                raise ValueError(f"layer {index} is of another shape")
            with torch.no_grad():
                parameter.copy_(tensors[f"{index}.parameter"])
            adam.state[parameter] = state
        return json.loads(metadata["history"])


def checkpointed_epoch(path: Path) -> int:
    """The epoch after which a checkpoint was saved; `InputError` for a damaged file."""
    with _opened(path) as saved:
        return int(json.loads(saved.metadata()["history"])["epoch"][-1])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, "pt") as saved:
            yield saved
    except (SafetensorError, OSError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"The checkpoint {path.name} is damaged ({error}); delete it and run again.") from error
