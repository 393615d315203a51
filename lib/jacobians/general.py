r"""The general path: any pair of modules, through torch.func, a point at a time under vmap.

Forward mode, d products a point: the columns of B = J_D(z) are pushed through the encoder at x, which gives K, and at f(x),
which gives J_L: 3 d passes of tangents. Where a module has no forward-mode derivative, reverse mode: the rows of
J_E(x), and of J_E(f(x)), are pulled back through the decoder, 4 d passes. Neither needs N of them. Gram matrices
take the whole of A, d reverse passes more, and in reverse mode the whole of B, N passes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, jvp, vjp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from lib.errors import InputError
from lib.jacobians.result import Cores

Compute = Callable[[Tensor], Cores]
Map = Callable[[Tensor], Tensor]


def cores_of(
    encoder: nn.Module, decoder: nn.Module, probe: Tensor, latent_dim: int, grams: bool, errors: bool
) -> Compute:
    """The function that has the cores at points (points, ...), tried at `probe` (2, ...): forward mode, else reverse mode.

    Raises `InputError` where neither can differentiate the modules.
    """
    with torch.no_grad():
        latent_shape = encoder(probe.clone()).shape[1:]
    encode = _at_a_point(encoder, lambda x: x.clone(), lambda z: z.flatten())  # a copy, should it be changed in place
    decode = _at_a_point(decoder, lambda z: z.reshape(latent_shape).clone(), lambda x: x)
    reasons = []
    for cores_at in (_forward, _reverse):

        def compute(x: Tensor, cores_at: Callable[..., tuple[Tensor, ...]] = cores_at) -> Cores:
            with _differentiable():
                core, latent, mse, *extra = vmap(lambda point: cores_at(encode, decode, point, grams))(x)
            full = torch.full((len(x),), latent_dim, device=x.device)
            return Cores(core, latent, mse if errors else None, full, full.clone(), *extra)

        try:
            compute(probe)
            return compute
        except RuntimeError as error:  # a derivative that is missing in forward mode is one of these
            reasons.append(str(error).strip().split("\n")[0])
    raise InputError(
        f"The modules cannot be differentiated point by point ({reasons[-1]}); they should not change their input in place, "
        "draw random numbers, or branch on values."
    )


def numbers_a_point(encoder: nn.Module, decoder: nn.Module, probe: Tensor, latent_dim: int) -> int:
    """An upper bound of the numbers that `cores_of` holds at a time for each point: 2 (d + 1) times the activations.

    These are what automatic differentiation would keep of both modules at `probe` (1, ...), and the points themselves.
    """
    parameters = {one.data_ptr() for module in (encoder, decoder) for one in module.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in parameters:
            kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    alive = []  # what is kept stays allocated, lest an address comes up twice
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), _differentiable():
        alive.append(encoder(probe.detach().clone().requires_grad_() * 1))  # not a leaf: it may be changed in place
        alive.append(decoder(alive[0]))
    return 2 * (latent_dim + 1) * (sum(kept.values()) + 2 * probe.numel())


def _at_a_point(module: nn.Module, before: Map, after: Map) -> Map:
    """The module as a function of one point."""
    state = {name: one.detach() for name, one in (*module.named_parameters(), *module.named_buffers())}
    return lambda x: after(functional_call(module, state, (before(x)[None],))[0])


@contextmanager
def _differentiable() -> Iterator[None]:
    """Attention by its formula: the fused kernels have no forward-mode derivative."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def _forward(encode: Map, decode: Map, x: Tensor, grams: bool) -> tuple[Tensor, ...]:
    z = encode(x)
    columns = vmap(lambda e: jvp(decode, (z,), (e,))[1])(torch.eye(len(z), dtype=z.dtype, device=z.device))
    output = decode(z)
    core, latent = (vmap(lambda v, at=at: jvp(encode, (at,), (v,))[1])(columns).mT for at in (x, output))
    residual = output - x
    if not grams:
        return core, latent, residual.square().mean()
    return core, latent, residual.square().mean(), *_grams(jacrev(encode)(x), columns, residual)


def _reverse(encode: Map, decode: Map, x: Tensor, grams: bool) -> tuple[Tensor, ...]:
    z, pull, *_ = vjp(encode, x)
    output, pull_back, *_ = vjp(decode, z)
    _, pull_at_output, *_ = vjp(encode, output)
    units = torch.eye(len(z), dtype=z.dtype, device=z.device)
    core, latent = (vmap(lambda e, p=p: pull_back(p(e)[0])[0])(units) for p in (pull, pull_at_output))
    residual = output - x
    if not grams:
        return core, latent, residual.square().mean()
    columns = jacrev(decode)(z).movedim(-1, 0)
    return core, latent, residual.square().mean(), *_grams(vmap(pull)(units)[0], columns, residual)


def _grams(rows: Tensor, columns: Tensor, residual: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A A^T, B^T B and B^T r from the rows of A and the columns of B, both (d, ...)."""
    a, b = rows.flatten(1), columns.flatten(1)
    return a @ a.T, b @ b.T, b @ residual.flatten()
