"""A member's weights on the disk, with the history of their training."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lib import files
from lib.arrays import check_ordinary
from lib.autoencoders import Pair, build, linear_layers
from lib.runs.store import damaged


def save_weights(path: Path, pair: Pair, metadata: dict[str, str]) -> None:
    """Write a member's weights, float32, as safetensors, its widths and output among the metadata."""
    encoder, decoder = pair
    chain = linear_layers(encoder) + linear_layers(decoder)
    tensors = {}
    for index, layer in enumerate(chain):
        tensors |= {f"{index}.weight": layer.weight.detach(), f"{index}.bias": layer.bias.detach()}
    checksum = files.digest([files.sha256(tensor.numpy().tobytes()) for tensor in tensors.values()])
    member_widths = [chain[0].in_features, *(layer.out_features for layer in chain[: len(chain) // 2])]
    output = "affine" if decoder[-1] is chain[-1] else "sigmoid"
    metadata = metadata | {"widths": json.dumps(member_widths), "output": output, "sha256": checksum}
    with files.replacing(path) as temporary:
        save_file(tensors, temporary, metadata)


def load_weights(path: Path) -> tuple[Pair, dict[str, str]]:
    """Read a member's weights back as a plain pair, with the metadata; `InputError` for a truncated or altered file."""
    try:
        check_ordinary(path)
        with safe_open(path, "pt") as saved:
            metadata = {"code": "", "history": "{}"} | saved.metadata()
            decoded_history(metadata["history"])
            sizes = [int(width) for width in json.loads(metadata["widths"])]
            shapes = enumerate(_shapes(sizes))
            if len(sizes) < 2 or any(tuple(saved.get_slice(f"{i}.weight").get_shape()) != one for i, one in shapes):
                raise ValueError("its widths are not those of its weights")
            encoder, decoder = build(sizes, seed=0, output=metadata["output"])
            tensors = {}
            for index, layer in enumerate(linear_layers(encoder) + linear_layers(decoder)):
                for name in ("weight", "bias"):
                    tensors[f"{index}.{name}"] = saved.get_tensor(f"{index}.{name}")
                    getattr(layer, name).data.copy_(tensors[f"{index}.{name}"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise damaged(path, error) from error
    if files.digest([files.sha256(tensor.numpy().tobytes()) for tensor in tensors.values()]) != metadata.get("sha256"):
        raise damaged(path, "its checksum does not match")
    return (encoder, decoder), metadata


def _shapes(sizes: list[int]) -> list[tuple[int, int]]:
    """The shapes of the 2n weights of a member of these widths."""
    mirrored = sizes + sizes[-2::-1]
    return list(zip(mirrored[1:], mirrored[:-1], strict=True))


def encoded_history(epochs: list[int], columns: dict[str, list[float]]) -> str:
    """A training history as JSON; NaN (not evaluated) is null."""
    values = {name: [None if value != value else value for value in column] for name, column in columns.items()}
    return json.dumps({"epoch": epochs} | values)


def decoded_history(text: str) -> list[dict[str, Any]]:
    """The history's rows: epoch, train_mse, test_mse (None where not evaluated)."""
    columns = json.loads(text)
    if not isinstance(columns, dict):
        raise ValueError("its history is none")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
