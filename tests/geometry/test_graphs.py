"""Neighbour graphs: the spectrum of a cycle, encodings that no choice of eigenvectors moves, Nystrom's formula, a closed form."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles

from lib.base.errors import InputError
from lib.geometry import graphs

CYCLE = 40


def cycle(change: float = 0.0) -> np.ndarray:
    """The weights of a cycle; the first edge is heavier by `change`."""
    weights = np.roll(np.eye(CYCLE), 1, axis=1)
    weights[0, 1] += change
    return weights + weights.T


def cloud(points: int = 200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((points, 5))


def test_the_eigenvalues_of_a_cycle():
    values, vectors = graphs.low_spectrum(cycle(), CYCLE)
    assert np.abs(values - np.sort(1 - np.cos(2 * np.pi * np.arange(CYCLE) / CYCLE))).max() < 2e-15
    assert np.abs(vectors.T @ vectors - np.eye(CYCLE)).max() < 1e-13


def test_a_small_change_of_a_weight_moves_eigenvectors_far_and_encodings_in_proportion():
    values, vectors = graphs.low_spectrum(cycle(), CYCLE)
    encodings, ratios = graphs.positional(values, vectors), []
    for change in (1e-8, 1e-6, 1e-4, 1e-2):
        moved = graphs.low_spectrum(cycle(change), CYCLE)
        size = np.linalg.norm(graphs.laplacian(cycle(change)) - graphs.laplacian(cycle()))
        ratios.append(np.linalg.norm(graphs.positional(*moved) - encodings) / size)
    assert size == pytest.approx(np.sqrt(3) / 4 * 1e-2, rel=1e-2), "of each unit of weight"
    assert ratios == pytest.approx([ratios[-1]] * 4, rel=2e-3)
    assert ratios[0] < 6
    raw = graphs.low_spectrum(cycle(1e-8), CYCLE)[1]
    assert np.linalg.norm(raw - vectors) > 2, "degenerate eigenvectors turn at once"


def test_the_order_of_the_points_and_signs_of_eigenvectors_play_no_part():
    points, order = cloud(), np.random.default_rng(1).permutation(200)
    graph, other = graphs.neighbour_graph(points), graphs.neighbour_graph(points[order])
    signs = np.random.default_rng(2).choice([-1, 1], len(graph.values))
    encodings = graphs.positional(graph.values, graph.vectors)
    assert np.abs(graphs.positional(other.values, other.vectors) - encodings[order]).max() < 1e-12
    assert np.abs(graphs.positional(graph.values, graph.vectors * signs) - encodings).max() < 1e-12


def test_points_equally_far_are_neighbours_alike():
    grid = np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), axis=-1).reshape(-1, 2)
    degrees = graphs.neighbour_graph(grid).degrees.reshape(12, 12)
    assert (degrees == degrees.T).all()
    assert (degrees == degrees[::-1]).all()
    assert degrees[5, 5] == 12, "four at distance 1, four at root 2, and all four at 2"


def test_nystrom_returns_the_eigenvectors_at_the_points_of_the_graph():
    """A copy of the points, far enough from each to be no neighbour of its own, has their neighbours."""
    graph = graphs.neighbour_graph(cloud())
    weights = graphs.cdist(graph.points, graph.points)
    near = (weights <= np.maximum(graph.reach[:, None], graph.reach)) & (weights > 0)
    assert (near.sum(axis=1) == graph.degrees).all()
    smoothed = near / np.sqrt(graph.degrees[:, None] * graph.degrees) @ graph.vectors / (1 - graph.values)
    assert np.abs(smoothed - graph.vectors).max() < 1e-12
    new = graphs.extended(graph, cloud(50, seed=1))
    assert new.shape == (50, 200 // 9)
    # the lowest eigenvector is the root of the degrees, also at new points
    assert (np.sign(new[:, 0]) == np.sign(graph.vectors[0, 0])).all()


def test_low_energy_is_one_for_a_low_eigenvector_and_small_for_noise():
    points = cloud(400)
    graph = graphs.neighbour_graph(points)
    low = graph.vectors[:, 1] / np.sqrt(graph.degrees)
    assert graphs.low_energy(low, graph.vectors) > 0.9
    assert graphs.low_energy(np.random.default_rng(0).standard_normal(400), graph.vectors) < 0.1


def test_the_nested_loss_is_least_at_the_principal_components_of_the_probes_which_are_fourier_s():
    """The proposition of the page: on a circle, 5,000 smoothed probes have the first five Fourier functions as components."""
    count, draw = 100, np.random.default_rng(0)
    angle = 2 * np.pi * np.arange(count) / count
    step = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    near = (np.minimum(step, count - step) <= 5) / 11.0
    probes = draw.uniform(-1, 1, (5000, count)) @ np.linalg.matrix_power(near, 4)
    components = np.linalg.svd(probes, full_matrices=False)[2][:5].T
    fourier = np.stack([np.ones(count), *(wave(k * angle) for k in (1, 2) for wave in (np.cos, np.sin))], axis=1)
    assert np.cos(subspace_angles(components, fourier)).min() > 0.998

    def nested(basis):
        return np.mean([((probes - probes @ basis[:, :k] @ basis[:, :k].T) ** 2).sum() for k in range(1, 6)])

    least = nested(components)
    assert least <= nested(np.linalg.qr(fourier)[0])
    assert all(least < nested(np.linalg.qr(draw.standard_normal((count, 5)))[0]) for _ in range(5))
    assert least < nested(components[:, ::-1]), "their order counts"


@pytest.mark.parametrize("count", [19, 5001])
def test_a_graph_of_too_few_or_too_many_points_is_refused(count):
    with pytest.raises(InputError, match=rf"The neighbour graph has {count} points; give 20 to 5000"):
        graphs.neighbour_graph(np.zeros((count, 1)))
