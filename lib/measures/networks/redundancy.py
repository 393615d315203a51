r"""The share of the first hidden layer that an eighth of its units does not tell: 1 - R2, between 0 and about 1.

Ridge regression (1e-8) of the other units on a random eighth, fitted at half of the training images and scored at the rest,
R2 weighted by variance, the mean of five draws. Redundant representations, of small 1 - R2, are said to go with good
generalisation. Source: Doimo et al. (2021), whose code scores where it fits, and the chunk itself.
"""

import numpy as np
import torch
from sklearn.linear_model import Ridge

from lib.measures.protocol import TRAINING, WEIGHTS, Subject, as_measure, drawn

SHARE, DRAWS = 8, 5


def unexplained(units: np.ndarray, chunk: int, draw: np.random.Generator) -> float:
    """1 - R2 of the other columns of `units` (points, width) on a random `chunk` of them; mean of five draws."""
    half, found = len(units) // 2, []
    for _ in range(DRAWS):
        order = draw.permutation(units.shape[1])
        x, y = units[:, order[:chunk]], units[:, order[chunk:]]
        model = Ridge(1e-8).fit(x[:half], y[:half])
        spread = np.square(y[half:] - y[half:].mean(axis=0)).sum()
        found.append(np.square(y[half:] - model.predict(x[half:])).sum() / spread)
    return float(np.mean(found))


@as_measure(
    "1 - R2 between hidden units",
    needs=(WEIGHTS, TRAINING),
    cost=lambda sizes: sizes.training_points * (sizes.encoder + DRAWS * sizes.widths[1] ** 2 // SHARE),
    level="network",
    source="doimo2021",
    orthogonal=False,
)
def redundancy(subject: Subject) -> float:
    """1 - R2 within the first hidden layer of the encoder, at the training images."""
    draw, images = subject.generator(), subject.training.images
    x = images[drawn(images.numpy(), len(images), draw)]
    with torch.no_grad():
        units = subject.pair[0][:2](x.to(next(subject.pair[0].parameters()).dtype)).double().numpy()
    return unexplained(units, max(1, units.shape[1] // SHARE), draw)
