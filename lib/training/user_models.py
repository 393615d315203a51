"""A user's autoencoder: weights in a safetensors file with an architecture, or code that returns the pair.

All models are loaded through `load_model`. An architecture is JSON or YAML, two lists of layers of torch.nn with arguments:

    encoder: [{Linear: [64, 32]}, ReLU, {Linear: [32, 8]}]
    decoder: [{Linear: [8, 32]}, ReLU, {Linear: {in_features: 32, out_features: 64, bias: true}}]

The weights have the names of a module with these two `nn.Sequential`s: `encoder.0.weight`, `decoder.2.bias`. The
architecture is a separate file, or the entry "architecture" of the safetensors metadata; the weight files of this
project's runs (`lib.training.weights`) contain theirs already.
"""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from lib.base import documents
from lib.base.errors import InputError
from lib.base.usercode import call, is_code, reason, some
from lib.training.weights import load_weights

LAYERS = (
    *("Linear", "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d", "Flatten", "Unflatten", "Identity"),
    *("ReLU", "LeakyReLU", "PReLU", "Hardtanh", "ReLU6", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Softplus"),
    *(
        "Sigmoid",
        "Tanh",
        "Softsign",
        "Hardsigmoid",
        "Hardswish",
        "BatchNorm1d",
        "BatchNorm2d",
        "LayerNorm",
        "GroupNorm",
    ),
    *("MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "Upsample", "PixelShuffle", "Dropout", "Dropout2d"),
)
WORDS = ("same", "valid", "zeros", "reflect", "replicate", "circular", "nearest", "bilinear", "bicubic", "tanh", "none")


@dataclass(frozen=True)
class Model:
    """A named autoencoder; `code`: whether the user's code returned it."""

    name: str
    encoder: nn.Module
    decoder: nn.Module
    code: bool

    @property
    def weight(self) -> Tensor:
        """The first parameter: points must have its precision and device."""
        modules = (self.encoder, self.decoder)
        return next((weight for module in modules for weight in module.parameters()), torch.empty(0))


def load_model(source: str, architecture: str = "", folder: Path = Path()) -> Model:
    """The autoencoder of `FILE.safetensors`, in float64 and evaluation mode, or the pair that `package.module:function` returns.

    `architecture`: the path of the architecture, unless the file contains it. Relative paths start from `folder`.
    Raises `InputError` for files that are missing, damaged, or of another architecture.
    """
    if is_code(source):
        pair = call(source, folder)
        if not (
            isinstance(pair, Sequence) and len(pair) == 2 and all(isinstance(module, nn.Module) for module in pair)
        ):
            raise InputError(f"{source} returned {_shown(pair)}; it should return two modules, (encoder, decoder).")
        for weight in (*pair[0].parameters(), *pair[1].parameters()):
            if weight.dtype not in (torch.float32, torch.float64):
                raise InputError(
                    f"{source} returned weights of {weight.dtype}; convert the modules to float32 or float64."
                )
        return Model(source, pair[0], pair[1], True)
    path = folder / source
    if path.suffix != ".safetensors":
        raise InputError(
            f"The model {source!r} is neither FILE.safetensors nor package.module:function; other formats can hide code: "
            "save the weights with safetensors.torch.save_file."
        )
    if not path.is_file():
        raise InputError(f"{path} is not a file; give the path of a safetensors file.")
    try:
        with safe_open(path, "pt") as saved:
            encoder, decoder = _pair(saved, path, folder / architecture if architecture else None)
    except InputError:
        raise
    except Exception as error:  # safetensors, and torch when it fills the layers, raise many types
        raise InputError(f"{path} is not a readable safetensors file ({reason(error)}); write it again.") from error
    for part, module in (("encoder", encoder), ("decoder", decoder)):
        for name, weight in module.state_dict().items():
            if not torch.isfinite(weight).all():
                raise InputError(f"{path} has NaN or infinity in {part}.{name}; train the network again.")
    return Model(source, encoder.double().eval(), decoder.double().eval(), False)


def _pair(saved: Any, path: Path, architecture: Path | None) -> tuple[nn.Module, nn.Module]:
    metadata = saved.metadata() or {}
    if architecture is not None:
        return _filled(
            saved, path, parse_architecture(documents.text(architecture, str(architecture)), str(architecture))
        )
    if "architecture" in metadata:
        return _filled(saved, path, parse_architecture(metadata["architecture"], f"the architecture in {path}"))
    if "widths" in metadata:
        return load_weights(path)[0]
    raise InputError(f"{path} does not contain its architecture; give --architecture FILE (JSON or YAML).")


def _shown(value: object) -> str:
    return reprlib.repr(value)[:120]


def parse_architecture(text: str, name: str) -> nn.ModuleDict:
    """The autoencoder of an architecture, on the meta device: with shapes, but without memory."""
    content = documents.parse(text, name)
    if not isinstance(content, dict) or set(content) != {"encoder", "decoder"}:
        raise InputError(f"{name} is {_shown(content)}; give two lists of layers, `encoder` and `decoder`.")
    chains = {}
    for part in ("encoder", "decoder"):
        if not isinstance(content[part], list) or not content[part]:
            raise InputError(f"{name} has {_shown(content[part])} for its {part}; give a list of layers.")
        with torch.device("meta"):
            chains[part] = nn.Sequential(*(_layer(entry, name) for entry in content[part]))
    return nn.ModuleDict(chains)


def _layer(entry: object, name: str) -> nn.Module:
    """One layer: "ReLU", {"Linear": [64, 32]} or {"Linear": {"in_features": 64, "out_features": 32}}."""
    if isinstance(entry, str):
        entry = {entry: []}
    if not isinstance(entry, dict) or len(entry) != 1:
        raise InputError(f"{name} has the layer {_shown(entry)}; write it as ReLU or {{Linear: [64, 32]}}.")
    kind, arguments = next(iter(entry.items()))
    if kind not in LAYERS:
        raise InputError(f"{name} has the layer {_shown(kind)}, which is none of: {', '.join(LAYERS)}.")
    arguments = [] if arguments is None else arguments
    arguments = arguments if isinstance(arguments, (list, dict)) else [arguments]
    values = list(arguments.values()) if isinstance(arguments, dict) else arguments
    flat = [part for value in values for part in (value if isinstance(value, list) else [value])]
    if not all(part is None or isinstance(part, (bool, int, float)) or part in WORDS for part in flat):
        raise InputError(f"{name} has {kind} with {_shown(arguments)}; give numbers, and the options of torch.nn.")
    plain = [tuple(value) if isinstance(value, list) else value for value in values]
    try:
        if isinstance(arguments, dict):
            return getattr(nn, kind)(**dict(zip(arguments, plain, strict=True)))
        return getattr(nn, kind)(*plain)
    except Exception as error:  # torch.nn raises many types for wrong arguments
        raise InputError(f"{name} has {kind} with {_shown(arguments)} ({reason(error)}); see torch.nn.") from error


def _filled(saved: Any, path: Path, pair: nn.ModuleDict) -> tuple[nn.Module, nn.Module]:
    """The pair with the weights of the file; `InputError` unless names, shapes and types agree."""
    expected, present = pair.state_dict(), set(saved.keys())
    for names, what in (
        (set(expected) - present, "lacks"),
        (present - set(expected), "has, unlike its architecture,"),
    ):
        if names:
            raise InputError(f"{path} {what} the weights {some(sorted(names))}; give the right architecture.")
    tensors: dict[str, Tensor] = {}
    for name, wanted in expected.items():
        shape = tuple(saved.get_slice(name).get_shape())
        if shape != tuple(wanted.shape):
            raise InputError(
                f"{path} has {name} of shape {shape}, the architecture {tuple(wanted.shape)}; give the right architecture."
            )
        tensors[name] = saved.get_tensor(name)
        if tensors[name].is_floating_point() != wanted.is_floating_point():
            raise InputError(f"{path} has {name} as {tensors[name].dtype}; save the weights as floating point numbers.")
        if wanted.is_floating_point():
            tensors[name] = tensors[name].double()
    pair.load_state_dict(tensors, assign=True)
    return pair["encoder"], pair["decoder"]
