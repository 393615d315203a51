r"""Neural collapse of a classifier: features of one class run together, class means and weights become a simplex.

With features h (points, p) of K classes, class means mu_c, their mean mu_G, M the centred means mu_c - mu_G as rows, S_W the
mean over classes of the covariance within a class, S_B = M^T M / K, and the last layer W h + b:

    NC1  tr(S_W S_B^+) / K
    NC2  mean over pairs of classes of |cos(M_c, M_c') + 1/(K-1)|, and the spread of the lengths, std |M_c| / mean |M_c|
    NC3  |W/|W|_F - M/|M|_F|_F
    NC4  the share of points at which argmax(W h + b) is not the class of the nearest mean

All are 0 in the collapsed state, and without a unit. Source: Papyan, Han and Donoho (2020). Classes weigh equally, so that
they may differ in size; the paper's classes are equally large.
"""

import torch
from torch import Tensor

from lib.base.errors import InputError

RANK_SHARE = 1e-10  # of the largest eigenvalue of S_B: smaller ones count as 0; its rank is K - 1 at most


@torch.no_grad()
def class_means(features: Tensor, labels: Tensor) -> Tensor:
    """The mean features (K, p) of the classes 0 ... K - 1; `InputError` where a class has no point."""
    counts = torch.bincount(labels)
    if empty := (counts == 0).nonzero().flatten().tolist():
        raise InputError(f"The classes {empty[:5]} have no points; give points of each class.")
    totals = torch.zeros(len(counts), features.shape[1], dtype=features.dtype).index_add(0, labels, features)
    return totals / counts[:, None]


@torch.no_grad()
def collapse(features: Tensor, labels: Tensor, weight: Tensor, bias: Tensor) -> dict[str, float]:
    """`nc1`, `nc2`, `nc2_lengths`, `nc3` and `nc4`, from features (points, p), labels (points,), W (K, p) and b (K,).

    Computed in float64. Raises `InputError` unless each of the K classes has points, and the class means differ.
    """
    features, weight, bias = features.double(), weight.double(), bias.double()
    means = class_means(features, labels)
    classes = len(weight)
    if len(means) != classes:
        raise InputError(f"The labels have {len(means)} classes, the last layer {classes}; give points of each class.")
    centred = means - means.mean(dim=0)
    lengths = centred.norm(dim=1)
    if not (lengths > 0).all():
        raise InputError(
            "The features of a class have the mean of all classes; no angle is defined: train the network."
        )
    shares = 1 / (classes * torch.bincount(labels).double())  # the weight of a point
    within = features - means[labels]
    between = torch.linalg.pinv(centred.T @ centred / classes, rtol=RANK_SHARE, hermitian=True)
    cosines = centred @ centred.T / lengths[:, None] / lengths
    pairs = ~torch.eye(classes, dtype=torch.bool)
    decided = (features @ weight.T + bias).argmax(dim=1)
    return {
        "nc1": float(((within @ between) * within).sum(dim=1) @ shares[labels]) / classes,
        "nc2": float((cosines[pairs] + 1 / (classes - 1)).abs().mean()),
        "nc2_lengths": float(lengths.std(correction=0) / lengths.mean()),
        "nc3": float((weight / weight.norm() - centred / centred.norm()).norm()),
        "nc4": float((decided != torch.cdist(features, means).argmin(dim=1)).double().mean()),
    }
