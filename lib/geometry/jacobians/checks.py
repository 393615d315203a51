"""Refuse points and modules that the Jacobian engine cannot use."""

import torch
from torch import Tensor, nn

from lib.base.errors import InputError, nonfinite_rows
from lib.geometry.jacobians.fast import layers
from lib.geometry.jacobians.memory import out_of_memory
from lib.geometry.jacobians.trials import buffers, check_map

REAL_PRECISIONS = (torch.float32, torch.float64)


def check_chunk_size(chunk_size: int | None) -> None:
    """Raise `InputError` unless the size is positive or None."""
    if chunk_size is not None and chunk_size < 1:
        raise InputError(f"`chunk_size` should be positive, {chunk_size} was given; leave it out for the default.")


def check_points(x: Tensor, encoder: nn.Module) -> None:
    """Raise `InputError` unless x is finite, not empty, float32 or float64, and of the encoder's precision and device."""
    if not isinstance(encoder, nn.Module):
        raise InputError(f"The encoder should be a torch.nn.Module, {type(encoder).__name__} was given; wrap it.")
    if not isinstance(x, Tensor):
        raise InputError(f"Points should be a tensor, {type(x).__name__} was given; convert them with torch.as_tensor.")
    if not x.is_floating_point():
        raise InputError(f"Points should be floating point, {x.dtype} was given; convert and scale them to [0, 1].")
    if x.dtype not in REAL_PRECISIONS:
        raise InputError(
            f"Points should be float32 or float64, {x.dtype} was given; spectra need this precision: convert."
        )
    if x.ndim < 2 or x.numel() == 0:
        raise InputError(f"Points should have the shape (points, ...) with at least one, {tuple(x.shape)} was given.")
    if bad := nonfinite_rows(x):
        raise InputError(f"Points hold NaN or infinity in rows {bad[:5]}; remove the non-finite values.")
    parameter = next(encoder.parameters(), None)
    if parameter is not None and parameter.dtype != x.dtype:
        raise InputError(f"Points are {x.dtype} and the encoder is {parameter.dtype}; convert one to the other.")
    if parameter is not None and parameter.device != x.device:
        raise InputError(f"Points are on {x.device} and the encoder is on {parameter.device}; move one to the other.")


def check_modules(encoder: nn.Module, decoder: nn.Module, x: Tensor, compresses: bool = True) -> int:
    """The latent dimension d; raise `InputError` unless the pair is an autoencoder of points such as x.

    Passes up to four points through the pair (`lib.geometry.jacobians.trials`). `compresses`: d must not be larger than N.
    """
    if not isinstance(decoder, nn.Module):
        raise InputError(f"The decoder should be a torch.nn.Module, {type(decoder).__name__} was given; wrap it.")
    for name, module in (("encoder", encoder), ("decoder", decoder)):
        for part in module.modules():
            _check_part(part, name)
    states = buffers(encoder), buffers(decoder)
    try:
        return _check_pair(encoder, decoder, x, compresses)
    except InputError:
        for module, state in zip((encoder, decoder), states, strict=True):
            for name, buffer in module.named_buffers():
                if name in state and not torch.equal(buffer, state[name]):  # of a module in training
                    buffer.copy_(state[name])
        raise


def _check_pair(encoder: nn.Module, decoder: nn.Module, x: Tensor, compresses: bool) -> int:
    # Two points far apart: if a module mixes the points of a batch, the second changes the output of the first most.
    farthest = int((x - x[:1]).flatten(1).abs().sum(dim=1).argmax())
    points = x[[0, farthest, len(x) // 3, 2 * len(x) // 3][: max(2, min(len(x), 4))]]
    input_kind = f"points of shape {tuple(x.shape[1:])}"
    z = _passed(encoder, x[:1], "encoder", input_kind)
    if z.ndim < 2 or len(z) != 1:
        raise InputError(
            f"The encoder should return (points, d), for one point it returned {tuple(z.shape)}; reshape it."
        )
    latent_dim, input_dim = z[0].numel(), x[0].numel()
    code_kind = f"the encoder's output of shape {tuple(z.shape[1:])}"
    output = _passed(decoder, z, "decoder", code_kind)
    if output.shape != x[:1].shape:
        raise InputError(
            f"The decoder should return points of the shape {tuple(x.shape[1:])}, as the encoder takes; it returned "
            f"{tuple(output.shape[1:])}."
        )
    if compresses and latent_dim > input_dim:
        raise InputError(
            f"The latent dimension {latent_dim} is larger than the input's, {input_dim}; the cores would only add zeros "
            "to the spectrum: give a network that compresses."
        )
    for name, module, kind in (("encoder", encoder, input_kind), ("decoder", decoder, code_kind)):
        # Chains of known layers map each point alone, as their formula says.
        points = _passed(module, points, name, kind) if layers(module) else _tried(module, points, name, kind)
    return latent_dim


def _tried(module: nn.Module, points: Tensor, name: str, what: str) -> Tensor:
    return check_map(module, points, name, lambda x: _passed(module, x, name, what))


def _check_part(part: nn.Module, name: str) -> None:
    """Raise `InputError` for a layer whose answer depends on other points or on chance, or has no derivative."""
    kind = type(part).__name__
    if part.training and _changes_in_training(part):
        raise InputError(
            f"The {name} holds {kind} in training mode, so that a point's output depends on other points or on chance; "
            f"call {name}.eval() first."
        )
    if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.running_mean is None:
        raise InputError(
            f"The {name}'s output at a point depends on the other points of its batch: its {kind} has no running statistics; "
            "train it with track_running_stats=True, or use GroupNorm."
        )
    if ".quantized" in type(part).__module__:
        raise InputError(f"The {name} holds a quantised {kind}, which has no derivative; give the model in float32.")


def _changes_in_training(part: nn.Module) -> bool:
    if isinstance(part, nn.modules.dropout._DropoutNd):
        return part.p > 0
    if isinstance(part, (nn.MultiheadAttention, nn.RNNBase)):
        return part.dropout > 0
    return isinstance(part, (nn.modules.batchnorm._BatchNorm, nn.RReLU))


def _passed(module: nn.Module, x: Tensor, name: str, what: str) -> Tensor:
    try:
        with torch.no_grad():
            result = module(x.clone())
    except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
        if out_of_memory(error):
            raise
        first = next(part for part in module.modules() if not list(part.children()))
        narrow = isinstance(first, nn.Linear) and first.in_features != x.shape[-1]
        wanted = f"its first layer takes {first.in_features} columns" if narrow else "reshape them, or fix it"
        raise InputError(f"The {name} does not take {what} ({' '.join(str(error).split())}); {wanted}.") from error
    if not isinstance(result, Tensor):
        raise InputError(
            f"The {name} should return a tensor, it returned {type(result).__name__}; wrap it to return one."
        )
    if result.dtype != x.dtype:
        raise InputError(f"The {name} turns {x.dtype} into {result.dtype}; keep one precision throughout.")
    return result
