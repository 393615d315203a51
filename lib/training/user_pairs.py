"""Encoder and decoder in what a user's code returns: a pair, a dictionary, or a model that has the two.

A variational module stands for its mean: where it returns a distribution, or several tensors of one shape, `MeanOutput`
returns the mean. Wrappers of torch.compile and DataParallel are taken off; they change no value.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel)
# Names in structured outputs.
MEANS = ("latent_dist", "mean", "mu", "loc", "z_mean", "embedding", "reconstruction", "sample")


class MeanOutput(nn.Module):
    """A method of a module as a module that returns one tensor: the output itself, or its mean.

    Of a distribution: `mean`. Of a dictionary or object: the first of `MEANS`. Of two or three tensors of one shape: the first
    that chance does not change, as in (mean, logarithm of the variance) and (sample, mean, logarithm of the variance).
    Any other output is returned as it is. `note`: which of these was met.
    """

    def __init__(self, module: nn.Module, method: str = "forward") -> None:
        super().__init__()
        self.module, self.method, self.note = module, method, ""
        self.train(module.training)

    def forward(self, x: Tensor) -> Any:
        """The output at points x (points, ...)."""
        call = self.module if self.method == "forward" else getattr(self.module, self.method)
        output = call(x)
        while not isinstance(output, Tensor):
            if isinstance(output, Sequence) and len(output) == 1:
                output = output[0]
                continue
            found, words = self._mean(output, call, x)
            if found is None:
                break
            output, self.note = found, f"returns {words}"
        return output

    @staticmethod
    def _mean(output: Any, call: Any, x: Tensor) -> tuple[Any, str]:
        """The mean in an output, or None, and what the output is, in words."""
        kind = type(output).__name__
        if isinstance(output, Distribution):
            return output.mean, f"a distribution ({kind}), whose mean is taken"
        if _are_alike(output):
            steady = _steady(output, call, x)
            words = f"{len(output)} tensors of one shape, as a variational one; number {steady + 1} is taken, its mean"
            return output[steady], words
        for name in MEANS:
            found = output.get(name) if isinstance(output, Mapping) else getattr(output, name, None)
            if isinstance(found, (Tensor, Distribution)) or (name == "latent_dist" and found is not None):
                return found, f"{kind}, whose {'mean' if name in MEANS[:5] else name} is taken"
        return None, kind


def _are_alike(output: Any) -> bool:
    """Whether an output is two or three tensors of one shape."""
    if not isinstance(output, (tuple, list)) or len(output) not in (2, 3):
        return False
    return all(isinstance(part, Tensor) and part.shape == output[0].shape for part in output)


def _steady(output: Sequence[Tensor], call: Any, x: Tensor) -> int:
    """The place of the first tensor that is the same under other random numbers."""
    devices = [x.device] if x.is_cuda else []
    with torch.no_grad(), torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        others = call(x)
    return next((place for place, part in enumerate(output) if torch.equal(part, others[place])), 0)


def pair_of(value: Any) -> tuple[nn.Module, nn.Module, str] | None:
    """Encoder, decoder, and how they were found in a value, in words; None where there are none.

    Taken: two modules in a sequence, `nn.ModuleList` or `nn.Sequential`; a mapping or `nn.ModuleDict` with the keys `encoder` and
    `decoder`; a module with the methods `encode` and `decode`; anything with the modules `encoder` and `decoder`.
    """
    value = unwrapped(value) if isinstance(value, nn.Module) else value
    if isinstance(value, (Sequence, nn.ModuleList, nn.Sequential)) and len(value) == 2:
        parts, how = tuple(value), ""
    elif isinstance(value, (Mapping, nn.ModuleDict)):
        parts, how = tuple(dict(value.items()).get(key) for key in ("encoder", "decoder")), ""
    elif isinstance(value, nn.Module) and all(callable(getattr(value, name, None)) for name in ("encode", "decode")):
        parts = MeanOutput(value, "encode"), MeanOutput(value, "decode")
        how = f"the methods `encode` and `decode` of {type(value).__name__}"
    else:
        parts = tuple(getattr(value, name, None) for name in ("encoder", "decoder"))
        how = f"the modules `encoder` and `decoder` of {type(value).__name__}, whose own `forward` is not called"
    if not all(isinstance(part, nn.Module) for part in parts):
        return None
    encoder, decoder = (unwrapped(part) for part in parts)
    return _with_mean(encoder), _with_mean(decoder), how


def _with_mean(module: nn.Module) -> nn.Module:
    """The module itself where it ends in a layer of torch.nn, which returns a tensor; else its `MeanOutput`."""
    last = module
    while isinstance(last, nn.Sequential) and len(last):
        last = last[-1]
    plain = type(last).__module__.startswith("torch.nn.modules") and not isinstance(last, nn.RNNBase)
    return module if plain or isinstance(module, MeanOutput) else MeanOutput(module)


def unwrapped(module: nn.Module) -> nn.Module:
    """The module without the wrappers of torch.compile, which cannot be differentiated twice, and of DataParallel, at any depth."""
    module = _inside(module)
    for part in list(module.modules()):
        if not isinstance(part, torch.jit.ScriptModule):
            part._compiled_call_impl = None  # of Module.compile()
            for name, child in part.named_children():
                setattr(part, name, _inside(child))
    return module


def _inside(module: nn.Module) -> nn.Module:
    while isinstance(inner := getattr(module, "_orig_mod", getattr(module, "module", None)), nn.Module):
        if not (hasattr(module, "_orig_mod") or isinstance(module, PARALLEL)):
            break
        module = inner
    return module
