r"""The general path: any pair of modules that maps each point by itself, by reverse mode on whole batches.

No point's output depends on the others (`lib.geometry.jacobians.checks`), so the gradient of the sum of z_i over the
points holds row i of J_E at every one of them. Pulled back through the decoder it is row i of K, or of J_L from the
rows at f(x): 4 d backward passes. Gram matrices take B as well: its column j is the gradient of (B^T u)_j by u, d passes
more, through the decoder and its backward pass. None of it takes N passes.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from lib.base.errors import InputError
from lib.geometry.jacobians.memory import out_of_memory
from lib.geometry.jacobians.result import Compute, Cores


def cores_of(encoder: nn.Module, decoder: nn.Module, *, grams: bool, errors: bool) -> Compute:
    """The function that has the cores at points (points, ...); it raises `InputError` where autograd cannot follow the modules."""

    def compute(x: Tensor) -> Cores:
        with _differentiable(encoder, decoder):
            x = _leaf(x)
            z = encoder(x * 1)  # not a leaf, should the module change it in place
            code = _leaf(z)
            output = decoder(code * 1)
            image = _leaf(output)
            residual = (image - x).detach().flatten(1)

            def pulled_back(rows: Iterable[Tensor]) -> Tensor:
                return torch.stack([_gradient(output, code, row) for row in rows], dim=1)

            rows = list(_rows(z, x)) if grams else _rows(z, x)
            core, latent = pulled_back(rows), pulled_back(_rows(encoder(image * 1), image))
            full = torch.full((len(x),), core.shape[1], device=x.device)
            found = core, latent, residual.square().mean(dim=1) if errors else None, full, full.clone()
            if not grams:
                return Cores(*found)
            across = torch.zeros_like(output, requires_grad=True)
            (pulled,) = torch.autograd.grad(output, code, across, create_graph=True)
            a, b = (torch.stack(list(one), dim=1).flatten(2) for one in (rows, _rows(pulled, across)))
            return Cores(*found, a @ a.mT, b @ b.mT, (b @ residual[:, :, None])[:, :, 0])

    return compute


def _leaf(x: Tensor) -> Tensor:
    return x.detach().clone().requires_grad_()


def _rows(z: Tensor, x: Tensor) -> Iterator[Tensor]:
    """The rows of the Jacobian of z (points, ...) by x (points, ...), one after the other, each in the shape of x."""
    return (_gradient(column.sum(), x).view_as(x) for column in z.flatten(1).unbind(dim=1))


def _gradient(output: Tensor, by: Tensor, cotangent: Tensor | None = None) -> Tensor:
    """The cotangent (1 of a scalar) pulled back (points, numbers)."""
    return torch.autograd.grad(output, by, cotangent, retain_graph=True, materialize_grads=True)[0].flatten(1)


def floats_per_point(encoder: nn.Module, decoder: nn.Module, probe: Tensor, grams: bool) -> int:
    """How many numbers `cores_of` holds at a time for each point, about: twice what autograd keeps of `probe` (1, ...) on the way,
    10 N, and with `grams` 2 d N."""
    weights = (one for module in (encoder, decoder) for one in (*module.parameters(), *module.buffers()))
    own = {one.untyped_storage().data_ptr() for one in weights}
    kept: dict[int, Tensor] = {}  # the tensors, lest an address comes up twice

    def keep(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        latent_dim = cores_of(encoder, decoder, grams=grams, errors=True)(probe).input.shape[1]
    return 2 * sum(one.numel() for one in kept.values()) + (10 + 2 * latent_dim * grams) * probe.numel()


@contextmanager
def no_tf32() -> Iterator[None]:
    """Convolutions on a GPU in float32 as it stands, not in TF32."""
    cudnn = torch.backends.cudnn
    with cudnn.flags(cudnn.enabled, cudnn.benchmark, deterministic=cudnn.deterministic, allow_tf32=False):
        yield


@contextmanager
def _differentiable(*modules: nn.Module) -> Iterator[None]:
    """Autograd, whatever the caller has switched off; attention by its formula, and recurrent layers without cuDNN, whose
    kernels cannot be differentiated twice, or in evaluation. What autograd refuses becomes an `InputError`."""
    recurrent = any(isinstance(part, nn.RNNBase) for module in modules for part in module.modules())
    try:
        with torch.inference_mode(False), torch.enable_grad(), sdpa_kernel(SDPBackend.MATH), no_tf32():
            torch.backends.cudnn.enabled &= not recurrent
            yield
    except RuntimeError as error:
        if out_of_memory(error):
            raise
        raise InputError(
            f"The modules cannot be differentiated ({str(error).strip().splitlines()[0]}); they should use operations that "
            "autograd follows, and leave it on."
        ) from error
