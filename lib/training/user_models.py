"""A user's autoencoder: weights in a file with an architecture, or code that returns encoder and decoder.

All models are loaded through `load_model`. An architecture is JSON or YAML, two lists of layers of torch.nn with arguments:

    encoder: [{Linear: [64, 32]}, ReLU, {Linear: [32, 8]}]
    decoder: [{Linear: [8, 32]}, ReLU, {Linear: {in_features: 32, out_features: 64, bias: true}}]

The weights have the names of a module with these two `nn.Sequential`s: `encoder.0.weight`, `decoder.2.bias`. The
architecture is a separate file, or the entry "architecture" of the safetensors metadata; the weight files of this
project's runs (`lib.training.weights`) contain theirs already. Prefixes that wrappers add to the names are dropped.
"""

import reprlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from lib.base import documents
from lib.base.errors import InputError
from lib.base.user_points import torch_content
from lib.base.usercode import MODELS, call, check_there, is_code, reason, some
from lib.training.user_pairs import MeanOutput, pair_of
from lib.training.weights import load_weights

WRAPPERS = ("module", "_orig_mod")  # parts of names that DataParallel and torch.compile add
COUNTED = "num_batches_tracked"  # of normalisation layers: read in training alone

LAYERS = (
    *("Linear", "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d", "Flatten", "Unflatten", "Identity"),
    *("ReLU", "LeakyReLU", "PReLU", "Hardtanh", "ReLU6", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Softplus"),
    *("Sigmoid", "Tanh", "Softsign", "Hardsigmoid", "Hardswish"),
    *("BatchNorm1d", "BatchNorm2d", "LayerNorm", "GroupNorm"),
    *("MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "Upsample", "PixelShuffle", "Dropout", "Dropout2d"),
)
WORDS = ("same", "valid", "zeros", "reflect", "replicate", "circular", "nearest", "bilinear", "bicubic", "tanh", "none")


@dataclass(frozen=True)
class Model:
    """A named autoencoder; `code`: whether the user's code returned it; `taken`: how encoder and decoder were found."""

    name: str
    encoder: nn.Module
    decoder: nn.Module
    code: bool
    taken: str = ""

    @property
    def notes(self) -> list[str]:
        """How encoder and decoder were found, and which of their outputs is taken; known once points have passed."""
        parts = (("encoder", self.encoder), ("decoder", self.decoder))
        means = [f"the {name} {part.note}" for name, part in parts if isinstance(part, MeanOutput) and part.note]
        return [*([self.taken] if self.taken else []), *means]

    @property
    def weight(self) -> Tensor:
        """The first parameter: points must have its precision and device."""
        modules = (self.encoder, self.decoder)
        return next((weight for module in modules for weight in module.parameters()), torch.empty(0))


def load_model(source: str, architecture: str = "", folder: Path = Path()) -> Model:
    """The autoencoder of `FILE.safetensors`, `FILE.pt` or `FILE.pth`, in float64 and evaluation mode, or the encoder and decoder
    in what `package.module:function` returns (`lib.training.user_pairs.pair_of`).

    `architecture`: the path of the architecture, unless the file contains it. Relative paths start from `folder`.
    Raises `InputError` for files that are missing, damaged, or of another architecture.
    """
    check_there(source, folder, MODELS)
    if is_code(source):
        value = call(source, folder)
        pair = pair_of(value)
        if pair is None:
            parts = [name for name, _ in value.named_children()] if isinstance(value, nn.Module) else []
            named = len(parts) > 1 and all(map(str.isidentifier, parts))
            two = f"(model.{parts[0]}, model.{parts[-1]})" if named else "(encoder, decoder)"
            what = f"a {type(value).__name__} with the parts {some(parts)}" if parts else _shown(value)
            raise InputError(f"{source} returned {what}; return two modules, {two}, or name them encoder and decoder.")
        for weight in (*pair[0].parameters(), *pair[1].parameters()):
            if weight.dtype not in (torch.float32, torch.float64):
                raise InputError(
                    f"{source} returned weights of {weight.dtype}; convert the modules to float32 or float64."
                )
        return Model(source, pair[0], pair[1], True, pair[2])
    path = folder / source
    try:
        weights, metadata = _weights_in(path)
        encoder, decoder, taken = _pair(weights, metadata, path, folder / architecture if architecture else None)
    except InputError:
        raise
    except Exception as error:  # safetensors, and torch when it fills the layers, raise many types
        raise InputError(
            f"{path} is not a readable {path.suffix[1:]} file ({reason(error)}); write it again."
        ) from error
    for part, module in (("encoder", encoder), ("decoder", decoder)):
        for name, weight in module.state_dict().items():
            if not torch.isfinite(weight).all():
                raise InputError(f"{path} has NaN or infinity in {part}.{name}; train the network again.")
    return Model(source, encoder.double().eval(), decoder.double().eval(), False, taken)


def _weights_in(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file by name, and its metadata. A second name of a tied weight, which safetensors keeps in the
    metadata, has the tensor as well."""
    if path.suffix.lower() != ".safetensors":
        content = torch_content(path)
        parts = [content, *content.values()] if isinstance(content, Mapping) else []
        # A checkpoint holds the weights as one entry of several.
        for state in filter(lambda part: isinstance(part, Mapping), parts):
            if tensors := {str(name): value for name, value in state.items() if isinstance(value, Tensor)}:
                return tensors, {}
        raise InputError(f"{path} holds {_shown(content)}, no weights by name; save the state_dict() of the model.")
    with safe_open(path, "pt") as saved:
        metadata = saved.metadata() or {}
        tensors = {name: saved.get_tensor(name) for name in saved.keys()}  # noqa: SIM118 (no mapping)
    return tensors | {name: tensors[kept] for name, kept in metadata.items() if kept in tensors}, metadata


def _pair(
    weights: Mapping[str, Tensor], metadata: Mapping[str, str], path: Path, architecture: Path | None
) -> tuple[nn.Module, nn.Module, str]:
    if architecture is not None:
        text, name = documents.text(architecture, str(architecture)), str(architecture)
    elif "architecture" in metadata:
        text, name = metadata["architecture"], f"the architecture in {path}"
    elif "widths" in metadata:
        return *load_weights(path)[0], ""
    else:
        raise InputError(f"{path} does not contain its architecture; give --architecture FILE (JSON or YAML).")
    return _filled(weights, path, parse_architecture(text, name))


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


def _filled(weights: Mapping[str, Tensor], path: Path, pair: nn.ModuleDict) -> tuple[nn.Module, nn.Module, str]:
    """The pair with the weights of a file, and the dropped prefixes in words; `InputError` unless names, shapes and types agree."""
    counters = {name: weight for name, weight in pair.state_dict().items() if name.endswith(COUNTED)}
    expected = {name: weight for name, weight in pair.state_dict().items() if name not in counters}
    weights = {name: weight for name, weight in weights.items() if not name.endswith(COUNTED)}
    names = _names_in(weights, expected, path)
    taken = {name: weights[given] for name, given in names.items()}
    others = set(weights) - set(names.values())
    left = sorted(name for name in others if not _is_among(weights[name], taken.values()))
    if lacking := sorted(set(expected) - set(taken)):
        raise InputError(
            f"{path} lacks the weights {some(lacking)}; it holds {some(left or sorted(weights))}. Give the architecture "
            "with these names, and save tied weights under each name."
        )
    if left:
        raise InputError(f"{path} has, unlike its architecture, the weights {some(left)}; give the right architecture.")
    tensors = {name: torch.zeros_like(counter, device="cpu") for name, counter in counters.items()}
    for name, wanted in expected.items():
        tensor = taken[name]
        if tensor.shape != wanted.shape:
            raise InputError(
                f"{path} has {name} of shape {tuple(tensor.shape)}, the architecture {tuple(wanted.shape)}; give the right "
                "architecture."
            )
        if not tensor.is_floating_point():
            raise InputError(f"{path} has {name} as {tensor.dtype}; save the weights as floating point numbers.")
        tensors[name] = tensor.double()
    pair.load_state_dict(tensors, assign=True)
    dropped = sorted({given.removesuffix(name) for name, given in names.items()} - {""})
    return pair["encoder"], pair["decoder"], f"weights named without the prefix {some(dropped)}" if dropped else ""


def _names_in(weights: Collection[str], expected: Collection[str], path: Path) -> dict[str, str]:
    """For each expected name the name in the file: the same, or the same behind a prefix, without the parts that wrappers add."""
    plain = {given: ".".join(part for part in given.split(".") if part not in WRAPPERS) for given in weights}
    names = {}
    for name in expected:
        same = [given for given in weights if plain[given] == name]
        found = same or [given for given in weights if plain[given].endswith(f".{name}")]
        if len(found) > 1:
            raise InputError(
                f"{path} has {name} several times, as {some(found)}; save the weights of one network alone."
            )
        if found:
            names[name] = found[0]
    return names


def _is_among(tensor: Tensor, others: Iterable[Tensor]) -> bool:
    return any(tensor.dtype == other.dtype and torch.equal(tensor, other) for other in others)
