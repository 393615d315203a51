r"""The Jacobians of an autoencoder f = D o E, through the two small matrices that carry their spectra.

At a point x with z = E(x), write A = J_E(x) (d, N) and B = J_D(z) (N, d). The input-space Jacobian J_I = B A is
(N, N) but of rank at most d; its non-zero eigenvalues are those of the **core** K = A B (d, d), for
det(t I - B A) = t^(N-d) det(t I - A B). The latent-space Jacobian is J_L = J_E(f(x)) B (d, d). `cores` returns both
for every point and never forms an N x N matrix.

Fast path, for chains of affine layers and piecewise linear activations whose decoder ends affine. With slopes M_l
(diagonal, 0 or 1 for ReLU) the encoder's Jacobian is W_n M_{n-1} W_{n-1} ... M_1 W_1 and the decoder's
V_n M'_{n-1} ... M'_1 V_1. The product G = W_1 V_n, formed once for the network, removes the input dimension:

    K = (W_n M_{n-1} ... W_2 M_1) G (M'_{n-1} V_{n-1} ... M'_1 V_1).

Both factors are built from their thin (d-row) ends with the batch stacked to (points * d) rows, so every product but
the last is one matrix product. Cost a point: about 2 d S' + d w_1^2 multiply-adds, S' the hidden layers' weights.
General path, for any other pair of modules: d forward-mode products a point through torch.func.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacfwd, jacrev, vmap

from lib.errors import InputError

WORKSPACE = 64 * 2**20  # bytes of intermediate values a chunk may take when `chunk_size` is not given


@dataclass(frozen=True)
class Cores:
    """What `cores` returns, for P points.

    `input` (P, d, d): K = J_E(x) J_D(E(x)), the core of J_I; `latent` (P, d, d): J_L = J_E(f(x)) J_D(E(x));
    `mse` (P,): |f(x) - x|^2 / N. `rank_bound_input` and `rank_bound_latent` (P,) int: min(d, active units of every
    hidden layer passed), an upper bound of the core's rank, d where the layers are not known (general path).
    Where `grams` were asked for, with A = J_E(x) and B = J_D(E(x)): `encoder_gram` A A^T and `decoder_gram` B^T B, both
    (P, d, d), and `pulled_residual` B^T (f(x) - x), (P, d); else None.
    """

    input: Tensor
    latent: Tensor
    mse: Tensor
    rank_bound_input: Tensor
    rank_bound_latent: Tensor
    encoder_gram: Tensor | None = None
    decoder_gram: Tensor | None = None
    pulled_residual: Tensor | None = None


def cores(
    encoder: nn.Module, decoder: nn.Module, x: Tensor, chunk_size: int | None = None, grams: bool = False
) -> Cores:
    """Both cores, the mean squared error, and the rank bounds at every row of x (points, ...).

    With `grams` also the Gram matrices of the two factors, from which `lib.tangents` has singular values, norms and
    the tangent plane, again without an N x N matrix.
    `chunk_size` points are worked on at a time (default: as many as take 64 MiB of intermediate values); it bounds the
    memory and changes nothing else. Device and precision are those of the modules and of x. Non-smooth points get
    the Jacobian that autograd would give: the slope of ReLU at 0 is 0. Raises `InputError` for points that are not
    floating, not finite, none at all, or of another width than the encoder takes.

    >>> encoder, decoder = nn.Sequential(nn.Linear(3, 2)), nn.Sequential(nn.Linear(2, 3))
    >>> result = cores(encoder, decoder, torch.ones(5, 3))
    >>> torch.allclose(result.input[0], encoder[0].weight @ decoder[0].weight, atol=1e-6)
    True
    """
    _check(encoder, x)
    if chunk_size is not None and chunk_size < 1:
        raise InputError(f"`chunk_size` should be positive, {chunk_size} was given; leave it out to have it chosen.")
    layers = _fast_layers(encoder, decoder)
    with torch.no_grad():
        if layers is None:
            compute: Callable[[Tensor], Cores] = _general(encoder, decoder, grams)
            chunk_size = chunk_size or 64
        else:
            encoder_layers, decoder_layers = layers
            compute = _fast(encoder_layers, decoder_layers, grams)
            widest = sum(weight.shape[0] for weight, _, _ in encoder_layers + decoder_layers)
            latent_dim = encoder_layers[-1][0].shape[0]
            chunk_size = chunk_size or max(1, WORKSPACE // (widest * latent_dim * x.element_size()))
        return _in_chunks(compute, x, chunk_size)


def _in_chunks(compute: Callable[[Tensor], Cores], x: Tensor, chunk_size: int) -> Cores:
    """Compute chunk by chunk into tensors allocated once: results scattered between workspaces would fragment the memory."""
    whole: dict[str, Tensor] = {}
    for start in range(0, len(x), chunk_size):
        for name, part in vars(compute(x[start : start + chunk_size])).items():
            if part is None:
                continue
            if not start:
                whole[name] = part.new_empty((len(x), *part.shape[1:]))
            whole[name][start : start + chunk_size] = part
    return Cores(**whole)


def _check(encoder: nn.Module, x: Tensor) -> None:
    if not x.is_floating_point():
        raise InputError(f"Points should be floating point, {x.dtype} was given; convert and scale them to [0, 1].")
    if x.ndim < 2 or len(x) == 0:
        raise InputError(f"Points should have the shape (points, ...) with at least one, {tuple(x.shape)} was given.")
    bad = (~torch.isfinite(x.reshape(len(x), -1))).any(dim=1).nonzero().flatten().tolist()
    if bad:
        raise InputError(f"Points hold NaN or infinity in rows {bad[:5]}; remove or mend them.")
    parameter = next(encoder.parameters(), None)
    if parameter is not None and parameter.dtype != x.dtype:
        raise InputError(f"Points are {x.dtype} and the encoder is {parameter.dtype}; convert one to the other.")
    first = next((module for module in encoder.modules() if not list(module.children())), None)
    if isinstance(first, nn.Linear) and x.shape[-1] != first.in_features:
        raise InputError(
            f"Points should have {first.in_features} columns, as the encoder takes; {tuple(x.shape)} was given."
        )


# --- the fast path -----------------------------------------------------------------------------------------------

# One affine layer and the activation after it: weight (out, in), bias (out,), slope(h) of the activation at h.
Layer = tuple[Tensor, Tensor, nn.Module]


def _fast_layers(encoder: nn.Module, decoder: nn.Module) -> tuple[list[Layer], list[Layer]] | None:
    """The affine layers of both chains with the activation after each, or None where the fast path does not hold."""
    chains = _affine_layers(encoder), _affine_layers(decoder)
    if not chains[0] or not chains[1] or not isinstance(chains[1][-1][2], nn.Identity):
        return None
    return chains[0], chains[1]


def _affine_layers(chain: nn.Module) -> list[Layer]:
    """The layers of a chain of affine maps, each followed by at most one piecewise linear activation; else none."""
    if not isinstance(chain, nn.Sequential):
        return []
    layers: list[Layer] = []
    for module in chain:
        if isinstance(module, nn.Linear):
            bias = torch.zeros_like(module.weight[:, 0]) if module.bias is None else module.bias
            layers.append((module.weight, bias, nn.Identity()))
        elif isinstance(module, (nn.ReLU, nn.LeakyReLU)) and layers and isinstance(layers[-1][2], nn.Identity):
            layers[-1] = (layers[-1][0], layers[-1][1], module)
        elif not isinstance(module, nn.Identity) and not (isinstance(module, nn.Dropout) and not module.training):
            return []
    return layers


def _slope(activation: nn.Module, h: Tensor) -> Tensor:
    """The derivative of a piecewise linear activation at h, as autograd has it at the kink."""
    if isinstance(activation, nn.Identity):
        return torch.ones_like(h)
    positive = (h > 0).to(h.dtype)
    if isinstance(activation, nn.LeakyReLU):
        return positive + activation.negative_slope * (1 - positive)
    return positive


def _walk(layers: Sequence[Layer], h: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The chain's output at h, and the slopes (points, width) after each of its layers."""
    slopes = []
    for weight, bias, activation in layers:
        h = torch.addmm(bias, h, weight.T)
        slopes.append(_slope(activation, h))
        h = h * slopes[-1]
    return h, slopes


def _encoder_factor(layers: Sequence[Layer], slopes: Sequence[Tensor]) -> Tensor:
    """S_n W_n ... W_2 S_1 (points, d, w_1): the encoder's Jacobian without its first weight."""
    factor = torch.diag_embed(slopes[-1])
    for (weight, _, _), slope in zip(reversed(layers[1:]), reversed(slopes[:-1]), strict=True):
        factor = _times(factor, weight).mul_(slope[:, None, :])
    return factor


def _decoder_factor(layers: Sequence[Layer], slopes: Sequence[Tensor]) -> Tensor:
    """The transpose (points, d, w) of S_{n-1} V_{n-1} ... S_1 V_1: the decoder's Jacobian without its last weight."""
    points, latent_dim = len(slopes[0]), layers[0][0].shape[1]
    if len(layers) == 1:
        return torch.eye(latent_dim, dtype=slopes[0].dtype, device=slopes[0].device).expand(points, -1, -1)
    factor = layers[0][0].T * slopes[0][:, None, :]
    for (weight, _, _), slope in zip(layers[1:-1], slopes[1:-1], strict=True):
        factor = _times(factor, weight.T).mul_(slope[:, None, :])
    return factor


def _times(factor: Tensor, matrix: Tensor) -> Tensor:
    """factor (points, d, w) times one matrix (w, v) for all points, as a single product of stacked rows."""
    points, latent_dim, width = factor.shape
    return (factor.reshape(points * latent_dim, width) @ matrix).view(points, latent_dim, -1)


def _rank_bound(latent_dim: int, slopes: Sequence[Tensor]) -> Tensor:
    counts = [torch.count_nonzero(slope, dim=1) for slope in slopes]
    return torch.stack(counts).amin(dim=0).clamp(max=latent_dim)


def _fast(encoder: Sequence[Layer], decoder: Sequence[Layer], grams: bool) -> Callable[[Tensor], Cores]:
    first, last = encoder[0][0], decoder[-1][0]  # W_1 (w_1, N), V_n (N, w)
    joint = first @ last  # G (w_1, w)
    encoder_inner, decoder_inner = (first @ first.T, last.T @ last) if grams else (joint, joint)  # H_E, H_D
    latent_dim = encoder[-1][0].shape[0]
    if decoder[0][0].shape[1] != latent_dim:
        raise InputError(
            f"The encoder's output has {latent_dim} columns and the decoder takes {decoder[0][0].shape[1]}; "
            "give a matching pair."
        )

    def compute(x: Tensor) -> Cores:
        z, slopes_x = _walk(encoder, x)
        output, slopes_z = _walk(decoder, z)
        _, slopes_f = _walk(encoder, output)
        residual = output - x
        left, right = _encoder_factor(encoder, slopes_x), _decoder_factor(decoder, slopes_z)
        extra = {}
        if grams:
            extra["encoder_gram"] = torch.bmm(_times(left, encoder_inner), left.mT)
            extra["decoder_gram"] = torch.bmm(_times(right, decoder_inner), right.mT)
            extra["pulled_residual"] = torch.bmm(right, (residual @ last)[:, :, None])[:, :, 0]
        right = _times(right, joint.T).mT
        return Cores(
            input=torch.bmm(left, right),
            latent=torch.bmm(_encoder_factor(encoder, slopes_f), right),
            mse=residual.square().mean(dim=1),
            rank_bound_input=_rank_bound(latent_dim, slopes_x + slopes_z[:-1]),
            rank_bound_latent=_rank_bound(latent_dim, slopes_f + slopes_z[:-1]),
            **extra,
        )

    return compute


# --- the general path --------------------------------------------------------------------------------------------


def _general(encoder: nn.Module, decoder: nn.Module, grams: bool) -> Callable[[Tensor], Cores]:
    """The cores as derivatives in the latent space, one point at a time under vmap.

    K(x) is the derivative at t = z of E(x + D(t) - D(z)), and J_L that of E(D(t)); both take d forward-mode products.
    """
    encoder_state = {**dict(encoder.named_parameters()), **dict(encoder.named_buffers())}
    decoder_state = {**dict(decoder.named_parameters()), **dict(decoder.named_buffers())}

    def encode(x: Tensor) -> Tensor:
        return functional_call(encoder, encoder_state, (x[None],))[0]

    def decode(z: Tensor) -> Tensor:
        return functional_call(decoder, decoder_state, (z[None],))[0]

    def at_point(x: Tensor) -> tuple[Tensor, ...]:
        z = encode(x)
        output = decode(z)
        core = jacfwd(lambda t: encode(x + (decode(t) - output)))(z)
        latent = jacfwd(lambda t: encode(decode(t)))(z)
        residual = output - x
        if not grams:
            return core, latent, residual.square().mean()
        a = jacrev(encode)(x).flatten(1)
        b = jacfwd(decode)(z).reshape(-1, len(z))
        return core, latent, residual.square().mean(), a @ a.T, b.T @ b, b.T @ residual.flatten()

    def compute(x: Tensor) -> Cores:
        core, latent, mse, *extra = vmap(at_point)(x)
        if core.ndim != 3 or core.shape[1] != core.shape[2]:
            raise InputError(
                f"The cores came out with the shape {tuple(core.shape)}; the encoder should return (points, d), "
                "as the decoder takes."
            )
        full = torch.full((len(x),), core.shape[-1], device=x.device)
        return Cores(core, latent, mse, full, full.clone(), *extra)

    return compute
