r"""Euclidean distances to the fifth nearest training point: between images, in units of x, and between codes.

How densely the training data lie around a point (`lib.measures.baselines`, brute force).
"""

from lib.measures.baselines import neighbour_distance
from lib.measures.protocol import POINTS, TRAINING, WEIGHTS, Measure

pixel_neighbours = Measure(
    "neighbours",
    "5-NN distance, pixels",
    lambda subject: subject.column("neighbour_distance"),
    needs=(POINTS, TRAINING),
    cost=lambda sizes: sizes.training_points * sizes.inputs,
    short="5-NN, pixels",
    held=True,
    predicts=11,
    detects=7,
)
latent_neighbours = Measure(
    "latent_neighbours",
    "5-NN distance, codes",
    lambda subject: neighbour_distance(subject.training_codes, subject.codes),
    needs=(POINTS, WEIGHTS, TRAINING),
    cost=lambda sizes: sizes.encoder + sizes.training_points * sizes.latent_dim,
    short="5-NN, codes",
    predicts=12,
    detects=8,
)
