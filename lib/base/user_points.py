"""A user's points: .npy, .npz, .pt, .pth, .parquet and .csv files, folders of images, or code that returns an array.

All of them are read through `read_points`. Files are untrusted, so nothing in them is executed: no pickles, except the
restricted pickles of torch that hold tensors only. Declared sizes are checked before memory is allocated (`lib.base.untrusted`).
"""

import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.masked import MaskedTensor

from lib.base.errors import InputError, nonfinite_rows
from lib.base.image_folders import read_images
from lib.base.tables import read_table
from lib.base.untrusted import array_in, array_of, check_fits, check_ordinary, members_of
from lib.base.usercode import call, check_there, is_code, located, reason, some


@dataclass(frozen=True)
class Points:
    """Named points: `values` (points, ...), float32 or float64 and finite; `labels`, the name of each point in a report.

    `columns`: the names of the coordinates, where the file has names. `notes`: what was converted or left out, for a report.
    """

    name: str
    values: Tensor
    labels: tuple[str, ...]
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def first(self, most: int) -> "Points":
        """A random subset of at most `most` points, in their order; the same subset each time."""
        rows = np.sort(np.random.default_rng(0).permutation(len(self))[:most])
        return replace(self, values=self.values[torch.from_numpy(rows)], labels=tuple(self.labels[row] for row in rows))

    def in_order_of(self, other: "Points") -> "Points":
        """The points with their columns in the order of `other`; as they are where either has no names.

        Raises `InputError` where the names differ.
        """
        if not self.columns or not other.columns or self.columns == other.columns:
            return self
        lacking = [name for name in other.columns if name not in self.columns]
        more = [name for name in self.columns if name not in other.columns]
        if lacking or more:
            has = f"has the columns {some(more)} that {other.name} lacks"
            lacks = f"lacks {'its columns' if more else f'what {other.name} has, the columns'} {some(lacking)}"
            raise InputError(
                f"{self.name} {', and '.join([has] * bool(more) + [lacks] * bool(lacking))}; give both the same columns, under "
                "the same names, and leave out what the network does not take."
            )
        order = [self.columns.index(name) for name in other.columns]
        note = f"its columns were put in the order of {other.name}"
        return replace(self, values=self.values[:, order], columns=other.columns, notes=(*self.notes, note))


def read_points(source: str, folder: Path = Path()) -> Points:
    """The points of a file, a folder of images, or code; relative paths start from `folder`.

    Sources: `FILE.npy`; `FILE.npz`, `FILE.pt` or `FILE.pth` (`FILE.npz:NAME` if it holds several arrays); `FILE.parquet` or
    `FILE.csv` with numeric columns (`lib.base.tables`); a folder of PNG or JPEG images of equal size, scaled to
    [0, 1] (`lib.base.image_folders`); `package.module:function`, which is imported and called. Raises `InputError` unless
    the points are finite float32 or float64.
    """
    check_there(source, folder)
    path, key = located(source, folder)
    labels, columns, notes = (), (), ()
    suffix = path.suffix.lower()
    if is_code(source):
        values = call(source, folder)
    elif path.is_dir():
        values, labels, notes = _guarded(path, lambda: read_images(path))
    elif suffix in (".parquet", ".csv"):
        values, columns, notes = _guarded(path, lambda: read_table(path))
    else:
        values = _guarded(path, lambda: READERS[suffix](path, key))
    tensor = checked_points(values, source)
    return Points(source, tensor, labels or tuple(str(row) for row in range(len(tensor))), columns, notes)


def checked_points(values: object, name: str) -> Tensor:
    """The values as a contiguous tensor on the CPU; `InputError` unless they are finite float32 or float64 points."""
    if np.ma.is_masked(values) or isinstance(values, MaskedTensor):
        raise InputError(f"{name} has masked values, which no network takes; fill them, or leave out their points.")
    if isinstance(values, np.ndarray):
        if values.dtype.hasobject or values.dtype.kind not in "biufc":
            raise InputError(f"{name} holds {values.dtype} values; points are float32 or float64 numbers.")
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        kind = str(values.dtype)
    elif isinstance(values, Tensor) and values.layout == torch.strided and not values.is_quantized:
        values, kind = values.detach(), str(values.dtype).removeprefix("torch.")
    else:
        raise InputError(
            f"{name} is a {type(values).__name__}; give points alone, without labels: an array or dense tensor."
        )
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
        remedy = "mend its permissions" if isinstance(error, PermissionError) else "write it again"
        raise InputError(f"{path} cannot be read as {path.suffix or 'images'} ({reason(error)}); {remedy}.") from error


# --- files -------------------------------------------------------------------------------------------------------


def _chosen(arrays: Mapping[str, object], key: str | None, path: Path) -> str:
    """The requested name, or the name of the only array."""
    if key is not None and key not in arrays:
        raise InputError(f"{path} has no array {key!r}; choose one of: {some(arrays)}.")
    if not arrays:
        raise InputError(f"{path} holds no arrays; save the points in it.")
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


def _pt(path: Path, key: str | None) -> object:
    """The tensor of a file, or the tensor of this name; `checked_points` refuses anything else."""
    content = torch_content(path)
    if isinstance(content, Mapping):
        tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
        return tensors[_chosen(tensors, key, path)]
    return content


def torch_content(path: Path) -> object:
    """The content of a file of torch.save, tensors and plain values; mapped, not copied, so that a forged size cannot reach
    beyond the file. Raises `InputError` for any other pickle."""
    check_ordinary(path)
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path} is a bare pickle, which could run code, or not a torch file; save tensors with torch.save, as zip."
        )
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any("/code/" in info.filename for info in members):
        raise InputError(
            f"{path} is TorchScript, which is code and is not opened; save its state_dict() and give --architecture, or "
            "name a function (module:function) that loads and returns it."
        )
    if any(info.compress_type != zipfile.ZIP_STORED for info in members):
        raise InputError(f"{path} is compressed, which torch.save never does; save the tensors again with torch.save.")
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        raise InputError(
            f"{path} holds more than tensors, or is damaged ({type(error).__name__}), and is not opened, because a pickle "
            "could run code; save a tensor, or a dictionary of tensors such as a model's state_dict(), or name a function "
            "(module:function) that loads and returns it."
        ) from error


READERS: Mapping[str, Callable[[Path, str | None], object]] = {".npy": _npy, ".npz": _npz, ".pt": _pt, ".pth": _pt}
