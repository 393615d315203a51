"""Write files completely or not at all; checksums."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.base.errors import InputError
from lib.base.usercode import reason

ROOT = Path(__file__).resolve().parents[2]


def sha256(data: bytes | Path) -> str:
    """Hexadecimal SHA-256 of bytes, or of the content of a file."""
    if isinstance(data, Path):
        with data.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(data).hexdigest()


def digest(value: object) -> str:
    """SHA-256 of a JSON-able value in canonical form: sorted keys, no spaces."""
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it onto `path` if the block succeeds, else remove it.

    After an exception, a full disk or a killed process, `path` holds either its old content or all of the new.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        # Without this flush, a power failure after the rename could leave an empty file under the final name.
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write(path: Path, content: bytes | str) -> None:
    """Write `content` to `path` completely or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def display_path(path: Path) -> str:
    """A path for messages: relative to the project's root if it lies below the root."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def corrupt_file_error(path: Path, why: object) -> InputError:
    """The `InputError` for a damaged file of a run."""
    if isinstance(why, PermissionError):
        return InputError(f"{display_path(path)} cannot be read ({reason(why)}); mend its permissions, or run again.")
    why = reason(why) if isinstance(why, BaseException) else why
    return InputError(f"{display_path(path)} is damaged ({why}); delete it and run again.")
