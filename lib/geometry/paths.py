"""Paths between two codes: evenly spaced points, and a path that walks from neighbour to neighbour among known codes."""

import numpy as np
import torch
from torch import Tensor


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
