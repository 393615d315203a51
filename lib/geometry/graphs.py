r"""The neighbour graph of a cloud of points, the low end of its spectrum, and positional encodings made from it.

Two points are joined where one is among the ten nearest neighbours of the other. With weights w_ij and degrees d_i, the
normalised Laplacian L = I - D^(-1/2) W D^(-1/2) has eigenvalues ("frequencies") between 0 and 2: its eigenvectors of small ones
vary little along edges. An eigenvector is defined up to its sign, and within an eigenspace up to a rotation. The encodings of
`positional` are free of this choice: they are made from matrices V phi(Lambda) V^T with smooth phi, after Huang et al.
(2024), but with fixed functions in place of trained networks.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.spatial.distance import cdist

from lib.base.errors import InputError

LEAST_GRAPHED, MOST_GRAPHED = 20, 5_000
NEIGHBOURS = 10
TIES = 1 + 1e-9  # points equally far are neighbours alike, so that neither their order nor rounding decides
BANDS = 8
KEPT_ONE_IN = 9  # one eigenvector in nine is kept: beyond, 1 - lambda comes near 0, and `extended` divides by it
LOWEST = 0.05  # the share of the frequencies that `low_energy` calls low


@dataclass(frozen=True)
class Graph:
    """A neighbour graph: `points` (n, N), the distance `reach` (n,) to the last neighbour, `degrees` (n,), and the lowest of the
    eigenvalues `values` (kept,) of L, rising, with orthonormal `vectors` (n, kept)."""

    points: np.ndarray
    reach: np.ndarray
    degrees: np.ndarray
    values: np.ndarray
    vectors: np.ndarray


def laplacian(weights: np.ndarray) -> np.ndarray:
    """L = I - D^(-1/2) W D^(-1/2) (n, n) of symmetric weights (n, n) with positive row sums."""
    scale = weights.sum(axis=1) ** -0.5
    return np.eye(len(weights)) - scale[:, None] * weights * scale


def low_spectrum(weights: np.ndarray, kept: int) -> tuple[np.ndarray, np.ndarray]:
    """The `kept` smallest eigenvalues of the Laplacian, rising, and orthonormal eigenvectors (n, kept)."""
    values, vectors = eigh(laplacian(weights), subset_by_index=[0, kept - 1])
    return values, vectors


def _reach(distances: np.ndarray) -> np.ndarray:
    """The distance (points, 1) to the last neighbour, for each row of distances."""
    return np.partition(distances, NEIGHBOURS - 1, axis=1)[:, [NEIGHBOURS - 1]] * TIES


def neighbour_graph(points: np.ndarray) -> Graph:
    """The graph of points (n, N) by Euclidean distance, with the lowest ninth of its spectrum, in n^2 numbers and n^3 time.

    Raises `InputError` for fewer than 20 points or more than 5,000.
    """
    if not LEAST_GRAPHED <= len(points) <= MOST_GRAPHED:
        raise InputError(
            f"The neighbour graph has {len(points)} points; give {LEAST_GRAPHED} to {MOST_GRAPHED}, a sample of more."
        )
    points = np.asarray(points, dtype=np.float64)
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    reach = _reach(distances)
    weights = (distances <= np.maximum(reach, reach.T)).astype(np.float64)
    return Graph(points, reach[:, 0], weights.sum(axis=1), *low_spectrum(weights, len(points) // KEPT_ONE_IN))


def extended(graph: Graph, points: np.ndarray) -> np.ndarray:
    r"""The eigenvectors at new points x (points, kept), after Nystrom; the graph stays as it is.

    v(x) = 1/(1 - lambda) sum_j w(x, j) v_j / sqrt(d(x) d_j), the equation that v satisfies at the points of the graph.
    """
    distances = cdist(np.asarray(points, dtype=np.float64), graph.points)
    reach = _reach(distances)
    weights = (distances <= np.maximum(reach, graph.reach)).astype(np.float64)
    weights /= np.sqrt(weights.sum(axis=1, keepdims=True) * graph.degrees)
    return weights @ graph.vectors / (1 - graph.values)


def positional(values: np.ndarray, vectors: np.ndarray, at: np.ndarray | None = None) -> np.ndarray:
    """Positional encodings (points, 4 * 8) of the points of a graph, or of rows `at` (points, kept) of `extended` eigenvectors.

    For each of eight Gaussian bands phi over the frequencies from 0 to 1, with W = V phi(Lambda) V^T: the diagonal of W, and
    its row sums of positive parts, of moduli and of squares. Signs and bases of the eigenvectors play no part.
    """
    at = vectors if at is None else at
    centres = np.linspace(0, 1, BANDS)
    columns = []
    for centre in centres:
        band = np.exp(-((values - centre) ** 2) / (2 * centres[1] ** 2))
        rows = (at * band) @ vectors.T
        sums = np.maximum(rows, 0).sum(axis=1), np.abs(rows).sum(axis=1), (rows**2).sum(axis=1)
        columns += [(at**2 * band).sum(axis=1), *sums]
    return np.stack(columns, axis=1)


def low_energy(function: np.ndarray, vectors: np.ndarray, share: float = LOWEST) -> float:
    """The share of |f - mean f|^2 that lies in the lowest `share` of the frequencies, for a function f (n,) on a graph."""
    centred = function - function.mean()
    low = vectors[:, : round(share * len(centred))]
    return float(((low.T @ centred) ** 2).sum() / (centred @ centred))
