r"""Try a module at a few points: is its output a function of each point alone, and is autograd's derivative that of the function?

Three trials, of which none depends on luck where the module has a formula for its derivative:

- The same batch twice: the output is the same, no buffer changes. Modules that draw random numbers are tried often.
- Each point alone: the output is the same up to rounding, and the derivative by the other points of a batch is exactly 0.
- A difference quotient: with a random direction v and weights w of the outputs, w^T (g(x + t v) - g(x - t v)) / 2 t is
  w^T J v up to the curvature of g, its kinks and rounding, for which the second difference is a measure. Steps t at which
  that is large say nothing. Where autograd's derivative is right, the two agree for some other t.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lib.base.errors import InputError
from lib.geometry.jacobians.general import differentiable, no_tf32

MIXING_TOLERANCE = {torch.float32: 1e-2, torch.float64: 1e-5}  # relative; modules may compute in lower precision inside
REPEATED_TOLERANCE = 1e-5  # relative, on a GPU, where some kernels add in any order; elsewhere bits are repeated
REPEATS = 32  # of a module that draws random numbers; a unit's dropout with p = 0.1 passes each with .81
QUOTIENT_TOLERANCE = 1e-2
DIRECTIONS = 3  # at each point: medians over 12 differences hardly depend on luck
# Relative to the points.
QUOTIENT_STEPS = {torch.float32: (1e-3, 1e-4, 1e-2, 1e-1), torch.float64: (1e-6, 1e-4, 1e-2, 1e-1)}
FLAT = 1e-2  # from this step on, values that stay as they are are no rounding in low precision


def check_map(module: nn.Module, points: Tensor, name: str, passed: Callable[[Tensor], Tensor]) -> Tensor:
    """The output of `passed`, the module without autograd, at the points (2 to 4, ...).

    Raises `InputError` unless it is a differentiable function of each point alone, as autograd differentiates it.
    """
    with no_tf32():
        output = _check_repeats(module, points, name, passed)
        alone = torch.cat([passed(point) for point in points.split(1)])
        for pair, expected in zip(points.split(2), alone.split(2), strict=True):
            change = _change(passed(pair), expected)
            if change > MIXING_TOLERANCE[points.dtype]:
                how = f"changes by {change:.1g} of its size" if change < torch.inf else "is finite, and alone it is not"
                raise _mixes(name, f"next to another it {how}")
        _check_derivative(module, points, output, name, passed)
    return output


def _check_repeats(module: nn.Module, points: Tensor, name: str, passed: Callable[[Tensor], Tensor]) -> Tensor:
    """The output at the points; `InputError` unless the next pass gives it again, and changes no buffer."""
    output = passed(points)  # the first pass may fill a cache
    state, generator = buffers(module), _generator_state(points)
    change = _change(passed(points), output)
    draws = any(not torch.equal(*pair) for pair in zip(_generator_state(points), generator, strict=True))
    changed = [key for key, buffer in module.named_buffers() if key in state and _change(buffer, state[key])]
    if changed:
        raise InputError(f"The {name} changes its state ({changed[0]}) with each pass; call {name}.eval() first.")
    if draws:
        training = any(part.training for part in module.modules())
        if training or change or any(_change(passed(points), output) for _ in range(REPEATS)):
            raise InputError(
                f"The {name}'s output at a point depends on chance, as it draws random numbers; call {name}.eval(), and return "
                "the mean of a distribution in place of a sample."
            )
    if change > (REPEATED_TOLERANCE if points.is_cuda else 0):
        raise InputError(
            f"The {name}'s output at a point depends on chance: the same points once more change it by {change:.1g} of its size; "
            f"call {name}.eval(), and remove what is random or counts its calls."
        )
    return output


def buffers(module: nn.Module) -> dict[str, Tensor]:
    """Copies of the module's buffers, by name."""
    return {name: buffer.clone() for name, buffer in module.named_buffers()}


def _generator_state(points: Tensor) -> list[Tensor]:
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state(points.device)] if points.is_cuda else [])]


def _change(found: Tensor, expected: Tensor) -> float:
    """The largest difference relative to the largest finite value; infinite where shapes or NaN differ."""
    if found.shape != expected.shape or not torch.equal(found.isfinite(), expected.isfinite()):
        return torch.inf
    if not (found.is_floating_point() or found.is_complex()):  # a buffer that counts or marks
        return 0.0 if torch.equal(found, expected) else torch.inf
    apart = torch.where(found.isfinite(), found - expected, 0).abs().max() if found.numel() else torch.tensor(0.0)
    return float(apart / expected.nan_to_num(0, 0, 0).abs().max()) if apart > 0 else 0.0


def _mixes(name: str, how: str) -> InputError:
    return InputError(
        f"The {name}'s output at a point depends on the other points of its batch: {how}; remove batch statistics and "
        "attention over points."
    )


def _check_derivative(
    module: nn.Module, points: Tensor, output: Tensor, name: str, passed: Callable[[Tensor], Tensor]
) -> None:
    """Raise `InputError` if a derivative by another point is not 0, or differs from all difference quotients."""
    random = torch.Generator().manual_seed(0)
    weights = torch.randn(output.shape, generator=random, dtype=torch.float64).to(output)
    gradients = _gradients(module, points, weights, name)
    size = points.square().mean(dim=0).sqrt()  # by coordinate: latent axes may differ in their units
    shape = DIRECTIONS, *points.shape
    directions = (size if size.any() else 1) * torch.randn(shape, generator=random, dtype=torch.float64).to(points)
    slopes = torch.cat([_dot(gradients, direction) for direction in directions])
    disagreed = 0
    for step in QUOTIENT_STEPS[points.dtype]:

        def quotient_along(direction: Tensor, signed: float) -> Tensor:
            return _dot(weights, passed(points + signed * direction) - output) / signed

        above = torch.cat([quotient_along(direction, step) for direction in directions])
        below = torch.cat([quotient_along(direction, -step) for direction in directions])
        rounding = 10 * torch.finfo(points.dtype).eps * (weights * output).double().flatten(1).norm(dim=1) / step
        doubts, quotients = 2 * (above - below).abs() + rounding.repeat(DIRECTIONS), (above + below) / 2
        usable = torch.stack([slopes, quotients, doubts]).isfinite().all(dim=0)
        if not usable.any():
            continue
        quotient, doubt, slope, apart = (
            values[usable].abs().median() for values in (quotients, doubts, slopes, quotients - slopes)
        )
        flat = (  # steps
            step >= FLAT and max(quotient, doubt) <= 1e-6 * slope + 2 * rounding.median() < QUOTIENT_TOLERANCE * slope
        )
        if flat or doubt < quotient / 4:
            if apart <= QUOTIENT_TOLERANCE * slope + doubt:
                return
            disagreed += 1
    if disagreed > (slopes.abs().median() == 0):  # units may be saturated at the points, and not far from them
        raise InputError(
            f"Autograd's derivative of the {name} is not that of its outputs, by difference quotients; remove no_grad, detach, "
            "NumPy, rounding and changed gradients from its forward pass."
        )


def _gradients(module: nn.Module, points: Tensor, weights: Tensor, name: str) -> Tensor:
    """The gradient (points, ...) of each point's output, weighted, by the point; `InputError` if it has one by another."""
    found = []
    with differentiable(module):
        for pair, weight in zip(points.split(2), weights.split(2), strict=True):
            leaf = pair.detach().clone().requires_grad_()
            outputs = (module(leaf * 1) * weight.clone()).flatten(1).sum(dim=1)
            for row, output in enumerate(outputs):
                by_both = torch.autograd.grad(output, leaf, retain_graph=True, materialize_grads=True)[0]
                if by_both.nan_to_num()[[other for other in range(len(pair)) if other != row]].any():
                    raise _mixes(name, "its derivative by another point is not 0")
                found.append(by_both[row])
    return torch.stack(found)


def _dot(first: Tensor, second: Tensor) -> Tensor:
    """The inner product (points,), float64, of two tensors (points, ...)."""
    return (first.double() * second.double()).flatten(1).sum(dim=1)
