"""Measures of networks: their signs were fixed before the grid was trained; each has its known answers."""

from copy import deepcopy
from itertools import pairwise, product

import numpy as np
import pytest
import torch

from lib.base.errors import InputError
from lib.measures.networks import distortion, kernel_analysis, noise_scale, redundancy
from lib.measures.protocol import INITIAL, LABELS, Subject, every
from lib.training.autoencoders import affine_layers, build
from lib.training.datasets import Split
from tests.geometry.test_curvature import exact_hessian

# The larger, the larger the gap expected. Written down, in this order and with these signs, before the networks of
# results/tables/networks.csv were trained. None is to be turned round afterwards.
LARGER_MEANS_A_LARGER_GAP = [
    *("distortion", "mean_trace", "mean_log_volume", "mean_shrinkage", "mean_spectral"),
    *("trace_hessian", "hessian_ratio", "hessian_negative", "kernel_analysis", "noise_scale", "noise_scale_magnitude"),
    *("fro", "dist_init", "log_spectral", "fro_over_spectral", "path", "parameters"),
    *("redundancy", "epochs", "random_network"),
]


def test_the_measures_and_their_signs_are_those_fixed_beforehand():
    assert [measure.name for measure in every("network")] == LARGER_MEANS_A_LARGER_GAP, "add a new one here first"


def pair_of(*widths, seed=0):
    return tuple(module.double() for module in build(widths, seed))


def by_name(name):
    return next(measure for measure in every("network") if measure.name == name)


def value(name, **parts):
    return float(by_name(name).of(Subject(**parts)))


def rescaled(pair, factor=10.0):
    """The same function: a hidden unit's input weights and bias times the factor, its output weights divided by it."""
    encoder, decoder = deepcopy(pair)
    with torch.no_grad():
        encoder[0].weight[0] *= factor
        encoder[0].bias[0] *= factor
        encoder[2].weight[:, 0] /= factor
    return encoder, decoder


def test_the_path_norm_is_that_of_all_paths_and_does_not_change_where_a_unit_is_rescaled():
    pair = pair_of(4, 3, 2)
    layers = [(layer.weight.detach().numpy() ** 2, layer.bias.detach().numpy() ** 2) for layer in affine_layers(pair)]
    total = 0.0
    for start in range(-1, len(layers)):  # -1: from an input; else from the bias of that layer
        sizes = [len(layers[start][1]) if start >= 0 else 4, *(len(bias) for _, bias in layers[start + 1 :])]
        for path in product(*map(range, sizes)):
            weights = [layers[start + 1 + step][0][b, a] for step, (a, b) in enumerate(pairwise(path))]
            total += np.prod(weights) * (layers[start][1][path[0]] if start >= 0 else 1)
    assert value("path", pair=pair) == pytest.approx(total, rel=1e-12)
    assert value("path", pair=rescaled(pair)) == pytest.approx(total, rel=1e-12)
    assert value("fro", pair=rescaled(pair)) > 3 * value("fro", pair=pair)


def test_norms_of_known_matrices():
    pair = pair_of(2, 2, 2)
    with torch.no_grad():
        for layer, entries in zip(affine_layers(pair), ([3, 4], [1, 1], [2, 0], [1, 2]), strict=True):
            layer.weight.copy_(torch.diag(torch.tensor(entries, dtype=torch.float64)))
    assert value("fro", pair=pair) == pytest.approx(25 + 2 + 4 + 5)
    assert value("log_spectral", pair=pair) == pytest.approx(np.log(16 * 1 * 4 * 4))
    assert value("fro_over_spectral", pair=pair) == pytest.approx(25 / 16 + 2 + 1 + 5 / 4)
    assert value("parameters", pair=pair) == 4 * 6
    assert value("dist_init", pair=pair, initial=pair) == 0


def test_the_noise_that_an_affine_map_tolerates_has_a_closed_form():
    """L(sigma) = L + sigma^2 (mean |x|^2 + 1) for one affine map, so sigma = sqrt(.1 L / (mean |x|^2 + 1))."""
    draw = np.random.default_rng(0)
    x = torch.from_numpy(draw.normal(size=(200, 30)))
    affine = torch.nn.Linear(30, 30).double()
    with torch.no_grad():
        affine.weight.copy_(torch.eye(30) + 0.05 * torch.from_numpy(draw.normal(size=(30, 30))))
        affine.bias.zero_()
        before = (affine(x) - x).square().mean()
    subject = Subject(pair=(affine, torch.nn.Sequential()), training=Split(x, torch.zeros(200, dtype=torch.int64)))
    expected = float((0.1 * before / (x.square().sum(1).mean() + 1)).sqrt())
    assert noise_scale.tolerated_noise(subject, magnitude=False) == pytest.approx(expected, rel=0.03)
    assert by_name("noise_scale").of(subject) == pytest.approx(expected**-2, rel=0.06)


def test_kernel_analysis_of_classes_told_apart_and_of_noise():
    labels = np.repeat(np.arange(10), 50)
    draw = np.random.default_rng(0)
    assert 1 - kernel_analysis.kernel_error(np.eye(10)[labels], labels) == pytest.approx(1 - 5 / 501, abs=1e-6)
    assert 1 - kernel_analysis.kernel_error(draw.normal(size=(500, 8)), labels) == pytest.approx(0.5, abs=0.01)


def test_planes_at_known_angles_and_random_lines():
    line = torch.tensor([[[1.0], [0.0]]], dtype=torch.float64)
    for angle in (1e-9, 0.3, np.pi / 2):
        other = torch.tensor([[[np.cos(angle)], [np.sin(angle)]]], dtype=torch.float64)
        assert float(distortion.plane_distance(line, other)) == pytest.approx(angle, rel=1e-6)
    eight = torch.eye(64, dtype=torch.float64)[None]
    assert float(distortion.plane_distance(eight[..., :8], eight[..., 8:16])) == pytest.approx(8**0.5 * np.pi / 2)
    normal = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 4000, 3, 1)))
    lines = torch.linalg.qr(normal)[0]
    assert float(distortion.plane_distance(*lines).mean()) == pytest.approx(1, abs=0.02)


def test_an_affine_decoder_has_planes_that_do_not_turn():
    planes = distortion.tangent_planes((None, torch.nn.Linear(3, 9).double()), torch.zeros(2, 3).double())
    assert float(distortion.plane_distance(planes[:1], planes[1:])) < 1e-12


def test_independent_units_tell_nothing_of_each_other_and_clones_everything():
    draw = np.random.default_rng(0)
    independent = draw.normal(size=(2000, 64))
    clones = np.repeat(draw.normal(size=(2000, 4)), 16, axis=1)
    assert redundancy.unexplained(independent, 8, draw) == pytest.approx(1, abs=0.03)
    assert redundancy.unexplained(clones, 32, draw) < 1e-9


def test_the_trace_of_the_hessian_is_that_of_the_exact_hessian():
    pair, x = pair_of(6, 5, 2), torch.rand((20, 6), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = float(np.trace(exact_hessian(pair, x)))
    split = Split(x.repeat(40, 1), torch.zeros(800, dtype=torch.int64))
    assert value("trace_hessian", pair=pair, training=split) == pytest.approx(exact, rel=0.05)


def test_a_measure_of_what_it_cannot_have_names_the_need():
    with pytest.raises(InputError, match=f"The measure kernel_analysis needs {LABELS}"):
        value("kernel_analysis", pair=pair_of(4, 3, 2), training=Split(torch.rand(5, 4), torch.zeros(5)))
    with pytest.raises(InputError, match=f"The measure dist_init needs {INITIAL}"):
        value("dist_init", pair=pair_of(4, 3, 2))
