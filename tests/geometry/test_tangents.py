"""The tangent plane and the oblique part of the Jacobian, against matrices that are formed in full."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lib.base.errors import InputError
from lib.geometry.jacobians import cores
from lib.geometry.spectra import eigenvalues
from lib.geometry.tangents import tangents
from lib.training.autoencoders import build


def both_jacobians(encoder, decoder, point):
    a = torch.autograd.functional.jacobian(lambda p: encoder(p[None])[0], point)
    b = torch.autograd.functional.jacobian(lambda p: decoder(p[None])[0], encoder(point[None])[0].detach())
    return a, b


@settings(max_examples=25, deadline=None)
@given(widths=st.tuples(st.integers(6, 12), st.integers(2, 8), st.integers(1, 5)), seed=st.integers(0, 10**6))
def test_they_are_those_of_the_full_matrices(widths, seed):
    encoder, decoder = (module.double() for module in build(widths, seed))
    x = torch.rand(4, widths[0], dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    found = tangents(cores(encoder, decoder, x, grams=True), widths[0])
    for i, point in enumerate(x):
        a, b = both_jacobians(encoder, decoder, point)
        u, s, _ = torch.linalg.svd(b, full_matrices=False)
        q = u[:, s > 1e-6 * s[0]] if s[0] > 0 else u[:, :0]
        across = torch.eye(widths[0], dtype=torch.float64) - q @ q.T
        residual = (decoder(encoder(point[None]))[0] - point).detach()
        j = b @ a
        close = {"rtol": 1e-6, "atol": 1e-7}
        torch.testing.assert_close(found.frobenius[i], j.norm(), **close)
        torch.testing.assert_close(found.spectral[i], torch.linalg.matrix_norm(j, 2), **close)
        torch.testing.assert_close(found.obliqueness[i], (q.T @ j @ across).norm(), **close)
        torch.testing.assert_close(found.distance[i], (across @ residual).norm(), **close)
        torch.testing.assert_close(found.core[i].norm(), (q.T @ j @ q).norm(), **close)
        if q.shape[1] == widths[-1]:
            torch.testing.assert_close(found.decoder_log_volume[i], s.log().sum(), **close)
        else:
            assert found.decoder_log_volume[i] == -torch.inf


def test_the_tangential_core_has_the_spectrum_of_the_core():
    encoder, decoder = (module.double() for module in build((12, 9, 4), 1))
    result = cores(encoder, decoder, torch.rand(6, 12, dtype=torch.float64), grams=True)
    torch.testing.assert_close(
        eigenvalues(tangents(result, 12).core).abs(), eigenvalues(result.input).abs(), rtol=1e-8, atol=1e-10
    )


def test_cores_without_gram_matrices_are_refused():
    encoder, decoder = build((6, 4, 2), 0)
    with pytest.raises(InputError, match="grams=True"):
        tangents(cores(encoder, decoder, torch.rand(3, 6)), 6)


def test_a_direction_that_is_lost_counts_as_lost_in_float32_too():
    encoder, decoder = build((50, 20, 8), 1)
    with torch.no_grad():
        decoder[0].weight[:, 0] = decoder[0].weight[:, 1]
    x = torch.rand(50, 50, generator=torch.Generator().manual_seed(0))
    found = tangents(cores(encoder, decoder, x, grams=True), 50)
    exact = tangents(cores(encoder.double(), decoder.double(), x.double(), grams=True), 50)
    assert (exact.decoder_log_volume == -torch.inf).all()
    assert (found.decoder_log_volume == -torch.inf).all()
    torch.testing.assert_close(found.distance, exact.distance.float(), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(found.obliqueness, exact.obliqueness.float(), rtol=1e-2, atol=1e-2)


class LastStep(nn.Module):
    """The last step, or all steps, of a recurrent layer."""

    def __init__(self, layer, last):
        super().__init__()
        self.layer, self.last = layer, last

    def forward(self, x):
        steps = self.layer(x)[0]
        return steps[:, -1] if self.last else steps


def recurrent():
    encoder = nn.Sequential(LastStep(nn.LSTM(3, 16, batch_first=True), True), nn.Linear(16, 6))
    decoder = nn.Sequential(
        nn.Linear(6, 160), nn.Unflatten(1, (10, 16)), LastStep(nn.LSTM(16, 3, batch_first=True), False)
    )
    return encoder, decoder, (10, 3)


def rectified():
    return *build((50, 40, 20, 8), 3), (50,)


def rescaled(encoder, decoder, factors, axes):
    """The same function f, with codes in units of `factors` along orthogonal `axes` (d, d)."""
    d = len(factors)
    narrow, wide = (nn.Linear(d, d, bias=False, dtype=torch.float64) for _ in range(2))
    with torch.no_grad():
        (
            narrow.weight.copy_(axes @ torch.diag(factors) @ axes.T),
            wide.weight.copy_(axes @ torch.diag(1 / factors) @ axes.T),
        )
    return nn.Sequential(*encoder, narrow), nn.Sequential(wide, *decoder)


@pytest.mark.parametrize("make", [rectified, recurrent])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("largest", "turned"), [(1.0, False), (1e3, False), (1e6, False), (1e3, True)])
def test_the_units_of_the_latent_axes_change_nothing(make, dtype, largest, turned):
    torch.manual_seed(0)
    encoder, decoder, shape = make()
    d = decoder[0].in_features
    x = torch.rand(20, *shape, generator=torch.Generator().manual_seed(1))
    exact = tangents(cores(encoder.double(), decoder.double(), x.double(), grams=True), x[0].numel())
    factors = torch.logspace(0, -1, d) ** torch.log10(torch.tensor(largest))
    axes = torch.linalg.qr(torch.randn(d, d, dtype=torch.float64))[0] if turned else torch.eye(d).double()
    pair = rescaled(encoder, decoder, factors.double(), axes)
    found = tangents(cores(*(part.to(dtype) for part in pair), x.to(dtype), grams=True), x[0].numel())
    close = {"rtol": 1e-3, "atol": 1e-4} if dtype == torch.float32 else {"rtol": 1e-6, "atol": 1e-7}
    for name in ("distance", "frobenius", "spectral"):
        torch.testing.assert_close(getattr(found, name).double(), getattr(exact, name), **close)
    shift = float(factors.double().log().sum())
    torch.testing.assert_close(
        found.decoder_log_volume.double(), exact.decoder_log_volume - shift, rtol=1e-3, atol=1e-3
    )


def test_the_eigenvalues_do_not_depend_on_the_number_of_threads():
    matrices = torch.randn(31, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    before = torch.get_num_threads()
    try:
        found = []
        for count in (1, 3, 40):
            torch.set_num_threads(count)
            found.append(eigenvalues(matrices))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
