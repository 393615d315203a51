"""Cores against closed forms, automatic differentiation and finite differences, and the errors that name what is wrong."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lib import jacobians
from lib.autoencoders import build
from lib.errors import InputError
from lib.jacobians import cores


def by_autograd(encoder, decoder, x):
    """K and J_L from the full Jacobians of E and D, formed by reverse mode one point at a time."""
    both = []
    for point in x:
        z = encoder(point[None])[0]
        output = decoder(z[None])[0]
        a = torch.autograd.functional.jacobian(lambda p: encoder(p[None])[0], point)
        b = torch.autograd.functional.jacobian(lambda p: decoder(p[None])[0], z.detach())
        at_output = torch.autograd.functional.jacobian(lambda p: encoder(p[None])[0], output.detach())
        both.append((a @ b, at_output @ b))
    return tuple(torch.stack(side) for side in zip(*both, strict=True))


def pair(*widths, seed=0):
    return tuple(module.double() for module in build(widths, seed))


@settings(max_examples=25, deadline=None)
@given(
    widths=st.lists(st.integers(1, 12), min_size=2, max_size=5),
    points=st.integers(1, 9),
    chunk=st.one_of(st.none(), st.integers(1, 10)),
    seed=st.integers(0, 10**6),
)
def test_fast_path_equals_autograd(widths, points, chunk, seed):
    encoder, decoder = pair(*widths, seed=seed)
    x = torch.randn(points, widths[0], dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    result = cores(encoder, decoder, x, chunk)
    core, latent = by_autograd(encoder, decoder, x)
    torch.testing.assert_close(result.input, core, rtol=0, atol=1e-12)
    torch.testing.assert_close(result.latent, latent, rtol=0, atol=1e-12)
    torch.testing.assert_close(result.mse, (decoder(encoder(x)) - x).square().mean(dim=1).detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "hidden",
    [
        [nn.Tanh()],
        [nn.ELU(), nn.Linear(6, 6), nn.Tanh()],
        [nn.LayerNorm(6), nn.GELU()],
    ],
    ids=["tanh", "elu", "layernorm"],
)
def test_general_path_equals_autograd(hidden):
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(8, 6), *hidden, nn.Linear(6, 3)).double()
    decoder = nn.Sequential(nn.Linear(3, 8), nn.Sigmoid()).double()
    x = torch.rand(7, 8, dtype=torch.float64)
    result = cores(encoder, decoder, x, chunk_size=3)
    core, latent = by_autograd(encoder, decoder, x)
    torch.testing.assert_close(result.input, core, rtol=0, atol=1e-12)
    torch.testing.assert_close(result.latent, latent, rtol=0, atol=1e-12)


def test_convolutions_take_the_general_path():
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2)).double()
    decoder = nn.Sequential(nn.Linear(2, 16), nn.Unflatten(1, (1, 4, 4))).double()
    x = torch.rand(3, 1, 4, 4, dtype=torch.float64)
    result = cores(encoder, decoder, x)
    flat = nn.Sequential(nn.Unflatten(1, (1, 4, 4)), *encoder), nn.Sequential(decoder[0])
    core, latent = by_autograd(*flat, x.flatten(1))
    torch.testing.assert_close(result.input, core, rtol=0, atol=1e-12)
    torch.testing.assert_close(result.latent, latent, rtol=0, atol=1e-12)


def test_both_paths_agree_on_a_relu_network():
    encoder, decoder = pair(20, 12, 9, 4)
    x = torch.rand(11, 20, dtype=torch.float64)
    fast = cores(encoder, decoder, x, grams=True)
    with torch.no_grad():
        general = jacobians._general(encoder, decoder, grams=True)(x)
    for name in ("input", "latent", "mse", "encoder_gram", "decoder_gram", "pulled_residual"):
        torch.testing.assert_close(getattr(fast, name), getattr(general, name), rtol=0, atol=1e-12)


def test_leaky_relu_dropout_in_eval_and_a_layer_without_bias_keep_the_fast_path():
    torch.manual_seed(0)
    encoder = (
        nn.Sequential(nn.Linear(9, 7, bias=False), nn.LeakyReLU(0.2), nn.Dropout(), nn.Linear(7, 3)).double().eval()
    )
    decoder = nn.Sequential(nn.Linear(3, 7), nn.LeakyReLU(0.1), nn.Identity(), nn.Linear(7, 9)).double().eval()
    assert jacobians._fast_layers(encoder, decoder) is not None
    x = torch.randn(5, 9, dtype=torch.float64)
    core, latent = by_autograd(encoder, decoder, x)
    torch.testing.assert_close(cores(encoder, decoder, x).input, core, rtol=0, atol=1e-12)
    torch.testing.assert_close(cores(encoder, decoder, x).latent, latent, rtol=0, atol=1e-12)


def test_dropout_in_training_does_not():
    encoder = nn.Sequential(nn.Linear(4, 3), nn.Dropout(), nn.Linear(3, 2))
    assert jacobians._fast_layers(encoder, nn.Sequential(nn.Linear(2, 4))) is None


def test_a_linear_autoencoder_has_the_core_of_its_matrices_everywhere():
    torch.manual_seed(0)
    encoder, decoder = nn.Sequential(nn.Linear(30, 5)).double(), nn.Sequential(nn.Linear(5, 30)).double()
    result = cores(encoder, decoder, torch.randn(6, 30, dtype=torch.float64))
    expected = (encoder[0].weight @ decoder[0].weight).expand(6, -1, -1)
    torch.testing.assert_close(result.input, expected, rtol=0, atol=1e-13)
    torch.testing.assert_close(result.latent, expected, rtol=0, atol=1e-13)
    assert result.rank_bound_input.tolist() == [5] * 6


def test_finite_differences_agree():
    encoder, decoder = pair(10, 8, 3, seed=4)
    x = torch.rand(1, 10, dtype=torch.float64)
    z, step = encoder(x), 1e-6
    columns = [
        (encoder(decoder(z + step * unit)) - encoder(decoder(z - step * unit)))[0] / (2 * step)
        for unit in torch.eye(3, dtype=torch.float64)
    ]
    torch.testing.assert_close(cores(encoder, decoder, x).latent[0], torch.stack(columns, dim=1), rtol=0, atol=1e-7)


def test_dead_layers_bound_the_rank():
    encoder, decoder = pair(6, 5, 3)
    with torch.no_grad():
        encoder[0].bias[1:] = -100.0
    result = cores(encoder, decoder, torch.rand(4, 6, dtype=torch.float64))
    assert result.rank_bound_input.max() <= 1
    assert torch.linalg.matrix_rank(result.input, atol=1e-12).max() <= 1


def test_the_chunk_size_changes_no_bits():
    encoder, decoder = pair(20, 12, 4)
    x = torch.rand(64, 20, dtype=torch.float64)
    torch.testing.assert_close(
        cores(encoder, decoder, x, 7).input, cores(encoder, decoder, x).input, rtol=0, atol=1e-14
    )


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.ones(3, 4, dtype=torch.int64), "floating point"),
        (torch.ones(3, 5), "4 columns"),
        (torch.ones(0, 4), "at least one"),
        (torch.ones(4), "shape"),
        (torch.tensor([[1.0] * 4, [float("nan")] * 4, [float("inf")] * 4]), r"rows \[1, 2\]"),
        (torch.ones(3, 4, dtype=torch.float64), "float32"),
    ],
    ids=["integers", "width", "empty", "one dimension", "nan", "precision"],
)
def test_unusable_points_are_named(x, words):
    encoder, decoder = build((4, 3, 2), 0)
    with pytest.raises(InputError, match=words):
        cores(encoder, decoder, x)


def test_an_unusable_chunk_size_or_pair_is_named():
    encoder, decoder = build((4, 3, 2), 0)
    with pytest.raises(InputError, match="chunk_size"):
        cores(encoder, decoder, torch.ones(2, 4), 0)
    with pytest.raises(InputError, match="2 columns and the decoder takes 3"):
        cores(encoder, build((4, 5, 3), 0)[1], torch.ones(2, 4))
