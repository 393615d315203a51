"""Images that a network was not trained on: pixels drawn from ten distributions, and images of a data set changed.

The distributions are ours. Each draws all pixels of an image at once; the first seven know nothing of the data, the last
three have something of the training images: their grey levels, those of each pixel, or the mean and covariance.
Everything is a function of a seed, has the shape of the data set's images, and lies in [0, 1].
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
    """`count` images (count, N), float32 in [0, 1], from one of `DISTRIBUTIONS`; `train` (P, N) are the training images.

    >>> float(noise("flat", np.zeros((3, 4)), 5).std(axis=1).max())
    0.0
    """
    draw = np.random.default_rng([seed, list(DISTRIBUTIONS).index(name)])
    return _clipped(DISTRIBUTIONS[name][1](draw, count, train))


def _clipped(images: np.ndarray) -> np.ndarray:
    return np.clip(images, 0, 1).astype(np.float32)


# --- changed images: images (P, N) and their shape (height, width) -> images (P, N) --------------------------------


def _pictures(images: np.ndarray, shape: Shape) -> np.ndarray:
    if len(shape) != 2:
        raise InputError(f"Images of shape {tuple(shape)} cannot be moved or turned; give ones of height and width.")
    return images.reshape(-1, *shape)


def permuted(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """The pixels of every image in one and the same random order."""
    return images[:, np.random.default_rng(seed).permutation(images.shape[1])]


def inverted(images: np.ndarray) -> np.ndarray:
    """1 - x."""
    return 1 - images


def rotated(images: np.ndarray, shape: Shape, degrees: float) -> np.ndarray:
    """Every image turned about its centre, counter-clockwise, linearly interpolated, black beyond its edge."""
    turned = ndimage.rotate(_pictures(images, shape), degrees, axes=(2, 1), reshape=False, order=1)
    return _clipped(turned).reshape(images.shape)


def moved(images: np.ndarray, shape: Shape, pixels: int) -> np.ndarray:
    """Every image moved to the right; what leaves it is lost, and what enters is black."""
    return ndimage.shift(_pictures(images, shape), (0, 0, pixels), order=0).reshape(images.shape)


def blurred(images: np.ndarray, shape: Shape, width: float) -> np.ndarray:
    """Every image smoothed by a Gaussian of this standard deviation, in pixels, black beyond its edge."""
    smooth = ndimage.gaussian_filter(_pictures(images, shape), (0, width, width), mode="constant")
    return _clipped(smooth).reshape(images.shape)


def noisy(images: np.ndarray, spread: float, seed: int = 0) -> np.ndarray:
    """Every pixel with normal noise of this standard deviation added, clipped to [0, 1]."""
    return _clipped(images + np.random.default_rng(seed).normal(0, spread, images.shape))


def changed(images: np.ndarray, shape: Shape, strength: float = 1.0, seed: int = 0) -> dict[str, np.ndarray]:
    """Images (P, N) turned, moved, blurred and made noisy: at `strength` 1 by 90 degrees, a quarter of the width, a Gaussian
    of an eighth of the width, and noise of standard deviation 0.3; at less in proportion, moved by whole pixels, at least one."""
    pixels = max(1, round(strength * shape[-1] / 4))
    return {
        "rotated": rotated(images, shape, 90 * strength),
        "moved": moved(images, shape, pixels),
        "blurred": blurred(images, shape, strength * shape[-1] / 8),
        "noisy": noisy(images, 0.3 * strength, seed),
    }


# --- other images --------------------------------------------------------------------------------------------------


def scaled(images: np.ndarray, shape: Shape, wanted: Shape) -> np.ndarray:
    """Images (P, N) of one shape, (height, width), in another, linearly interpolated; smoothed first where made smaller."""
    pictures = _pictures(images, shape)
    factors = [new / old for new, old in zip(wanted, shape, strict=True)]
    smooth = ndimage.gaussian_filter(pictures, (0, *(max(0.0, (1 / one - 1) / 2) for one in factors)))
    zoomed = ndimage.zoom(smooth, (1, *factors), order=1, grid_mode=True, mode="nearest")
    return _clipped(zoomed).reshape(len(images), -1)


def photographs(shape: Shape, count: int, seed: int = 0) -> np.ndarray:
    """`count` square pieces (count, N) of the two photographs that come with scikit-learn, grey, scaled to `shape`; eight
    times as large as that, or as large as there is."""
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
    """Sets of `count` images (count, N) each, by name: the ten of `DISTRIBUTIONS`, then the first `count` images of `test`
    permuted, inverted and `changed`, pieces of photographs, and `others`, images of the same N."""
    images = test[:count]
    sets = {name: noise(name, train, count) for name in DISTRIBUTIONS}
    sets |= {"permuted": permuted(images), "inverted": inverted(images)} | changed(images, shape)
    sets |= {"photographs": photographs(shape, count)}
    return sets | {name: images[:count] for name, images in (others or {}).items()}
