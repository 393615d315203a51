r"""The error of PCA with d axes, the best linear autoencoder of the same latent dimension.

|x - x_d|^2 / N, x_d the orthogonal projection of x on the plane through the training mean along the d leading axes of the
training data; in squared grey levels.
"""

import numpy as np

from lib.measures.protocol import POINTS, TRAINING, WEIGHTS, Subject, as_measure


@as_measure(
    "error of PCA with $d$ axes",
    needs=(POINTS, WEIGHTS, TRAINING),
    cost=lambda sizes: 2 * sizes.latent_dim * sizes.inputs,
    short="PCA error",
    predicts=13,
    detects=6,
)
def linear_error(subject: Subject) -> np.ndarray:
    """The mean squared error (points,) of PCA with as many axes as the network has latent dimensions."""
    from sklearn.decomposition import PCA

    latent_dim = subject.codes.shape[1]
    axes = PCA(latent_dim, svd_solver="full").fit(subject.training.images.numpy())
    linear = axes.inverse_transform(axes.transform(subject.points))
    return ((linear - subject.points) ** 2).mean(axis=1)
