"""Alternative routes to both cores of an autoencoder.

Each is a function of (encoder, decoder, x) for plain chains and points x (points, N), and returns K and J_L, (points, d, d)
each; the routes of `LATENT_ONLY` return J_L alone. All except ours receive a chunk of the points at a time. The peers are
imported if they are installed (`make bench`).
"""

import copy
import importlib
from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from torch.func import jacfwd, jacrev, vmap

from lib.geometry.jacobians import cores, general

Both = tuple[Tensor, Tensor]
Route = Callable[[nn.Module, nn.Module, Tensor], Both]
LatentRoute = Callable[[nn.Module, nn.Module, Tensor], Tensor]


def ours(encoder: nn.Module, decoder: nn.Module, x: Tensor, chunk_size: int | None = None) -> Both:
    """The fast path of `lib.geometry.jacobians`."""
    found = cores(encoder, decoder, x, chunk_size, errors=False)
    return found.input, found.latent


def ours_general(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Both:
    """The general path of `lib.geometry.jacobians`."""
    found = general.cores_of(encoder, decoder, grams=False, errors=False)(x)
    return found.input, found.latent


def func_forward(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Both:
    """torch.func, vmap(jacfwd): of t -> E(x + D(t) - D(z)) for K, and of t -> E(D(t)) for J_L."""

    def at_point(point: Tensor) -> Both:
        z = encoder(point)
        output = decoder(z)
        core = jacfwd(lambda t: encoder(point + decoder(t) - output))(z)
        return core, jacfwd(lambda t: encoder(decoder(t)))(z)

    with torch.no_grad():
        return vmap(at_point)(x)


def func_shared(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Both:
    """torch.func, jacfwd of a shift b common to all points, b -> (E(x + D(z + b) - D(z)), E(D(z + b))), at b = 0."""
    with torch.no_grad():
        z = encoder(x)
        output = decoder(z)

        def shifted(b: Tensor) -> Both:
            moved = decoder(z + b)
            return encoder(x + moved - output), encoder(moved)

        return jacfwd(shifted)(torch.zeros_like(z[0]))


def func_reverse(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Both:
    """torch.func, vmap(jacrev) of both encoders and vmap(jacfwd) of the decoder, and their products."""
    with torch.no_grad():
        z = encoder(x)
        b = vmap(jacfwd(decoder))(z)
        return vmap(jacrev(encoder))(x) @ b, vmap(jacrev(encoder))(decoder(z)) @ b


def autograd(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Both:
    """torch.autograd.functional.jacobian, vectorised, point by point, and products."""
    jacobian = torch.autograd.functional.jacobian
    found = []
    for point in x:
        z = encoder(point).detach()
        b = jacobian(decoder, z, vectorize=True, strategy="forward-mode")
        a, at_output = (jacobian(encoder, at.detach(), vectorize=True) for at in (point, decoder(z)))
        found.append((a @ b, at_output @ b))
    return torch.stack([core for core, _ in found]).detach(), torch.stack([latent for _, latent in found]).detach()


def stochman(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Both:
    """stochman's nnj: the decoder's Jacobian carried forward through the encoder, at x and at f(x)."""
    nnj = importlib.import_module("stochman.nnj")
    copies = []
    for chain in (encoder, decoder):
        modules = []
        for module in chain.children():
            twin = nnj.ReLU()
            if isinstance(module, nn.Linear):
                twin = nnj.Linear(module.in_features, module.out_features)
                twin.weight, twin.bias = module.weight, module.bias
            modules.append(twin)
        copies.append(nnj.Sequential(*modules))

    def carried(at: Tensor, jacobian: Tensor) -> Tensor:
        for module in copies[0]:  # as its Sequential does, which takes no Jacobian to begin with
            value = module(at)
            at, jacobian = value, module._jacobian_wrt_input_mult_left_vec(at, value, jacobian)
        return jacobian

    with torch.no_grad():
        output, b = copies[1](copies[0](x), jacobian=True)
        return carried(x, b), carried(output, b)


def torchjd(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Both:
    """TorchJD's jac, of outputs summed over the points: rows of both cores by reverse mode."""
    jac = importlib.import_module("torchjd.autojac").jac
    z = encoder(x).detach().requires_grad_()
    output = decoder(z)
    found = []
    for latent in (encoder(x + output - output.detach()), encoder(output)):
        found.append(jac(latent.sum(dim=0), z, retain_graph=True)[0].movedim(1, 0).detach())
    return found[0], found[1]


def curvlinops(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Both:
    """curvlinops' Jacobian operator with respect to a bias on the code, times the identity."""
    operator = importlib.import_module("curvlinops").JacobianLinearOperator
    with torch.no_grad():
        z = encoder(x)
        output = decoder(z)

    class Shifted(nn.Module):
        def __init__(self, at: Tensor) -> None:
            super().__init__()
            self.bias, self.at = nn.Parameter(torch.zeros_like(z[0])), at
            self.encoder, self.decoder = encoder, decoder

        def forward(self, codes: Tensor) -> Tensor:
            return self.encoder(self.at + self.decoder(codes + self.bias))

    found = []
    for at in (x - output, torch.zeros_like(x)):
        module = Shifted(at)
        jacobian = operator(module, [module.bias], [(z, z)], check_deterministic=False)
        identity = torch.eye(z.shape[1], dtype=z.dtype)
        found.append((jacobian @ identity).detach().view(len(x), z.shape[1], z.shape[1]))
    return found[0], found[1]


def backpack_latent(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Tensor:
    """BackPACK's per-sample gradients of a bias on the code, an output at a time: J_L."""
    package = importlib.import_module("backpack")
    batch_grad = importlib.import_module("backpack.extensions").BatchGrad
    z = encoder(x).detach()
    first = nn.Linear(z.shape[1], z.shape[1]).to(z.dtype)
    with torch.no_grad():
        first.weight.copy_(torch.eye(z.shape[1]))
        first.bias.zero_()
    frozen = copy.deepcopy(nn.Sequential(*decoder.children(), *encoder.children())).requires_grad_(False)
    first.weight.requires_grad_(False)
    chain = package.extend(nn.Sequential(first, *frozen))
    rows = []
    for index in range(z.shape[1]):
        with package.backpack(batch_grad()):
            chain(z)[:, index].sum().backward(inputs=[first.bias])
        rows.append(first.bias.grad_batch.detach())  # type: ignore[attr-defined]
    return torch.stack(rows, dim=1)


def func_latent(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Tensor:
    """torch.func, jacfwd of a shift of the code common to all points: J_L."""
    with torch.no_grad():
        z = encoder(x)
        return jacfwd(lambda b: encoder(decoder(z + b)))(torch.zeros_like(z[0]))


def generic(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Tensor:
    """The obvious route: J_I (points, N, N) by vmap(jacrev), and all its N eigenvalues."""
    with torch.no_grad():
        return torch.linalg.eigvals(vmap(jacrev(lambda point: decoder(encoder(point))))(x))


ROUTES: dict[str, Route] = {
    "ours": ours,
    "ours, general path": ours_general,
    "torch.func, forward": func_forward,
    "torch.func, shared shift": func_shared,
    "torch.func, reverse and product": func_reverse,
    "torch.autograd.functional": autograd,
    "stochman": stochman,
    "torchjd": torchjd,
    "curvlinops": curvlinops,
}
LATENT_ONLY: dict[str, LatentRoute] = {"torch.func, shared shift": func_latent, "backpack": backpack_latent}
TORCH = ("torch.func, forward", "torch.func, shared shift", "torch.func, reverse and product")
PEERS = ("stochman", "torchjd", "curvlinops", "backpack")


def installed(name: str) -> bool:
    """Whether a route is available: the package of a peer may not be installed."""
    return name not in PEERS or find_spec(name) is not None
