r"""The general path: any pair of modules that maps each point separately, by reverse mode on whole batches.

No point's output depends on the others (`lib.geometry.jacobians.checks`), so the gradient of the sum of z_i over the
points holds row i of J_E at each point. Pulled back through the decoder it is row i of K, or, from the rows at f(x), of
J_L: 4 d backward passes. Gram matrices need B as well: its column j is the gradient of (B^T u)_j by u, d more
passes through the decoder and its backward pass. Nothing takes N passes.
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
    """The function points (points, ...) -> cores; it raises `InputError` if autograd cannot follow the modules."""

    def compute(x: Tensor) -> Cores:
        with differentiable(encoder, decoder):
            x = _leaf(x)
            z = encoder(x * 1)  # not a leaf: a module may change its input in place, which autograd forbids for leaves
            code = _leaf(z)
            output = decoder(code * 1)
            image = _leaf(output)
            residual = (image - x).detach().flatten(1)

            def pulled_back(rows: Iterable[Tensor]) -> Tensor:
                return torch.stack([_gradient(output, code, row) for row in rows], dim=1)

            rows = list(_rows(z, x)) if grams else _rows(z, x)
            core, latent = pulled_back(rows), pulled_back(_rows(encoder(image * 1), image))
            full = torch.full((len(x),), core.shape[1], device=x.device)
            parts = core, latent, residual.square().mean(dim=1) if errors else None, full, full.clone()
            if not grams:
                return Cores(*parts)
            # B^T u is linear in u: at any u, the gradients of its components by u are the columns of B.
            across = torch.zeros_like(output, requires_grad=True)
            (pulled,) = torch.autograd.grad(output, code, across, create_graph=True)
            a, b = (torch.stack(list(part), dim=1).flatten(2) for part in (rows, _rows(pulled, across)))
            b = b.double()
            return Cores(*parts, a @ a.mT, b @ b.mT, (b @ residual.double()[:, :, None])[:, :, 0])

    return compute


def _leaf(x: Tensor) -> Tensor:
    return x.detach().clone().requires_grad_()


def _rows(z: Tensor, x: Tensor) -> Iterator[Tensor]:
    """The rows of the Jacobian of z (points, ...) by x (points, ...), one at a time, each in the shape of x."""
    return (_gradient(column.sum(), x).view_as(x) for column in z.flatten(1).unbind(dim=1))


def _gradient(output: Tensor, by: Tensor, cotangent: Tensor | None = None) -> Tensor:
    """The gradient (points, numbers) of `output` by `by`, weighted with the cotangent (1 for a scalar)."""
    return torch.autograd.grad(output, by, cotangent, retain_graph=True, materialize_grads=True)[0].flatten(1)


def floats_per_point(encoder: nn.Module, decoder: nn.Module, probe: Tensor, grams: bool) -> int:
    """About the numbers that `cores_of` holds per point: twice those that autograd saves for `probe` (1, ...), plus 10 N, and with
    `grams` plus 4 d N."""
    weights = (tensor for module in (encoder, decoder) for tensor in (*module.parameters(), *module.buffers()))
    of_weights = {tensor.untyped_storage().data_ptr() for tensor in weights}
    kept: dict[int, Tensor] = {}  # tensors and not sizes: the address of a freed tensor could be used again

    def keep(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in of_weights:
            kept[tensor.data_ptr()] = tensor.detach()  # with its graph it would hold itself, and never be freed
        return tensor.detach()

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        latent_dim = cores_of(encoder, decoder, grams=grams, errors=True)(probe).input.shape[1]
    return 2 * sum(tensor.numel() for tensor in kept.values()) + (10 + 4 * latent_dim * grams) * probe.numel()


@contextmanager
def no_tf32() -> Iterator[None]:
    """Compute convolutions on a GPU in full float32, not in TF32."""
    cudnn = torch.backends.cudnn
    with cudnn.flags(cudnn.enabled, cudnn.benchmark, deterministic=cudnn.deterministic, allow_tf32=False):
        yield


@contextmanager
def differentiable(*modules: nn.Module) -> Iterator[None]:
    """Switch autograd on, whatever the caller has set; its errors become `InputError`.

    Attention uses its formula and recurrent layers avoid cuDNN, whose kernels cannot be differentiated twice or, in
    evaluation mode, at all.
    """
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
