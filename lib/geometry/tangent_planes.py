r"""The tangent planes of a decoder's image, and the angles between them.

The plane at D(z) is spanned by the d columns of J_D(z). The distance of two planes is |(theta_1, ..., theta_d)|, the norm of their
principal angles: the geodesic distance of the Grassmannian. Source: Choi et al. (2022), who take the arc cosine of
singular values; this floors near 4e-8, so here the sines are computed too.
"""

import torch
from torch import Tensor, nn
from torch.func import jvp, vmap

SIDE_BY_SIDE = 8  # directions at a time: more need more memory, and are hardly faster
FULL_RANK = 1e-9  # relative: below, a column of J_D depends on the others and there is no plane of dimension d


def decoder_jacobians(decoder: nn.Module, codes: Tensor) -> Tensor:
    """J_D (points, N, d) at codes (points, d), by d passes in forward mode, some of them side by side."""

    def column(axis: Tensor) -> Tensor:
        return jvp(decoder, (codes,), (axis.expand_as(codes),))[1].flatten(1)

    with torch.no_grad():
        axes = torch.eye(codes.shape[1], dtype=codes.dtype)
        return vmap(column, randomness="different", chunk_size=SIDE_BY_SIDE)(axes).movedim(0, 2)


def orthonormal(jacobians: Tensor) -> Tensor:
    """Orthonormal bases (points, N, d) of the columns' spans; NaN where the columns do not have full rank."""
    basis, triangle = torch.linalg.qr(jacobians)
    sizes = triangle.diagonal(dim1=-2, dim2=-1).abs()
    full = sizes.amin(dim=-1) > FULL_RANK * sizes.amax(dim=-1)
    return torch.where(full[:, None, None], basis, torch.nan)


def plane_distance(first: Tensor, second: Tensor) -> Tensor:
    """|principal angles| (points,) between planes with orthonormal bases (points, N, d); NaN where a basis is NaN."""
    known = ~(first.isnan() | second.isnan()).flatten(1).any(dim=1)
    first, second = first[known], second[known]
    shared = first.mT @ second
    cosines = torch.linalg.svdvals(shared)
    sines = torch.linalg.svdvals(second - first @ shared).flip(-1)
    distances = torch.full((len(known),), torch.nan, dtype=first.dtype)
    distances[known] = torch.atan2(sines, cosines).norm(dim=-1)
    return distances
