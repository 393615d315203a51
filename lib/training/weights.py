"""The weights of a network as a file, with the history of its training."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from lib.base import files
from lib.base.files import corrupt_file_error
from lib.base.untrusted import check_ordinary
from lib.training.autoencoders import Pair, affine_layers, build, widths_of


def encoded_weights(pair: Pair, metadata: dict[str, str]) -> bytes:
    """The weights of a pair, float32, as safetensors; the metadata hold its widths, its output and a checksum."""
    tensors = {}
    for index, layer in enumerate(affine_layers(pair)):
        tensors |= {f"{index}.weight": layer.weight.detach(), f"{index}.bias": layer.bias.detach()}
    output = "sigmoid" if isinstance(pair[1][-1], nn.Sigmoid) else "affine"
    content = {"widths": json.dumps(widths_of(pair)), "output": output, "sha256": _checksum(tensors.values())}
    return save(tensors, metadata | content)


def decoded(content: bytes, path: Path) -> tuple[Pair, dict[str, str]]:
    """The pair and the metadata of a weight file; `InputError`, naming `path`, if it is truncated or altered."""
    try:
        header = 8 + int.from_bytes(content[:8], "little")  # safetensors: a length, a JSON header, the numbers
        tensors = load(content)
        metadata = {"code": "", "history": "{}"} | json.loads(content[8:header])["__metadata__"]
        decoded_history(metadata["history"])
        sizes = [int(width) for width in json.loads(metadata["widths"])]
        # Before `build` allocates: forged widths could ask for any amount of memory.
        shapes = enumerate(_shapes(sizes))
        if len(sizes) < 2 or any(tuple(tensors[f"{i}.weight"].shape) != shape for i, shape in shapes):
            raise ValueError("its widths do not match its weights")
        pair = build(sizes, seed=0, output=metadata["output"])
        read = []
        for index, layer in enumerate(affine_layers(pair)):
            for name in ("weight", "bias"):
                read.append(tensors[f"{index}.{name}"])
                getattr(layer, name).data.copy_(read[-1])
        expected = metadata["sha256"]
    except (SafetensorError, KeyError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise corrupt_file_error(path, error) from error
    if _checksum(read) != expected:
        raise corrupt_file_error(path, "its checksum does not match")
    return pair, metadata


def _checksum(tensors: Iterable[Tensor]) -> str:
    return files.digest([files.sha256(tensor.numpy().tobytes()) for tensor in tensors])


def load_weights(path: Path) -> tuple[Pair, dict[str, str]]:
    """The pair and the metadata of the file at `path` (`decoded`); `InputError` if there is no such file."""
    try:
        check_ordinary(path)
        return decoded(path.read_bytes(), path)
    except OSError as error:
        raise corrupt_file_error(path, error) from error


def _shapes(sizes: list[int]) -> list[tuple[int, int]]:
    """The shapes of the 2n weight matrices of a network of these widths."""
    mirrored = sizes + sizes[-2::-1]
    return list(zip(mirrored[1:], mirrored[:-1], strict=True))


def encoded_history(epochs: list[int], columns: dict[str, list[float]]) -> str:
    """A training history as JSON, with null for NaN (not evaluated)."""
    values = {name: [None if math.isnan(value) else value for value in column] for name, column in columns.items()}
    return json.dumps({"epoch": epochs} | values)


def decoded_history(text: str) -> list[dict[str, Any]]:
    """The rows of a history: epoch, train_mse, test_mse (None if not evaluated)."""
    columns = json.loads(text)
    if not isinstance(columns, dict):
        raise ValueError("its history is not a table")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
