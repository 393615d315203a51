r"""The error of PCA with d axes, the best linear autoencoder of the same latent dimension.

|x - x_d|^2 / N, x_d the orthogonal projection of x on the plane through the training mean along the d leading axes of the
training data; in squared grey levels.
"""

import numpy as np

from lib.base.errors import InputError
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
    """The mean squared error (points,) of PCA with as many axes as the network has latent dimensions.

    Raises `InputError` for fewer training points, or fewer numbers a point, than axes.
    """
    from sklearn.decomposition import PCA

    d, images = subject.codes.shape[1], subject.training.images.numpy()
    if min(images.shape) < d:
        rows, columns = images.shape
        raise InputError(f"PCA of {d} axes needs at least {d} training points of {d} numbers, not {rows} of {columns}.")
    axes = PCA(d, svd_solver="full").fit(images)
    linear = axes.inverse_transform(axes.transform(subject.points))
    return ((linear - subject.points) ** 2).mean(axis=1)
