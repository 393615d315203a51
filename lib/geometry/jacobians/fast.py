r"""The fast path: chains of affine layers, each followed by pointwise maps.

With slopes S_l (diagonal, the derivatives of the pointwise maps at their inputs; 0 or 1 for ReLU) the encoder's
Jacobian is S_n W_n ... S_1 W_1 and the decoder's S'_m V_m ... S'_1 V_1. Where the decoder ends affine (S'_m = I), the
product G = W_1 V_m, formed once for the network, removes the input dimension:

    K = (S_n W_n ... W_2 S_1) G (S'_{m-1} V_{m-1} ... S'_1 V_1).

Both factors are multiplied up from their thin ends, d rows per point. The points are stacked to (points * d) rows, so
that every product except the last is one matrix product. J_L uses the slopes at f(x). Since W_1 f(x) = G h + W_1 c, with
the last hidden values h and the last bias c of the decoder, f(x) itself is needed for the error only. Gram matrices
come from W_1 W_1^T and V_m^T V_m in the same way.

A unit that is off at every point of a chunk has a zero row and column in every product, and is left out. A
trained network has many such units (page `performance`).

Cost per point in multiply-adds, if no unit is left out, for widths N, w_1, ..., w_n = d mirrored in the decoder:
3 d S' + d w_1^2 + 2 d^2 w_1, S' the number of weights between the hidden layers w_1 to w_{n-1}, and at most 4 N w_1 for
the passes through the network. If the decoder ends in a pointwise map other than the identity, G depends on the point;
the two factors are then carried to the input space, for 3 d N w_1 more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import vjp

from lib.geometry.jacobians.result import Compute, Cores

Index = Tensor | slice
EVERY = slice(None)
WORTH_PRUNING = 0.9  # above this share of active units, copying the weights costs more than it saves

POINTWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.Hardtanh, nn.RReLU, nn.Threshold, nn.Hardshrink, nn.Softshrink),
    *(nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, nn.Softsign, nn.Tanh, nn.Tanhshrink),
    *(nn.Sigmoid, nn.LogSigmoid, nn.Hardsigmoid, nn.Hardswish, nn.BatchNorm1d),
)
INERT = (  # in evaluation mode; `lib.geometry.jacobians.checks` refuses dropout in training mode
    *(nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout),
)


@dataclass(frozen=True)
class Layer:
    """An affine map, weight (out, in) and bias (out,), and the pointwise maps after it."""

    weight: Tensor
    bias: Tensor
    after: tuple[nn.Module, ...] = ()

    def activate(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """The values of the pointwise maps at h (points, out), and their slopes as autograd defines them."""
        if not self.after:
            return h, torch.ones_like(h)
        if all(isinstance(module, nn.ReLU) for module in self.after):
            return h.clamp(min=0), (h > 0).to(h.dtype)
        # Pointwise maps have a diagonal Jacobian: its product with a vector of ones is the diagonal. In reverse mode, as at
        # a kink forward mode may have another slope.
        value, pull_back, *_ = vjp(nn.Sequential(*map(_out_of_place, self.after)), h)
        return value, pull_back(torch.ones_like(h))[0]


def _out_of_place(module: nn.Module) -> nn.Module:
    """A copy of an activation that does not change its input in place."""
    if not getattr(module, "inplace", False):
        return module
    copy = module.__class__.__new__(module.__class__)
    copy.__dict__ = module.__dict__ | {"inplace": False}
    return copy


def layers(chain: nn.Module) -> list[Layer]:
    """The layers of an `nn.Sequential` of affine and pointwise modules; an empty list if it holds other modules or hooks.

    An `nn.Flatten` at the start and an `nn.Unflatten` at the end change the shape only, and are skipped.
    """
    chain_layers: list[Layer] = []
    # A hook, or a `forward` set on the instance, could compute anything: only the module itself knows.
    if any(part._forward_hooks or part._forward_pre_hooks or "forward" in vars(part) for part in chain.modules()):
        return chain_layers
    modules = [module for module in _flattened(chain) if type(module) not in INERT]
    if modules and type(modules[0]) is nn.Flatten:
        modules = modules[1:]
    if modules and type(modules[-1]) is nn.Unflatten:
        modules = modules[:-1]
    for module in modules:
        if type(module) is nn.Linear:
            bias = torch.zeros_like(module.weight[:, 0]) if module.bias is None else module.bias
            chain_layers.append(Layer(module.weight, bias))
        elif type(module) in POINTWISE and chain_layers and _acts_on_units(module, len(chain_layers[-1].bias)):
            last = chain_layers.pop()
            chain_layers.append(Layer(last.weight, last.bias, (*last.after, module)))
        else:
            return []
    return chain_layers


def _acts_on_units(module: nn.Module, width: int) -> bool:
    """Whether the parameters of a module, if it has any, belong to the units of a layer: not those of channels."""
    if isinstance(module, nn.BatchNorm1d):
        return module.num_features == width
    return not isinstance(module, nn.PReLU) or module.num_parameters in (1, width)


def _flattened(chain: nn.Module) -> list[nn.Module]:
    """The modules of a chain, with nested chains flattened."""
    if type(chain) is not nn.Sequential:
        return [chain]
    return [part for module in chain for part in _flattened(module)]


def _walk(chain: Sequence[Layer], entering: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The output of a chain and the slopes (points, width) of each layer; `entering`: the input of the first pointwise map."""
    value, slope = chain[0].activate(entering)
    slopes = [slope]
    for layer in chain[1:]:
        value, slope = layer.activate(torch.addmm(layer.bias, value, layer.weight.T))
        slopes.append(slope)
    return value, slopes


def _enter(layer: Layer, x: Tensor) -> Tensor:
    return torch.addmm(layer.bias, x, layer.weight.T)


def _alive(*slopes: Tensor) -> Index:
    """The units of a layer that are on at some point: the others are zero in every product."""
    used = torch.cat(slopes).any(dim=0)
    return EVERY if used.sum() > WORTH_PRUNING * len(used) else used.nonzero().flatten()


def _between(chain: Sequence[Layer], kept: Sequence[Index]) -> list[Tensor]:
    """The weights of a chain between the kept units before its first layer, after it, ..., and after its last layer."""
    return [layer.weight[outputs][:, inputs] for layer, inputs, outputs in zip(chain, kept[:-1], kept[1:], strict=True)]


def _encoder_factor(weights: Sequence[Tensor], slopes: Sequence[Tensor]) -> Tensor:
    """S_n W_n ... W_2 S_1 (points, d, w_1) of the weights W_2 ... W_n: the encoder's Jacobian without its first weight."""
    if not weights:
        return torch.diag_embed(slopes[0])
    factor = slopes[-1][:, :, None] * weights[-1] * slopes[-2][:, None, :]
    for weight, slope in zip(reversed(weights[:-1]), reversed(slopes[:-2]), strict=True):
        factor = _times(factor, weight).mul_(slope[:, None, :])
    return factor


def _decoder_factor(weights: Sequence[Tensor], slopes: Sequence[Tensor]) -> Tensor:
    """The transpose (points, d, w) of S_{m-1} V_{m-1} ... S_1 V_1: the decoder's Jacobian without its last layer."""
    factor = weights[0].T * slopes[0][:, None, :]
    for weight, slope in zip(weights[1:], slopes[1:], strict=True):
        factor = _times(factor, weight.T).mul_(slope[:, None, :])
    return factor


def _times(factor: Tensor, matrix: Tensor) -> Tensor:
    """factor (points, d, w) times one matrix (w, v) for all points, as a single product of stacked rows."""
    points, latent_dim, width = factor.shape
    return (factor.reshape(points * latent_dim, width) @ matrix).view(points, latent_dim, -1)


def _rank_bound(latent_dim: int, slopes: Sequence[Tensor]) -> Tensor:
    counts = [(slope != 0).sum(dim=1) for slope in slopes]
    return torch.stack(counts).amin(dim=0).clamp(max=latent_dim)


def floats_per_point(encoder: Sequence[Layer], decoder: Sequence[Layer], squared_in_float64: bool = False) -> int:
    """An upper bound of the numbers that `cores_of` holds per point, results included.

    3 d w + 8 d^2 + 2 (sum of all widths) + 4 N, w the largest width (without N if the decoder ends affine); 3 d N more
    for Gram matrices of float32 factors, which are squared in float64.
    """
    sizes = [len(layer.bias) for layer in (*encoder, *decoder)]
    latent_dim, input_dim = decoder[0].weight.shape[1], sizes[-1]
    widest = max(sizes[:-1]) if not decoder[-1].after else max(sizes)
    factors = 3 * latent_dim * (widest + input_dim * squared_in_float64)
    return factors + 8 * latent_dim**2 + 2 * sum(sizes) + 4 * input_dim


def cores_of(encoder: Sequence[Layer], decoder: Sequence[Layer], grams: bool, errors: bool) -> Compute:
    """The function points (points, N) -> cores."""
    first, last = encoder[0], decoder[-1]  # W_1 (w_1, N), V_m (N, w)
    latent_dim = decoder[0].weight.shape[1]
    affine = not last.after
    joint = first.weight @ last.weight if affine else torch.empty(0)  # G (w_1, w)
    entering_at_zero = torch.addmv(first.bias, first.weight, last.bias)  # W_1 c + b_1
    inner = first.weight @ first.weight.T if grams else joint  # W_1 W_1^T

    def forward(x: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor], Tensor | None]:
        """The slopes of the encoder at x, of the decoder, and of the encoder at f(x); and f(x) if it is formed."""
        z, slopes_x = _walk(encoder, _enter(first, x))
        hidden, slopes_z = _walk(decoder[:-1], _enter(decoder[0], z)) if len(decoder) > 1 else (z, [])
        if affine:
            output = _enter(last, hidden) if errors else None
            entering = torch.addmm(entering_at_zero, hidden, joint.T)  # W_1 f(x) + b_1 without f(x)
        else:
            output, slope = last.activate(_enter(last, hidden))
            slopes_z = [*slopes_z, slope]
            entering = _enter(first, output)
        return slopes_x, slopes_z, _walk(encoder, entering)[1], output

    def encoder_side(slopes: Sequence[Tensor], on_entry: Index) -> Tensor:
        """J_E (points, d, .) without its first weight where G supplies it, from the active units of the entry."""
        kept = [on_entry, *map(_alive, slopes[1:-1]), EVERY][: len(encoder)]
        thin = [slope[:, units] for slope, units in zip(slopes, kept, strict=True)]
        factor = _encoder_factor(_between(encoder[1:], kept), thin)
        return factor if affine else _times(factor, first.weight[on_entry])

    def decoder_side(slopes: Sequence[Tensor], kept: Sequence[Index], x: Tensor) -> Tensor:
        """J_D^T (points, d, .) without the last layer, at the active units of the last hidden layer."""
        if not slopes:
            return torch.eye(latent_dim, dtype=x.dtype, device=x.device).expand(len(x), -1, -1)
        thin = [slope[:, units] for slope, units in zip(slopes, kept[1:], strict=True)]
        return _decoder_factor(_between(decoder[:-1], kept), thin)

    def compute(x: Tensor) -> Cores:
        slopes_x, slopes_z, slopes_f, output = forward(x)
        # Both encoder factors meet the same decoder factor at the entry, so they keep the same units there.
        on_entry = _alive(slopes_x[0], slopes_f[0]) if len(encoder) > 1 else EVERY
        hidden_slopes = slopes_z[: len(decoder) - 1]
        kept = [EVERY, *map(_alive, hidden_slopes)]
        right = decoder_side(hidden_slopes, kept, x)
        outward = last.weight[:, kept[-1]].T
        if not affine:
            right = _times(right, outward).mul_(slopes_z[-1][:, None, :])
        extra = {}
        if grams:
            assert output is not None
            onto = (_times(right, outward) if affine else right).double()  # J_D^T (points, d, N)
            extra["decoder_gram"] = torch.bmm(onto, onto.mT)
            extra["pulled_residual"] = torch.bmm(onto, (output - x).double()[:, :, None])[:, :, 0]
            del onto  # the largest tensor: freed before the encoder's factors are made
        if affine:
            right = _times(right, joint[on_entry][:, kept[-1]].T)
        left = encoder_side(slopes_x, on_entry)
        if grams and affine:
            extra["encoder_gram"] = torch.bmm(_times(left, inner[on_entry][:, on_entry]), left.mT)
        elif grams:
            extra["encoder_gram"] = torch.bmm(left, left.mT)
        core = torch.bmm(left, right.mT)
        del left  # before the factor at f(x), of the same size, is made
        return Cores(
            input=core,
            latent=torch.bmm(encoder_side(slopes_f, on_entry), right.mT),
            mse=None if output is None else (output - x).square().mean(dim=1),
            rank_bound_input=_rank_bound(latent_dim, slopes_x + slopes_z),
            rank_bound_latent=_rank_bound(latent_dim, slopes_f + slopes_z),
            **extra,
        )

    return compute
