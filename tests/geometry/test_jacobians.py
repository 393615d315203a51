"""Cores against closed forms, automatic differentiation and finite differences, and the errors that name what is wrong."""

import gc
import random
import sys
import types
import weakref
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lib.base.errors import InputError
from lib.geometry.jacobians import cores, fast, general, memory
from lib.training.autoencoders import build


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
    widths=st.lists(st.integers(1, 12), min_size=2, max_size=5).filter(lambda sizes: sizes[0] >= sizes[-1]),
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
    slow = general.cores_of(encoder, decoder, grams=True, errors=True)(x)
    for name in ("input", "latent", "mse", "encoder_gram", "decoder_gram", "pulled_residual"):
        torch.testing.assert_close(getattr(fast, name), getattr(slow, name), rtol=0, atol=1e-12)


def test_leaky_relu_dropout_in_eval_and_a_layer_without_bias_keep_the_fast_path():
    torch.manual_seed(0)
    encoder = (
        nn.Sequential(nn.Linear(9, 7, bias=False), nn.LeakyReLU(0.2), nn.Dropout(), nn.Linear(7, 3)).double().eval()
    )
    decoder = nn.Sequential(nn.Linear(3, 7), nn.LeakyReLU(0.1), nn.Identity(), nn.Linear(7, 9)).double().eval()
    assert fast.layers(encoder) and fast.layers(decoder)
    x = torch.randn(5, 9, dtype=torch.float64)
    core, latent = by_autograd(encoder, decoder, x)
    torch.testing.assert_close(cores(encoder, decoder, x).input, core, rtol=0, atol=1e-12)
    torch.testing.assert_close(cores(encoder, decoder, x).latent, latent, rtol=0, atol=1e-12)


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
    with pytest.raises(InputError, match=r"output of shape \(2,\) .* takes 3 columns"):
        cores(encoder, build((4, 5, 3), 0)[1], torch.ones(2, 4))


ACTIVATIONS = [
    nn.ReLU(),
    nn.ReLU(inplace=True),
    nn.LeakyReLU(0.2),
    nn.Hardtanh(-0.3, 0.4),
    nn.ELU(inplace=True),
    nn.Softplus(),
    nn.Sequential(nn.BatchNorm1d(5), nn.Tanh()),
]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
@pytest.mark.parametrize("last", [nn.Identity(), nn.Sigmoid(), nn.ReLU()], ids=["affine", "sigmoid", "relu"])
def test_pointwise_maps_keep_the_fast_path(activation, last):
    torch.manual_seed(1)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(9, 5), activation, nn.Dropout(), nn.Linear(5, 2)).double().eval()
    decoder = nn.Sequential(nn.Linear(2, 5), activation, nn.Linear(5, 9), last, nn.Unflatten(1, (3, 3))).double().eval()
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean.uniform_(-0.2, 0.2), module.running_var.uniform_(0.5, 2)
    x = torch.randn(6, 3, 3, dtype=torch.float64)
    assert fast.layers(encoder) and fast.layers(decoder)
    found = cores(encoder, decoder, x, grams=True)
    slow = general.cores_of(encoder, decoder, grams=True, errors=True)(x)
    for name in ("input", "latent", "mse", "encoder_gram", "decoder_gram", "pulled_residual"):
        torch.testing.assert_close(getattr(found, name), getattr(slow, name), rtol=0, atol=1e-12)


def attention():
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True, dropout=0.1)
            self.out = nn.Linear(6, 2)

        def forward(self, x):
            return self.out(self.layer(x).mean(dim=1))

    return Encoder(), nn.Sequential(nn.Linear(2, 24), nn.Unflatten(1, (4, 6)))


def convolutions():
    encoder = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ELU(inplace=True), nn.Conv2d(3, 1, 3))
    return encoder, nn.Sequential(nn.ConvTranspose2d(1, 3, 3), nn.GELU(), nn.ConvTranspose2d(3, 1, 3))


class Returns(nn.Module):
    """A module that does with its input what it is told to."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Last(nn.Module):
    """What a recurrent layer returns, its last step or all of them."""

    def __init__(self, layer, last):
        super().__init__()
        self.layer, self.last = layer, last

    def forward(self, x):
        steps = self.layer(x)[0]
        return steps[:, -1] if self.last else steps


def recurrent(kind):
    encoder = nn.Sequential(Last(kind(3, 4, batch_first=True), True), nn.Linear(4, 2))
    steps = nn.Linear(2, 20), nn.Unflatten(1, (5, 4)), Last(kind(4, 3, batch_first=True), False)
    return encoder, nn.Sequential(*steps)


def traced():
    encoder = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    return torch.jit.trace(encoder, torch.rand(3, 6, dtype=torch.float64)), nn.Linear(2, 6)


def written_in_place():
    def encode(x):
        h = torch.zeros(len(x), 2, dtype=x.dtype)
        h[:, 0], h[:, 1] = x[:, 0] * x[:, 1], x[:, 2].sin()
        h[h < 0] = 0
        return h

    return Returns(encode), nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.LayerNorm(6))


GENERAL = [
    (attention, (4, 6)),
    (convolutions, (1, 6, 6)),
    *((lambda kind=kind: recurrent(kind), (5, 3)) for kind in (nn.LSTM, nn.GRU, nn.RNN)),
    pytest.param(traced, (6,), marks=pytest.mark.filterwarnings("ignore::DeprecationWarning")),
    (written_in_place, (6,)),
]


@pytest.mark.parametrize(("make", "shape"), GENERAL)
def test_any_modules_take_the_general_path(make, shape):
    torch.manual_seed(0)
    encoder, decoder = (module.double().eval() for module in make())
    x = torch.rand(4, *shape, dtype=torch.float64)
    found = cores(encoder, decoder, x, chunk_size=3, grams=True)
    shaped = nn.Sequential(nn.Unflatten(1, shape), encoder, nn.Flatten())
    latent_shape = encoder(x[:1]).shape[1:]
    flat = nn.Sequential(nn.Unflatten(1, latent_shape), decoder, nn.Flatten())
    core, latent = by_autograd(shaped, flat, x.flatten(1))
    torch.testing.assert_close(found.input, core, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.latent, latent, rtol=0, atol=1e-12)
    for point, a_gram, b_gram, pulled in zip(
        x, found.encoder_gram, found.decoder_gram, found.pulled_residual, strict=True
    ):
        a = torch.autograd.functional.jacobian(lambda p: shaped(p[None])[0], point.flatten())
        z = shaped(point.flatten()[None])[0].detach()
        b = torch.autograd.functional.jacobian(lambda p: flat(p[None])[0], z)
        residual = (flat(z[None])[0] - point.flatten()).detach()
        torch.testing.assert_close(a_gram, a @ a.T, rtol=0, atol=1e-11)
        torch.testing.assert_close(b_gram, b.T @ b, rtol=0, atol=1e-11)
        torch.testing.assert_close(pulled, b.T @ residual, rtol=0, atol=1e-11)


def test_without_errors_nothing_else_changes():
    encoder, decoder = pair(20, 12, 4)
    x = torch.rand(9, 20, dtype=torch.float64)
    bare, whole = cores(encoder, decoder, x, errors=False), cores(encoder, decoder, x)
    assert bare.mse is None
    torch.testing.assert_close(bare.input, whole.input, rtol=0, atol=0)
    torch.testing.assert_close(bare.latent, whole.latent, rtol=0, atol=0)
    with pytest.raises(InputError, match="grams"):
        cores(encoder, decoder, x, errors=False, grams=True)


class Peak(TorchDispatchMode):
    """The bytes of the tensors made inside the block: `now` those alive, `most` the largest sum so far."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0
        self.seen = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        given = {one.untyped_storage()._cdata for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)}
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage()._cdata not in given | self.seen:
                self.count(tensor.untyped_storage())
        return result

    def count(self, storage):
        key, size = storage._cdata, storage.nbytes()
        self.seen.add(key)
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self.forget, key, size)

    def forget(self, key, size):
        self.seen.discard(key)
        self.now -= size


@pytest.mark.parametrize("grams", [False, True])
@pytest.mark.parametrize("chunk_size", [None, 2])
def test_a_call_leaves_no_tensor_behind(grams, chunk_size):
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ELU(), nn.Flatten(), nn.Linear(48, 2))
    decoder = nn.Sequential(nn.Linear(2, 36), nn.Tanh(), nn.Unflatten(1, (1, 6, 6)))
    x = torch.rand(3, 1, 6, 6)
    cores(encoder, decoder, x, chunk_size, grams)
    with Peak() as peak:
        for _ in range(3):
            cores(encoder, decoder, x, chunk_size, grams)
    gc.collect()
    assert peak.most > 0
    assert peak.now <= 0, "bytes made inside and still alive"


def test_memory_is_not_tried_where_the_chunk_size_is_given(monkeypatch):
    monkeypatch.setattr(general, "floats_per_point", lambda *_: pytest.fail("tried"))
    encoder, decoder = (module.eval() for module in convolutions())
    cores(encoder, decoder, torch.rand(3, 1, 6, 6), chunk_size=2)


def wide():
    return build((60, 40, 30, 8), 0)


def wide_convolutions():
    encoder = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 4))
    return encoder, nn.Sequential(nn.Linear(4, 4 * 64), nn.Unflatten(1, (4, 8, 8)), nn.ConvTranspose2d(4, 3, 2, 2))


def with_sigmoid():
    return build((60, 40, 30, 8), 0, output="sigmoid")


def test_so_many_points_at_a_time_as_memory_has_room_for(monkeypatch):
    x = torch.zeros(10_000, 1)
    assert memory.points_that_fit(2**20, x[:9]) == 9
    monkeypatch.setattr(memory, "_free", lambda: 10 * memory.WORKSPACE)
    assert memory.points_that_fit(2**20, x) == memory.WORKSPACE // 2**20
    monkeypatch.setattr(memory, "_free", lambda: 40 * 2**20)
    with pytest.warns(UserWarning, match="Memory is short"):
        assert memory.points_that_fit(2**20, x) == 10
    with pytest.warns(UserWarning, match="Memory is short"):
        assert memory.points_that_fit(2**30, x) == 1


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        *[(wide, (60,)), (with_sigmoid, (60,)), (convolutions, (1, 6, 6)), (attention, (4, 6))],
        *[(wide_convolutions, (3, 16, 16)), (lambda: recurrent(nn.LSTM), (5, 3))],
    ],
)
@pytest.mark.parametrize("grams", [False, True])
def test_memory_is_bounded_by_the_chunk_size(make, shape, grams):
    encoder, decoder = (module.double().eval() for module in make())
    x = torch.rand(200, *shape, dtype=torch.float64)
    chunk_size = 50
    chains = fast.layers(encoder), fast.layers(decoder)
    known = all(chains)
    numbers = fast.floats_per_point(*chains) if known else general.floats_per_point(encoder, decoder, x[:1], grams)
    small = cores(encoder, decoder, x[:1], 1, grams)  # whatever is set up once
    with Peak() as peak:
        found = cores(encoder, decoder, x, chunk_size, grams)
    result = sum(part.numel() * part.element_size() for part in vars(found).values() if part is not None)
    fixed = 3 * sum(one.numel() for module in (encoder, decoder) for one in module.parameters()) * x.element_size()
    bound = result + chunk_size * numbers * x.element_size() + fixed + x.numel() * x.element_size()
    assert peak.most <= bound
    assert peak.most >= bound / 8, "the bound says something"
    assert small.input.shape[0] == 1


@pytest.mark.parametrize("kind", fast.POINTWISE, ids=lambda kind: kind.__name__)
def test_slopes_at_kinks_are_those_of_autograd(kind):
    kinks = torch.tensor([[-6, -3, -1, -0.5, -0.0, 0, 0.1, 0.5, 1, 3, 6, 20]], dtype=torch.float64)
    arguments = {nn.Threshold: (0.1, 20.0), nn.BatchNorm1d: (kinks.shape[1],)}.get(kind, ())
    module = kind(*arguments).double().eval()
    value, slope = fast.Layer(torch.empty(0), torch.empty(0), (module,)).activate(kinks)
    leaf = kinks.clone().requires_grad_()
    output = module(leaf * 1)
    torch.testing.assert_close(value, output, rtol=0, atol=0)
    torch.testing.assert_close(slope, torch.autograd.grad(output.sum(), leaf)[0], rtol=0, atol=1e-15)


def test_a_prelu_with_a_slope_a_channel_keeps_the_fast_path():
    torch.manual_seed(2)
    slopes = nn.PReLU(5)
    nn.init.uniform_(slopes.weight, 0.1, 0.9)
    encoder = nn.Sequential(nn.Linear(9, 5), slopes, nn.Linear(5, 2)).double()
    decoder = nn.Sequential(nn.Linear(2, 5), slopes, nn.Linear(5, 9)).double()
    x = torch.randn(6, 9, dtype=torch.float64)
    core, latent = by_autograd(encoder, decoder, x)
    torch.testing.assert_close(cores(encoder, decoder, x).input, core, rtol=0, atol=1e-12)
    torch.testing.assert_close(cores(encoder, decoder, x).latent, latent, rtol=0, atol=1e-12)


def over_the_batch():
    """Statistics of the batch, in evaluation too."""
    norm = nn.BatchNorm2d(1, track_running_stats=False).eval()
    return nn.Sequential(nn.Linear(2, 4), nn.Unflatten(1, (1, 2, 2)), norm, nn.Flatten())


def attention_over_points():
    """Over the points, as their axis comes first."""
    layer = nn.MultiheadAttention(4, 1).eval()
    return Returns(lambda x: layer(x[:, None], x[:, None], x[:, None])[0][:, 0, :2])


torch.manual_seed(3)  # the modules below are drawn at import: without a seed, other imports would decide which


@pytest.mark.parametrize(
    ("encoder", "decoder", "words"),
    [
        (nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)), nn.Linear(3, 4), "BatchNorm1d in training mode"),
        (nn.Linear(4, 2), nn.Sequential(nn.Dropout(0.1), nn.Linear(2, 4)), "decoder holds Dropout in training mode"),
        (Returns(lambda x: (x, x)), nn.Linear(4, 4), "encoder should return a tensor, it returned tuple"),
        (nn.Linear(4, 2), nn.Linear(2, 3), r"shape \(4,\), as the encoder takes; it returned \(3,\)"),
        (Returns(lambda x: x @ torch.ones(4, 2)), nn.Sequential(nn.ReLU(), nn.Linear(3, 4)), "decoder does not take"),
        (Returns(lambda x: x.sum()), nn.Linear(1, 4), "for one point it returned"),
        (nn.Linear(4, 6), nn.Linear(6, 4), "latent dimension 6 is larger than the input's, 4"),
        (Returns(lambda x: (x[:, :2]).half()), nn.Linear(2, 4), "turns torch.float32 into torch.float16"),
        (Returns(lambda x: x[:, :2] + torch.rand(1)), nn.Linear(2, 4), "encoder's output at a point depends on"),
        (Returns(lambda x: x[:, :2] - x[:, :2].mean(0)), nn.Linear(2, 4), "encoder's output at a point depends on"),
        (Returns(lambda x: x[:, :2].detach()), nn.Linear(2, 4), "cannot be differentiated"),
        (nn.Linear(4, 2), over_the_batch(), "decoder's output at a point depends on"),
        (attention_over_points(), nn.Linear(2, 4), "encoder's output at a point depends on"),
        (nn.Linear(4, 2).forward, nn.Linear(2, 4), "torch.nn.Module, method was given"),
    ],
)
def test_modules_that_are_no_autoencoder_are_refused_in_a_sentence(encoder, decoder, words):
    torch.manual_seed(0)
    with pytest.raises(InputError, match=words) as error:
        cores(encoder, decoder, torch.rand(3, 4))
    assert "\n" not in str(error.value)


def test_a_module_that_changes_its_input_leaves_the_points_as_they_are():
    encoder, decoder = nn.Sequential(Returns(lambda x: x.mul_(2)), nn.Linear(4, 2)), nn.Linear(2, 4)
    x = torch.rand(3, 4)
    before = x.clone()
    found = cores(encoder, decoder, x)
    assert torch.equal(x, before)
    expected = 2 * encoder[1].weight @ decoder.weight
    torch.testing.assert_close(found.input[0], expected.detach())


MUTATIONS = {
    "a factor transposed": ("torch.bmm(left, right.mT)", "torch.bmm(right, left.mT)"),
    "a mask dropped in the encoder": (
        "_times(factor, weight).mul_(slope[:, None, :])",
        "_times(factor, weight)",
    ),
    "a mask dropped in the decoder": ("weight.T).mul_(slope[:, None, :])", "weight.T)"),
    "units left out that are on at some points": (".any(dim=0)", ".all(dim=0)"),
    "J_E at x instead of f(x)": ("encoder_side(slopes_f, on_entry)", "encoder_side(slopes_x, on_entry)"),
    "the decoder's last bias forgotten": ("torch.addmv(first.bias, first.weight, last.bias)", "first.bias"),
    "the encoder's first bias forgotten": (
        "return torch.addmm(layer.bias, x, layer.weight.T)",
        "return x @ layer.weight.T",
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_wrong_versions_of_the_fast_path_are_caught(name):
    source = Path(fast.__file__).read_text()
    right, wrong = MUTATIONS[name]
    assert right in source
    encoder, decoder = pair(12, 10, 8, 6, 4, seed=3)
    with torch.no_grad():
        for layer in (*encoder, *decoder):
            if isinstance(layer, nn.Linear):
                layer.bias.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
    x = torch.randn(30, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    core, latent = by_autograd(encoder, decoder, x)

    def agrees(text):
        module = types.ModuleType("fast")
        sys.modules["fast"] = module
        exec(text, module.__dict__)
        with torch.no_grad():
            found = module.cores_of(module.layers(encoder), module.layers(decoder), False, False)(x)
        return torch.allclose(found.input, core, atol=1e-12) and torch.allclose(found.latent, latent, atol=1e-12)

    assert agrees(source)
    assert not agrees(source.replace(right, wrong))


def doubled(module):
    module.register_forward_hook(lambda own, given, output: 2 * output)
    return module


def own_forward(module):
    module.forward = lambda x: x.square()
    return module


class Tripled(nn.Identity):
    def forward(self, x):
        return 3 * x


class Rows(nn.Flatten):
    def forward(self, x):
        return super().forward(2 * x)


@pytest.mark.parametrize(
    "encoder",
    [
        nn.Sequential(nn.Linear(6, 2), Tripled()),
        nn.Sequential(Rows(), nn.Linear(6, 2)),
        nn.Sequential(doubled(nn.Linear(6, 2))),
        nn.Sequential(nn.Linear(6, 2), doubled(nn.Identity())),
        doubled(nn.Sequential(nn.Linear(6, 2))),
        nn.Sequential(nn.Linear(6, 2), own_forward(nn.ReLU())),
    ],
)
def test_what_a_subclass_or_a_hook_does_is_not_passed_over(encoder):
    encoder, decoder, x = encoder.double(), nn.Sequential(nn.Linear(2, 6)).double(), torch.rand(3, 6).double()
    assert not fast.layers(encoder)
    found, (core, latent) = cores(encoder, decoder, x), by_autograd(encoder, decoder, x)
    torch.testing.assert_close(found.input, core, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.latent, latent, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.mse, (decoder(encoder(x)) - x).square().mean(dim=1).detach())


@pytest.mark.parametrize("module", [nn.ReLU6(), nn.Dropout2d(), nn.AlphaDropout()])
def test_what_is_pointwise_or_inert_in_evaluation_keeps_the_fast_path(module):
    assert len(fast.layers(nn.Sequential(nn.Linear(4, 3), module.eval(), nn.Linear(3, 2)))) == 2


@pytest.mark.parametrize(
    ("encoder", "decoder", "shape"),
    [
        (nn.Sequential(nn.Linear(4, 2)), nn.Sequential(nn.Linear(2, 4)), (5, 4)),
        (
            nn.Sequential(nn.Flatten(2), nn.Linear(4, 2)),
            nn.Sequential(nn.Linear(2, 4), nn.Unflatten(2, (2, 2))),
            (3, 2, 2),
        ),
        (nn.Sequential(nn.Linear(4, 6), nn.Unflatten(1, (3, 2))), nn.Sequential(nn.Linear(2, 4), nn.Flatten()), (12,)),
    ],
)
def test_layers_that_act_on_the_last_axis_take_the_general_path(encoder, decoder, shape):
    if shape == (12,):
        encoder = nn.Sequential(nn.Linear(12, 6), encoder[1])
    encoder, decoder, x = encoder.double(), decoder.double(), torch.rand(3, *shape).double()
    latent_shape = encoder(x).shape[1:]
    flat = (
        nn.Sequential(nn.Unflatten(1, shape), encoder, nn.Flatten()),
        nn.Sequential(nn.Unflatten(1, latent_shape), decoder, nn.Flatten()),
    )
    found, (core, latent) = cores(encoder, decoder, x), by_autograd(*flat, x.flatten(1))
    torch.testing.assert_close(found.input, core, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.latent, latent, rtol=0, atol=1e-12)


def test_modules_are_tried_before_their_first_layer_is_asked():
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.code, self.body = nn.Linear(8, 2), nn.Linear(64, 8)

        def forward(self, x):
            return self.code(self.body(x.view(x.size(0), -1)).relu())

    decoder = nn.Sequential(nn.Linear(2, 64), nn.Unflatten(1, (1, 8, 8)))
    assert cores(Encoder(), decoder, torch.rand(3, 1, 8, 8)).input.shape == (3, 2, 2)


def test_memory_that_runs_out_is_not_called_something_else():
    def encode(x):
        if torch.is_grad_enabled():
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
        return x[:, :2]

    with pytest.raises(torch.OutOfMemoryError):
        cores(Returns(encode), nn.Linear(2, 4), torch.rand(3, 4))


def test_autograd_is_at_work_wherever_the_caller_has_switched_it_off():
    encoder, decoder = (module.eval() for module in convolutions())
    x = torch.rand(3, 1, 6, 6)
    expected = cores(encoder, decoder, x).input
    with torch.inference_mode():
        assert torch.equal(cores(encoder, decoder, torch.clone(x)).input, expected)


def sampling(spread):
    return Returns(lambda x: x[:, :2] + spread * torch.randn_like(x[:, :2])).eval(), nn.Linear(2, 4)


def attention_with_dropout():
    layer = nn.MultiheadAttention(4, 2, dropout=0.1, batch_first=True)
    return Returns(lambda x: layer(*3 * [x[:, None]])[0][:, 0, :2]), nn.Linear(2, 4)


def functional_dropout():
    return Returns(lambda x: nn.functional.dropout(x[:, :2], 0.1)).eval(), nn.Linear(2, 4)


MIXING = {
    "the batch's mean and deviation": lambda x: (x[:, :2] - x[:, :2].mean(0)) / (x[:, :2].std(0) + 1e-6),
    "a little of the batch's mean": lambda x: x[:, :2] + 1e-4 * x[:, :2].mean(0),
    "the batch's largest value": lambda x: x[:, :2] / x.abs().max(),
    "statistics without a gradient": lambda x: x[:, :2] - x[:, :2].mean(0).detach(),
    "the point before": lambda x: x[:, :2] + 1e-3 * x[:, 2:].roll(1, 0),
}


@pytest.mark.filterwarnings("ignore:std")
@pytest.mark.parametrize("function", MIXING.values(), ids=MIXING)
@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_what_mixes_points_is_refused_whatever_the_points(function, count):
    for seed in range(10):
        x = torch.rand(count, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        if count == 1 and function is MIXING["statistics without a gradient"]:
            continue  # a point beside itself has itself as the mean: refused for its derivative below
        with pytest.raises(InputError, match=r"depends on the other points|derivative of the encoder is not"):
            cores(Returns(function), nn.Linear(2, 4).double(), x)


def test_a_norm_over_the_batch_is_refused_for_each_draw_of_weights_and_points():
    for seed in range(300):
        torch.manual_seed(seed)
        with pytest.raises(InputError, match="decoder's output at a point depends on the other points"):
            cores(nn.Linear(4, 2), over_the_batch(), torch.rand(3, 4))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        *[(lambda spread=spread: sampling(spread), "depends on chance") for spread in (1.0, 1e-3, 1e-6)],
        (attention_with_dropout, "depends on chance"),
        (functional_dropout, "depends on chance"),
        (lambda: (Returns(lambda x: x[:, :2] + 1e-3 * random.random()).eval(), nn.Linear(2, 4)), "depends on chance"),
    ],
)
def test_chance_is_refused_for_each_seed(make, words):
    for seed in range(30):
        torch.manual_seed(seed)
        random.seed(seed)
        encoder, decoder = make()
        with pytest.raises(InputError, match=words):
            cores(encoder, decoder, torch.rand(3, 4))


def test_a_draw_that_changes_nothing_is_no_chance():
    def mean(x):
        torch.randn(1)
        return x[:, :2].tanh()

    assert cores(Returns(mean).eval(), nn.Linear(2, 4).eval(), torch.rand(3, 4)).input.shape == (3, 2, 2)


@pytest.mark.parametrize("normed", [nn.utils.parametrizations.spectral_norm, nn.utils.spectral_norm])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_state_that_changes_is_refused_and_given_back(normed):
    torch.manual_seed(0)
    encoder, decoder = nn.Sequential(normed(nn.Linear(4, 2))), nn.Linear(2, 4)
    before = {name: buffer.clone() for name, buffer in encoder.named_buffers()}
    with pytest.raises(InputError, match="encoder changes its state"):
        cores(encoder, decoder, torch.rand(3, 4))
    assert before and all(torch.equal(buffer, before[name]) for name, buffer in encoder.named_buffers())
    cores(encoder.eval(), decoder, torch.rand(3, 4))


class Marked(nn.Linear):
    """Has a mask and a count among its buffers; the count goes up with each pass if `counts`."""

    def __init__(self, inputs, outputs, counts):
        super().__init__(inputs, outputs)
        self.counts = counts
        self.register_buffer("mask", torch.ones(outputs, dtype=torch.bool))
        self.register_buffer("passes", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        if self.counts:
            self.passes += 1
        return super().forward(x) * self.mask


def test_buffers_that_mark_or_count_are_compared_too():
    torch.manual_seed(0)
    points, decoder = torch.rand(3, 4), nn.Linear(2, 4)
    marked = Marked(4, 2, counts=False)
    plain = nn.Linear(4, 2)
    plain.load_state_dict({name: marked.state_dict()[name] for name in ("weight", "bias")})
    assert torch.equal(cores(marked, decoder, points).input, cores(plain, decoder, points).input)
    with pytest.raises(InputError, match=r"encoder changes its state \(passes\)"):
        cores(Marked(4, 2, counts=True), decoder, points)


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


def without_gradient(function):
    with torch.no_grad():
        return function()


HEAD = nn.Linear(2, 2).double()
FROZEN = {
    "a part under no_grad": lambda x: HEAD(without_gradient(lambda: x[:, :2].tanh())),
    "a small part under no_grad": lambda x: x[:, :2] + without_gradient(lambda: 0.2 * x[:, 2:].tanh()),
    "through NumPy": lambda x: HEAD(torch.from_numpy(x.detach().numpy()[:, :2]).to(x.dtype)),
    "gradient reversal": lambda x: Reversed.apply(x[:, :2]),
    "rounding that passes gradients": lambda x: x[:, :2] + ((8 * x[:, :2]).round() / 8 - x[:, :2]).detach(),
}


@pytest.mark.parametrize("function", FROZEN.values(), ids=FROZEN)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("side", ["encoder", "decoder"])
def test_what_autograd_cannot_follow_is_refused(function, dtype, side):
    HEAD.to(dtype)
    x = torch.rand(20, 4, dtype=dtype, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    pair = Returns(function), nn.Linear(2, 4)
    if side == "decoder":
        pair = nn.Linear(4, 4), Returns(lambda z: torch.cat([function(z), z[:, :2]], dim=1))
    with pytest.raises(InputError, match=f"derivative of the {side} is not|cannot be differentiated"):
        cores(*(module.to(dtype) for module in pair), x)


@pytest.mark.parametrize("layer", [nn.MultiheadAttention(4, 2, dropout=0.1), nn.LSTM(4, 2, 2, dropout=0.1)])
def test_dropout_inside_a_layer_is_named(layer):
    encoder = Returns(lambda x: x[:, :2])
    encoder.layer = layer
    with pytest.raises(InputError, match=f"encoder holds {type(layer).__name__} in training mode"):
        cores(encoder, nn.Linear(2, 4), torch.rand(3, 4))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_quantised_encoder_is_refused():
    encoder = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    with pytest.raises(InputError, match="encoder holds a quantised Linear"):
        cores(encoder, nn.Linear(2, 4), torch.rand(5, 4))


def in_bfloat16(module):
    def low(x):
        with torch.autocast("cpu", torch.bfloat16):
            return module(x).float()

    return Returns(low)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.Tanh(), nn.Hardtanh(), Returns(lambda h: (20 * h).sin())])
@pytest.mark.parametrize("kind", ["rand", "sparse", "large", "offset", "zero"])
def test_networks_with_kinks_bends_and_rounding_are_no_refusals(dtype, activation, kind):
    points = {
        "rand": lambda: torch.rand(9, 60),
        "sparse": lambda: torch.rand(9, 60) * (torch.rand(9, 60) > 0.8),
        "large": lambda: 1e4 * torch.randn(9, 60),
        "offset": lambda: 1e2 + torch.randn(9, 60),
        "zero": lambda: torch.zeros(9, 60),
    }
    for seed in range(3):
        if kind in ("large", "offset") and isinstance(activation, Returns):
            continue  # the sine of large numbers is rounding
        torch.manual_seed(seed)
        layers = [[nn.Linear(60, 40), activation, nn.Linear(40, 20), activation, nn.Linear(20, 5)]]
        layers += [[nn.Linear(5, 20), activation, nn.Linear(20, 40), activation, nn.Linear(40, 60)]]
        pair = [Returns(nn.Sequential(*chain).to(dtype)) for chain in layers]
        x = points[kind]().to(dtype)
        cores(*pair, x)
        cores(Returns(lambda x, encoder=pair[0]: encoder(x.clamp(0, 1))), pair[1], x)
        if dtype == torch.float32:
            cores(*map(in_bfloat16, pair), x)


def test_points_that_mix_are_told_from_rounding():
    """Of a large common offset, of modules that compute in less inside; and where the first and the last point are equal."""
    torch.manual_seed(0)
    x = 1e4 + torch.randn(8, 30)
    encoder, decoder = nn.Linear(30, 2), nn.Linear(2, 30)
    with torch.no_grad():
        encoder.bias -= encoder(x).mean(dim=0)
    cores(encoder, decoder, x)
    y = torch.randn(8, 4, dtype=torch.float64)
    inner = nn.Linear(4, 2)
    narrow = Returns(lambda x: inner(x.float()).to(x.dtype))
    cores(narrow, nn.Linear(2, 4).double(), y)
    mixing = Returns(lambda x: x[:, :2] - x[:, :2].mean(0))
    with pytest.raises(InputError, match="depends on the other points"):
        cores(mixing, nn.Linear(2, 4).double(), torch.cat([y, y[:1]]))


def test_the_rank_of_each_core_is_bounded_by_the_units_that_are_on_where_it_is_taken():
    """f(x) = -x: every unit of the encoder is on at x and off at f(x)."""
    encoder, decoder = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 2))
    with torch.no_grad():
        for layer, factor in ((encoder[0], 1.0), (encoder[2], 1.0), (decoder[0], -1.0)):
            layer.weight.copy_(factor * torch.eye(2))
            layer.bias.zero_()
    result = cores(encoder, decoder, torch.tensor([[1.0, 2.0]]))
    assert result.rank_bound_input.tolist() == [2]
    assert result.rank_bound_latent.tolist() == [0]
    assert torch.equal(result.input[0], -torch.eye(2)) and not result.latent.any()


@pytest.mark.parametrize("place", ["inside", "end", "decoder"])
def test_parameters_of_a_channel_are_not_those_of_units(place):
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(1).double().eval()
    norm.running_mean.fill_(0.3)
    norm.running_var.fill_(2.0)
    encoder = {"inside": [nn.Linear(6, 4), norm, nn.ReLU(), nn.Linear(4, 2)], "end": [nn.Linear(6, 2), norm]}
    encoder = nn.Sequential(*encoder.get(place, [nn.Linear(6, 2)])).double().eval()
    decoder = nn.Sequential(nn.Linear(2, 6), *([norm] if place == "decoder" else [])).double().eval()
    x = torch.rand(7, 1, 6, dtype=torch.float64)
    found = cores(encoder, decoder, x)
    for core, point in zip(found.input, x, strict=True):
        whole = torch.autograd.functional.jacobian(lambda p: decoder(encoder(p[None]))[0, 0], point)[:, 0]
        torch.testing.assert_close(core.trace(), whole.trace())
