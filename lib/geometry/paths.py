r"""Paths between two codes: straight, from neighbour to neighbour among known codes, and where known codes are dense.

The density p of the known codes is that of normal distributions about each of them. A path of density is short in the space of
images and dense in codes: it minimises S - weight * mean log p(z_i), where S is sum_i |D(z_i+1) - D(z_i)|^2 relative to the
same sum of the straight path.
Source: the idea is that of arXiv 1901.08553, of which we know abstract and introduction; the functional is ours.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

SEARCH_STEPS = 300  # of L-BFGS, at most


def evenly_along(path: Tensor, points: int) -> Tensor:
    """Codes (points, d) at equal distances along the straight pieces of a path (nodes, d)."""
    places = np.concatenate([[0], path.diff(dim=0).norm(dim=1).cumsum(0)])
    wanted = np.linspace(0, places[-1], points)
    return torch.from_numpy(np.stack([np.interp(wanted, places, column) for column in path.T], axis=1)).to(path)


def graph_path(codes: Tensor, first: Tensor, last: Tensor, neighbours: int = 10) -> Tensor:
    """The shortest path (nodes, d) along the graph that joins each of `codes` (points, d) and both ends to its neighbours.

    Where the graph does not connect the ends, the straight path.
    """
    from scipy.sparse.csgraph import dijkstra
    from sklearn.neighbors import kneighbors_graph

    nodes = torch.cat([first[None], last[None], codes])
    graph = kneighbors_graph(nodes.numpy(), neighbours, mode="distance")
    _, before = dijkstra(graph, directed=False, indices=0, return_predecessors=True)
    way = [1]
    while before[way[-1]] >= 0:
        way.append(int(before[way[-1]]))
    return nodes[way[::-1] if way[-1] == 0 else [0, 1]]


def log_density(z: Tensor, codes: Tensor, width: float) -> Tensor:
    """The log of the density (...,) at z (..., d) of normal distributions of this standard deviation about codes (points, d)."""
    apart = torch.cdist(z, codes).square() / (2 * width**2)
    return (-apart).logsumexp(dim=-1) - math.log(len(codes) * (width * math.sqrt(2 * math.pi)) ** z.shape[-1])


def density_path(decoder: nn.Module, path: Tensor, codes: Tensor, width: float, weight: float) -> Tensor:
    """The path of density (nodes, d) with the ends and number of nodes of `path`, from which the search sets out.

    All in float64, by L-BFGS. A straight path through a hole is a saddle of the functional: set out from another.
    """
    first, inner, last = path[:1], path[1:-1].clone().requires_grad_(), path[-1:]

    def length(nodes: Tensor) -> Tensor:
        return decoder(nodes).diff(dim=0).square().sum()

    with torch.no_grad():
        straight = length(evenly_along(torch.cat([first, last]), len(path)))
    search = torch.optim.LBFGS([inner], max_iter=SEARCH_STEPS, history_size=20, line_search_fn="strong_wolfe")

    def functional() -> Tensor:
        search.zero_grad()
        nodes = torch.cat([first, inner, last])
        loss = length(nodes) / straight - weight * log_density(nodes, codes, width).mean()
        loss.backward()
        return loss

    search.step(functional)
    return torch.cat([first, inner.detach(), last])
