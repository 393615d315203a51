"""The book as one file to deposit: its pages, the results behind them, and the sources and environment to recompute it."""

import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from lib.base import files
from lib.base.errors import InputError
from lib.base.usercode import reason
from lib.runs import store

BUILT_HTML = files.ROOT / "book" / "_build" / "html"
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # so that equal files give equal bytes


def write_archive(target: Path, html: Path = BUILT_HTML) -> int:
    """Write the archive, whole or not at all, and return the number of its files.

    It holds html/, notebooks/ (executed), manifests/ of all runs, source/ (all tracked files, with results/ and the
    environment), and SHA256SUMS, which `sha256sum --check` reads. Raises `InputError` where there is no built book.
    """
    if not (html / "index.html").exists():
        raise InputError(f"There is no built book in {files.display_path(html)}; build it with: make book")
    return pack(target, _contents(html))


def pack(target: Path, contents: Iterable[tuple[str, Path]]) -> int:
    """Write files, given by name and path, and their SHA256SUMS into a zip; return their number. Equal files give equal bytes."""
    sums = []
    with files.replacing(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(contents):
            content = path.read_bytes()
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content, zipfile.ZIP_DEFLATED)
            sums.append(f"{files.sha256(content)}  {name}\n")
        archive.writestr(zipfile.ZipInfo("SHA256SUMS", FIXED_DATE), "".join(sums), zipfile.ZIP_DEFLATED)
    return len(sums)


def _contents(html: Path) -> Iterator[tuple[str, Path]]:
    """The names in the archive and the paths of their files."""
    for path in html.rglob("*"):
        if path.is_file():
            yield f"html/{path.relative_to(html)}", path
    for path in (html / "_executed").glob("*.ipynb"):
        yield f"notebooks/{path.name}", path
    for path in store.ARTIFACTS.glob("*/*/manifest.json"):
        yield f"manifests/{path.parent.parent.name}-{path.parent.name}.json", path
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=files.ROOT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise InputError(
            f"git does not list the files of {files.ROOT} ({reason(error)}); archive the book from a clone of its repository."
        ) from error
    for name in filter(None, listed.split("\0")):
        if (files.ROOT / name).is_file():
            yield f"source/{name}", files.ROOT / name
