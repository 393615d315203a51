"""The data sets of the runs: grey-level images as rows of numbers in [0, 1], split into train and test.

All data sets are loaded through `load`. The digits come with scikit-learn; MNIST and its relatives are read from the data
root (`GEOMETRY_DATA`, else `./data`, else `../shared/data`) or downloaded there through torchvision; a path that ends
in `.npz` is a user's data set.
"""

import math
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lib.base import files
from lib.base.errors import InputError, nonfinite_rows
from lib.base.untrusted import array_in, check_ordinary, members_of
from lib.base.usercode import reason
from lib.training.options import DATASETS, TORCHVISION

MOST_LABELS = 10_000
IDX_FILES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
NPZ_KEYS = ("train_images", "train_labels", "test_images", "test_labels")


@dataclass(frozen=True)
class Split:
    """The training or test part of a data set: `images` float32 (points, N) in [0, 1]; `labels` int64 (points,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """A data set: two splits, the shape of an image (N is its product), and the SHA-256 of images and labels."""

    name: str
    train: Split
    test: Split
    image_shape: tuple[int, ...]
    sha256: str

    @property
    def input_dim(self) -> int:
        """N, the number of pixels."""
        return self.train.images.shape[1]


def load(name: str, train_points: int | None = None, test_points: int | None = None) -> Dataset:
    """Load a data set by name (`digits`, `mnist`, `fashion-mnist`, `kmnist`) or by the path of an `.npz` file.

    `train_points` and `test_points`: how many points of each split to keep, from its start (the digits are shuffled).
    Raises `InputError` for an unknown name, unusable content, or a data set that is neither on disk nor downloadable.
    """
    if name == "digits":
        arrays, shape = _digits(), (8, 8)
    elif name in TORCHVISION:
        arrays, shape = _torchvision(name)
    elif name.endswith(".npz"):
        arrays, shape = _npz(Path(name))
    else:
        raise InputError(
            f"Unknown dataset {name!r}; choose one of: {', '.join(DATASETS)}, or the path of an .npz file."
        )
    train_images, train_labels, test_images, test_labels = arrays
    train = _split(name, "train", train_images, train_labels, train_points)
    test = _split(name, "test", test_images, test_labels, test_points)
    if train.images.shape[1] != test.images.shape[1]:
        raise InputError(
            f"Dataset {name!r} has {train.images.shape[1]} pixels in train and {test.images.shape[1]} in test; "
            "give both the same shape."
        )
    tensors = (train.images, train.labels, test.images, test.labels)
    checksum = files.digest([files.sha256(tensor.numpy().tobytes()) for tensor in tensors])
    return Dataset(name, train, test, shape, checksum)


def _split(name: str, part: str, images: np.ndarray, labels: np.ndarray, points: int | None) -> Split:
    if images.ndim < 2 or images.size == 0 or labels.shape != images.shape[:1]:
        raise InputError(
            f"Dataset {name!r} has {part} images of shape {images.shape} and labels of shape {labels.shape}; "
            "give (points, ...) and (points,) with at least one point."
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= MOST_LABELS:
        raise InputError(
            f"Dataset {name!r} has {part} labels other than whole numbers from 0 to {MOST_LABELS - 1}; renumber the classes."
        )
    if points is not None and not 0 < points <= len(images):
        raise InputError(f"Dataset {name!r} has {len(images)} {part} points, {points} were asked for; ask for fewer.")
    images, labels = images[:points], labels[:points]
    rows = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32)).reshape(len(images), -1)
    if bad := nonfinite_rows(rows):
        raise InputError(
            f"Dataset {name!r} has NaN or infinite pixels in {part} rows {bad[:5]}; remove the non-finite values."
        )
    if rows.min() < 0 or rows.max() > 1:
        raise InputError(
            f"Dataset {name!r} has {part} pixels in [{rows.min():g}, {rows.max():g}]; scale them to [0, 1]."
        )
    return Split(rows, torch.from_numpy(labels.astype(np.int64)))


def _digits() -> tuple[np.ndarray, ...]:
    """scikit-learn's 1,797 handwritten 8 x 8 digits, 1540/257 (6:1, as MNIST), shuffled and stratified by class."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    train_images, test_images, train_labels, test_labels = train_test_split(
        images / 16, labels, test_size=257, stratify=labels, random_state=0
    )
    return train_images, train_labels, test_images, test_labels


def data_roots() -> list[Path]:
    """The folders in which data sets are searched, in order."""
    given = os.environ.get("GEOMETRY_DATA")
    return ([Path(given)] if given else []) + [files.ROOT / "data", files.ROOT.parent / "shared" / "data"]


def found(name: str) -> Path | None:
    """The first folder with the four original files of `mnist`, `fashion-mnist` or `kmnist`, or None."""
    folders = [root / TORCHVISION[name] / "raw" for root in data_roots()]
    return next((folder for folder in folders if all((folder / file).is_file() for file in IDX_FILES)), None)


def _torchvision(name: str) -> tuple[tuple[np.ndarray, ...], tuple[int, ...]]:
    folder = found(name) or _downloaded(name)
    arrays = [_idx(folder / file) for file in IDX_FILES]
    shape = arrays[0].shape[1:]
    return tuple(array.astype(np.float32) / 255 if array.ndim == 3 else array for array in arrays), shape


def _downloaded(name: str) -> Path:
    root = data_roots()[0]
    try:
        import torchvision.datasets  # takes seconds, so only for a download

        getattr(torchvision.datasets, TORCHVISION[name])(root=str(root), train=True, download=True)
    except Exception as error:
        places = ", ".join(str(root / TORCHVISION[name] / "raw") for root in data_roots())
        raise InputError(
            f"Dataset {name!r} was not found (looked in {places}) and could not be downloaded ({type(error).__name__}); "
            "put its four original files into one of these folders, or point GEOMETRY_DATA at the folder above them."
        ) from error
    return root / TORCHVISION[name] / "raw"


def _idx(path: Path) -> np.ndarray:
    """The array of an idx file of bytes: 0, 0, 8, the number of dimensions, their sizes (four bytes each), the values."""
    check_ordinary(path)
    content, dimensions = path.read_bytes(), 3 if "idx3" in path.name else 1
    start = 4 + 4 * dimensions
    sizes = np.frombuffer(content[4:start].ljust(start - 4, b"\0"), ">u4").tolist()
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) != start + math.prod(sizes):
        raise InputError(
            f"{path} is damaged: it is not an idx file of bytes, or is cut off; remove it, and download it again."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)


def _npz(path: Path) -> tuple[tuple[np.ndarray, ...], tuple[int, ...]]:
    try:
        if not path.exists():
            raise InputError(f"{path} does not exist; give the path of an .npz file.")
        check_ordinary(path)
        with zipfile.ZipFile(path) as archive:
            members = members_of(archive)
            missing = [key for key in NPZ_KEYS if key not in members]
            if missing:
                raise InputError(f"{path} lacks the array {missing[0]!r}; an .npz data set has {', '.join(NPZ_KEYS)}.")
            arrays = tuple(array_in(archive, members[key], path) for key in NPZ_KEYS)
    except InputError:
        raise
    except Exception as error:  # zipfile and numpy raise many types for damaged files
        raise InputError(f"{path} is not a readable .npz file ({reason(error)}); write it again.") from error
    for images, part in ((arrays[0], "train"), (arrays[2], "test")):
        if images.dtype.kind != "f":
            raise InputError(f"{path} has {part} images of type {images.dtype}; give floating point pixels in [0, 1].")
    return arrays, tuple(arrays[0].shape[1:])
