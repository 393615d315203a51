r"""The distance to the nearest class mean over that to the second nearest, in the layer before the last; 0 to 1.

Class means are of the training features, so the training labels are needed, and not that of the point. In a collapsed
network (`lib.geometry.collapse`) the nearest mean is the class that is chosen.
"""

from lib.measures.classified import Classified
from lib.measures.protocol import LABELS, POINTS, TRAINING, WEIGHTS, as_measure


@as_measure(
    "distance ratio of class means",
    needs=(POINTS, WEIGHTS, TRAINING, LABELS),
    cost=lambda sizes: sizes.encoder + sizes.latent_dim * sizes.widths[-2],
    level="classifier",
    source="papyan2020",
)
def class_mean_ratio(subject: Classified):
    """|h - mu_1| / |h - mu_2| (points,), mu_1 the nearest and mu_2 the second nearest class mean."""
    nearest = subject.to_class_means.sort(dim=1).values
    return nearest[:, 0] / nearest[:, 1]
