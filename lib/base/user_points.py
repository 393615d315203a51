"""A user's points: .npy, .npz, .pt and .parquet files, folders of images, or code that returns an array.

All of them are read through `read_points`. Files are untrusted, so nothing in them is executed: no pickles, except the
restricted pickles of torch that hold tensors only. Declared sizes are checked before memory is allocated (`lib.base.untrusted`).
"""

import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lib.base.errors import InputError, check_known, nonfinite_rows
from lib.base.untrusted import array_in, array_of, check_fits, check_ordinary, members_of, table_of
from lib.base.usercode import FILES, call, check_there, is_code, located, reason, some

IMAGES = (".png", ".jpg", ".jpeg")
CHANNELS = {"L": 1, "RGB": 3}


@dataclass(frozen=True)
class Points:
    """Named points: `values` (points, ...), float32 or float64 and finite; `labels`, the name of each point in a report."""

    name: str
    values: Tensor
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def first(self, most: int) -> "Points":
        """A random subset of at most `most` points, in their order; the same subset each time."""
        rows = np.sort(np.random.default_rng(0).permutation(len(self))[:most])
        return Points(self.name, self.values[torch.from_numpy(rows)], tuple(self.labels[row] for row in rows))


def read_points(source: str, folder: Path = Path()) -> Points:
    """The points of a file, a folder of images, or code; relative paths start from `folder`.

    Sources: `FILE.npy`; `FILE.npz` or `FILE.pt` (`FILE.npz:NAME` if it holds several arrays); `FILE.parquet` with numeric
    columns; a folder of PNG or JPEG images of equal size, grey or RGB, scaled from 0..255 to [0, 1];
    `package.module:function`, which is imported and called. Raises `InputError` unless the points are finite float32 or float64.
    """
    check_there(source, folder)
    path, key = located(source, folder)
    labels: tuple[str, ...] | None = None
    if path.suffix.lower() in READERS:
        values = _guarded(path, lambda: READERS[path.suffix.lower()](path, key))
    elif path.is_dir():
        values, labels = _guarded(path, lambda: _images(path))
    elif is_code(source):
        values = call(source, folder)
    else:
        raise InputError(
            f"{path} is neither a file of type {', '.join(READERS)} nor a folder of images; save them as one of these."
        )
    tensor = checked_points(values, source)
    return Points(source, tensor, labels or tuple(str(row) for row in range(len(tensor))))


def checked_points(values: object, name: str) -> Tensor:
    """The values as a contiguous tensor on the CPU; `InputError` unless they are finite float32 or float64 points."""
    if isinstance(values, np.ndarray):
        if values.dtype.hasobject or values.dtype.kind not in "biufc":
            raise InputError(f"{name} holds {values.dtype} values; points are float32 or float64 numbers.")
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        kind = str(values.dtype)
    elif isinstance(values, Tensor) and values.layout == torch.strided and not values.is_quantized:
        values, kind = values.detach(), str(values.dtype).removeprefix("torch.")
    else:
        raise InputError(f"{name} is a {type(values).__name__}; points are an array or a dense tensor of numbers.")
    if kind not in ("float32", "float64"):
        whole = kind == "bool" or "int" in kind
        scaled = ", scaled as in training (images to [0, 1])" if whole else ""
        raise InputError(f"{name} holds {kind} values; convert them to float32 or float64{scaled}.")
    shape = tuple(values.shape)
    if len(shape) < 2 or math.prod(shape) == 0:
        raise InputError(f"{name} has the shape {shape}; points have the shape (points, ...), with at least one.")
    check_fits(math.prod(shape) * values.itemsize, name)
    if isinstance(values, Tensor) and values.is_meta:
        raise InputError(f"{name} is a tensor without values (on the meta device); give a tensor on the CPU.")
    tensor = torch.from_numpy(np.require(values, requirements="CW")) if isinstance(values, np.ndarray) else values.cpu()
    tensor = tensor.clone(memory_format=torch.contiguous_format) if tensor is values else tensor.contiguous()
    if bad := nonfinite_rows(tensor):
        raise InputError(
            f"{name} has NaN or infinity in {len(bad)} rows, first {bad[:5]}; remove the non-finite values."
        )
    return tensor


def _guarded(path: Path, read_file: Callable):
    """The result of `read_file`; any exception it raises becomes the `InputError` of an unreadable file."""
    if not path.is_dir():
        check_ordinary(path)
    try:
        return read_file()
    except InputError:
        raise
    except Exception as error:  # the readers raise many types for damaged, pickled or foreign files
        raise InputError(
            f"{path} cannot be read as {path.suffix or 'images'} ({reason(error)}); write it again."
        ) from error


# --- files -------------------------------------------------------------------------------------------------------


def _chosen(arrays: Mapping[str, object], key: str | None, path: Path) -> str:
    """The requested name, or the name of the only array."""
    if key is not None and key not in arrays:
        raise InputError(f"{path} has no array {key!r}; choose one of: {some(arrays)}.")
    if key is None and len(arrays) != 1:
        raise InputError(
            f"{path} holds {len(arrays)} arrays ({some(arrays)}); name the array of the points, as in {path}:NAME."
        )
    return next(iter(arrays)) if key is None else key


def _npy(path: Path, key: str | None) -> np.ndarray:
    return array_of(lambda: path.open("rb"), path.stat().st_size, path)


def _npz(path: Path, key: str | None) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        members = members_of(archive)
        return array_in(archive, members[_chosen(members, key, path)], path)


def _pt(path: Path, key: str | None) -> Tensor:
    """A tensor written by torch.save; mapped, not copied, so that a forged size cannot reach beyond the file."""
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path} is a bare pickle, which could run code, or not a torch file; save a tensor with torch.save."
        )
    with zipfile.ZipFile(path) as archive:
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            raise InputError(
                f"{path} is compressed, which torch.save never does; save the tensor again with torch.save."
            )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        raise InputError(
            f"{path} holds more than tensors, or is damaged ({type(error).__name__}), and is not opened, because a pickle "
            "could run code; save a tensor, or a dictionary of tensors."
        ) from error
    if isinstance(content, Mapping):
        tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
        content = tensors[_chosen(tensors, key, path)]
    return content  # `checked_points` refuses anything but a tensor


def _parquet(path: Path, key: str | None) -> np.ndarray:
    import pyarrow as pa

    def check(schema: pa.Schema) -> None:
        wrong = [
            f"{field.name}: {field.type}"
            for field in schema
            if not (pa.types.is_floating(field.type) or pa.types.is_integer(field.type))
        ]
        if wrong:
            raise InputError(f"{path} has columns that are not numeric ({some(wrong)}); leave them out.")

    columns = table_of(path, check).columns
    if not columns:
        raise InputError(f"{path} has no columns; give a column for each coordinate of the points.")
    return np.column_stack([column.cast(pa.float64()).to_numpy() for column in columns])


def _images(folder: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """The images of a folder, sorted by name, (points, channels, height, width) in [0, 1], and the names of their files."""
    from PIL import Image

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGES)
    if not paths:
        raise InputError(f"{folder} holds no images ({', '.join(IMAGES)}); give the folder that contains them.")
    images: list[np.ndarray] = []
    first: tuple[str, tuple[int, int]] | None = None
    for path in paths:
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{path} is not a file of this folder (a link out of it?); copy the images themselves.")
        try:
            with Image.open(path, formats=("PNG", "JPEG")) as image:
                check_known(f"mode of the image {path}", image.mode, CHANNELS)
                first = first or (image.mode, image.size)
                if (image.mode, image.size) != first:
                    raise InputError(
                        f"{path} is {image.mode} of {image.size[0]} x {image.size[1]} pixels, the first image {first[0]} "
                        f"of {first[1][0]} x {first[1][1]}; make them equal."
                    )
                check_fits(4 * len(paths) * CHANNELS[image.mode] * math.prod(image.size), folder)
                images.append(np.asarray(image, dtype=np.float32).reshape(*image.size[::-1], -1) / 255)
        except InputError:
            raise
        except Exception as error:  # Pillow raises many types
            raise InputError(f"{path} is not a readable image ({reason(error)}); remove or replace it.") from error
    return np.stack(images).transpose(0, 3, 1, 2), tuple(path.name for path in paths)


READERS: Mapping[str, Callable[[Path, str | None], np.ndarray | Tensor]] = dict(
    zip(FILES, (_npy, _npz, _pt, _parquet), strict=True)
)
