"""Images unlike the training images: pixels drawn from ten distributions, and corrupted images of a data set.

The distributions are ours. The first seven do not depend on the data; the last three use the grey levels of the training
images, the grey levels at each pixel, or the mean and covariance. All images are determined by a seed, have the shape
of the data set's images, and lie in [0, 1].
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import ndimage

from lib.base.errors import InputError

Draw = np.random.Generator
Shape = Sequence[int]


def _grey_levels(draw: Draw, count: int, train: np.ndarray) -> np.ndarray:
    return draw.choice(train.ravel(), (count, train.shape[1]))


def _pixel_by_pixel(draw: Draw, count: int, train: np.ndarray) -> np.ndarray:
    rows = draw.integers(0, len(train), (count, train.shape[1]))
    return train[rows, np.arange(train.shape[1])]


def _covariance(draw: Draw, count: int, train: np.ndarray) -> np.ndarray:
    mixed = draw.normal(size=(count, len(train))) @ (train - train.mean(axis=0)) / np.sqrt(len(train))
    return train.mean(axis=0) + mixed


# (generator, number of images, training images (P, N)) -> images (count, N), clipped to [0, 1] afterwards
DISTRIBUTIONS: Mapping[str, tuple[str, Callable[[Draw, int, np.ndarray], np.ndarray]]] = {
    "uniform": ("every pixel uniform on [0, 1]", lambda draw, n, x: draw.random((n, x.shape[1]))),
    "normal": (
        "every pixel normal, mean 1/2, standard deviation 1/4",
        lambda draw, n, x: draw.normal(0.5, 0.25, (n, x.shape[1])),
    ),
    "black and white": (
        "every pixel 0 or 1, with equal chances",
        lambda draw, n, x: draw.integers(0, 2, (n, x.shape[1])),
    ),
    "arcsine": (
        "every pixel from the arcsine law, Beta(1/2, 1/2)",
        lambda draw, n, x: draw.beta(0.5, 0.5, (n, x.shape[1])),
    ),
    "sparse": ("every pixel 1 with chance 1/10, else 0", lambda draw, n, x: draw.random((n, x.shape[1])) < 0.1),
    "exponential": (
        "every pixel exponential with mean 1/5",
        lambda draw, n, x: draw.exponential(0.2, (n, x.shape[1])),
    ),
    "flat": (
        "one grey level an image, uniform on [0, 1]",
        lambda draw, n, x: draw.random((n, 1)) * np.ones(x.shape[1]),
    ),
    "grey levels": ("every pixel drawn from all pixels of all training images", _grey_levels),
    "pixel by pixel": ("every pixel drawn from the same pixel of the training images", _pixel_by_pixel),
    "covariance": ("normal, with the mean and the covariance of the training images", _covariance),
}


def noise(name: str, train: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """`count` images (count, N), float32 in [0, 1], from one of the `DISTRIBUTIONS`; `train` (P, N): the training images.

    >>> float(noise("flat", np.zeros((3, 4)), 5).std(axis=1).max())
    0.0
    """
    draw = np.random.default_rng([seed, list(DISTRIBUTIONS).index(name)])
    return _clipped(DISTRIBUTIONS[name][1](draw, count, train))


def _clipped(images: np.ndarray) -> np.ndarray:
    return np.clip(images, 0, 1).astype(np.float32)


# --- corrupted images: images (P, N) and their shape (height, width) -> images (P, N) --------------------------------


def _pictures(images: np.ndarray, shape: Shape) -> np.ndarray:
    if len(shape) != 2:
        raise InputError(f"Images of shape {tuple(shape)} cannot be moved or turned; give images of (height, width).")
    return images.reshape(-1, *shape)


def permuted(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """The pixels of all images in the same random order."""
    return images[:, np.random.default_rng(seed).permutation(images.shape[1])]


def inverted(images: np.ndarray) -> np.ndarray:
    """1 - x."""
    return 1 - images


def rotated(images: np.ndarray, shape: Shape, degrees: float) -> np.ndarray:
    """Every image turned counter-clockwise about its centre, with linear interpolation; black beyond its edge."""
    turned = ndimage.rotate(_pictures(images, shape), degrees, axes=(2, 1), reshape=False, order=1)
    return _clipped(turned).reshape(images.shape)


def moved(images: np.ndarray, shape: Shape, pixels: int) -> np.ndarray:
    """Every image moved to the right; columns that leave it are lost, columns that enter are black."""
    return ndimage.shift(_pictures(images, shape), (0, 0, pixels), order=0).reshape(images.shape)


def blurred(images: np.ndarray, shape: Shape, width: float) -> np.ndarray:
    """Every image smoothed with a Gaussian of standard deviation `width` in pixels; black beyond its edge."""
    smooth = ndimage.gaussian_filter(_pictures(images, shape), (0, width, width), mode="constant")
    return _clipped(smooth).reshape(images.shape)


def noisy(images: np.ndarray, spread: float, seed: int = 0) -> np.ndarray:
    """Every image plus normal noise of standard deviation `spread`, clipped to [0, 1]."""
    return _clipped(images + np.random.default_rng(seed).normal(0, spread, images.shape))


def changed(images: np.ndarray, shape: Shape, strength: float = 1.0, seed: int = 0) -> dict[str, np.ndarray]:
    """Images (P, N) rotated, moved, blurred and noisy, by name.

    At `strength` 1: by 90 degrees, by a quarter of the width, with a Gaussian of an eighth of the width, and with noise
    of standard deviation 0.3. At other strengths in proportion; the move is rounded to whole pixels, at least one.
    """
    pixels = max(1, round(strength * shape[-1] / 4))
    return {
        "rotated": rotated(images, shape, 90 * strength),
        "moved": moved(images, shape, pixels),
        "blurred": blurred(images, shape, strength * shape[-1] / 8),
        "noisy": noisy(images, 0.3 * strength, seed),
    }


# --- other images --------------------------------------------------------------------------------------------------


def scaled(images: np.ndarray, shape: Shape, target: Shape) -> np.ndarray:
    """Images (P, N) of `shape` (height, width) resized to `target`, with linear interpolation; smoothed before shrinking."""
    pictures = _pictures(images, shape)
    factors = [new / old for new, old in zip(target, shape, strict=True)]
    # A Gaussian about as wide as the pixels that merge into one removes what a smaller image cannot show.
    smooth = ndimage.gaussian_filter(pictures, (0, *(max(0.0, (1 / factor - 1) / 2) for factor in factors)))
    zoomed = ndimage.zoom(smooth, (1, *factors), order=1, grid_mode=True, mode="nearest")
    return _clipped(zoomed).reshape(len(images), -1)


def photographs(shape: Shape, count: int, seed: int = 0) -> np.ndarray:
    """`count` random pieces (count, N) of the two photographs that come with scikit-learn, grey, resized to `shape`.

    The pieces are squares of eight times the size of `shape`, or as large as the photographs allow.
    """
    from sklearn.datasets import load_sample_images

    draw = np.random.default_rng(seed)
    pictures = [picture.mean(axis=2) / 255 for picture in load_sample_images().images]
    size, pieces = min(8 * max(shape), *pictures[0].shape, *pictures[1].shape), []
    for _ in range(count):
        picture = pictures[draw.integers(len(pictures))]
        top, left = (draw.integers(0, max(1, length - size)) for length in picture.shape)
        pieces.append(picture[top : top + size, left : left + size].ravel())
    return scaled(np.array(pieces), (size, size), shape)


def out_of_distribution(
    train: np.ndarray, test: np.ndarray, shape: Shape, count: int, others: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Sets of `count` images (count, N) by name: the ten `DISTRIBUTIONS`; the first `count` images of `test` permuted,
    inverted and `changed`; pieces of photographs; and `others`, images (.., N) of other data sets."""
    images = test[:count]
    sets = {name: noise(name, train, count) for name in DISTRIBUTIONS}
    sets |= {"permuted": permuted(images), "inverted": inverted(images)} | changed(images, shape)
    sets |= {"photographs": photographs(shape, count)}
    return sets | {name: images[:count] for name, images in (others or {}).items()}
