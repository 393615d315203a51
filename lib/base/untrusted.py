"""Read arrays and tables from untrusted files: declared sizes are checked against the size of the file.

Nothing is executed (no pickles), and no memory is allocated before the declared size is known to be possible.
"""

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from lib.base.errors import InputError, check_known

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_ARRAY = 4 * 2**30  # bytes of a file, compressed or not


def check_fits(declared: int, name: object) -> None:
    """Raise `InputError` if a file declares more than `LARGEST` bytes."""
    if declared > LARGEST_ARRAY:
        raise InputError(
            f"{name} declares {declared / 2**30:.3g} GiB of values; at most {LARGEST_ARRAY / 2**30:g} GiB are read: give a part."
        )


def check_ordinary(path: Path) -> None:
    """Raise `InputError` unless a path is a regular file (no pipe, device or folder) of at most `LARGEST` bytes."""
    if not path.is_file():
        raise InputError(f"{path} is not a regular file; save its content to a file first.")
    check_fits(path.stat().st_size, path)


def array_of(open_file: Callable[[], IO[bytes]], held: int, path: Path) -> np.ndarray:
    """The array of a .npy file of `held` bytes; `InputError` if its header declares more than that."""
    # NumPy allocates the declared shape before it reads a value: read the header alone first.
    with open_file() as file:
        version = np.lib.format.read_magic(file)
        check_known(f"version of {path}", version, [(1, 0), (2, 0), (3, 0)])
        first = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = first(file)
        rest = held - file.tell()
    if dtype.hasobject:
        raise InputError(f"{path} holds a pickle, which could run code and is not opened; save plain numbers.")
    declared = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or declared > rest:
        raise InputError(
            f"{path} declares the shape {shape}, {declared} bytes, and holds {max(rest, 0)}; it is cut off or forged."
        )
    with open_file() as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def members_of(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members of an .npz archive by the names of their arrays."""
    return {info.filename.removesuffix(".npy"): info for info in archive.infolist()}


def array_in(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> np.ndarray:
    """One array of an .npz archive."""
    check_fits(info.file_size, path)
    return array_of(lambda: archive.open(info), info.file_size, path)


def table_of(path: Path, check_schema: Callable[["pa.Schema"], None] = lambda schema: None) -> "pa.Table":
    """The table of a Parquet file, with verified checksums; `check_schema` can refuse it before any value is read."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        groups = [file.metadata.row_group(index).total_byte_size for index in range(file.metadata.num_row_groups)]
        check_fits(max(8 * file.metadata.num_rows * file.metadata.num_columns, sum(groups)), path)
        check_schema(file.schema_arrow)
        return file.read()
