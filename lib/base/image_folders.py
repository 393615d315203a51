"""The images of a folder as one array."""

import math
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lib.base.errors import InputError
from lib.base.untrusted import check_fits
from lib.base.usercode import printable, reason, some

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES = (".png", ".jpg", ".jpeg")
OTHER_IMAGES = (".tif", ".tiff", ".bmp", ".gif", ".webp", ".jp2", ".jfif", ".ppm", ".pgm", ".heic", ".avif", ".tga")
WHITE = {"1": 255, "L": 255, "RGB": 255, "I;16": 65535, "I": 65535}  # of a PNG, I is what 16 bits were to older Pillow
TAKEN = {
    "1": "of 1 bit as 0 and 1",
    "P": "with a palette as the colours, or grey levels, that it names",
    "LA": "with an opaque alpha channel without it",
    "RGBA": "with an opaque alpha channel without it",
    "I;16": "of 16 bits as shares of 65535",
    "I": "of 16 bits as shares of 65535",
}


def read_images(folder: Path) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """The PNG and JPEG images of a folder, sorted by name: float32 (points, channels, height, width) in [0, 1], the names of
    their files, and notes on the images that were converted and the files that were left out.

    Raises `InputError` for images of another format, of several sizes or modes, or with transparent parts.
    """
    there = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    paths = [path for path in there if path.suffix.lower() in IMAGES]
    others = [path for path in there if path.suffix.lower() not in IMAGES]
    if strange := [path for path in others if path.suffix.lower() in OTHER_IMAGES]:
        suffix = strange[0].suffix
        raise InputError(
            f"{folder} holds {len(strange)} images of another format (such as {strange[0].name}) beside {len(paths)} PNG or "
            f"JPEG images; convert them ({_mogrify('-format png', folder, suffix)}) and move the originals elsewhere."
        )
    if not paths:
        within = [path.name for path in others if path.is_dir()]
        where = f"only folders ({some(within)}); give one of these" if within else "give the folder that contains them"
        raise InputError(f"{folder} holds no images ({', '.join(IMAGES)}): {where}.")
    images, modes = zip(*(_read_image(path, folder, len(paths)) for path in paths), strict=True)
    images = _grey_palettes(images, modes)
    for path, image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise InputError(f"{path} is {_size(image)}, the first image {_size(images[0])}; make them equal.")
    values = np.stack(images).transpose(0, 3, 1, 2)
    counts = Counter(modes)
    notes = [f"{count} images {TAKEN[mode]}" for mode, count in counts.items() if mode in TAKEN]
    notes += [f"{len(others)} other files or folders left out ({some(path.name for path in others)})"] if others else []
    return values, tuple(printable(path.name) for path in paths), tuple(notes)


def _mogrify(options: str, folder: Path, suffix: str) -> str:
    """The command of ImageMagick that changes all images of a folder."""
    return f"mogrify {options} {shlex.quote(str(folder))}/*{suffix}"


def _size(image: np.ndarray) -> str:
    height, width, channels = image.shape
    return f"{'L' if channels == 1 else 'RGB'} of {width} x {height} pixels"


def _grey_palettes(images: Sequence[np.ndarray], modes: Sequence[str]) -> Sequence[np.ndarray]:
    """The images with one channel for those with a palette, where these are grey and no other image has colours."""
    both = list(zip(images, modes, strict=True))
    coloured = any(image.shape[2] > 1 and (mode != "P" or (image != image[..., :1]).any()) for image, mode in both)
    return images if coloured else [image[..., :1] for image in images]


def _read_image(path: Path, folder: Path, count: int) -> tuple[np.ndarray, str]:
    """An image (height, width, channels) in [0, 1], and the mode of its file."""
    from PIL import Image

    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{path} is not a file of this folder (a link out of it?); copy the images themselves.")
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            check_fits(4 * count * len(image.getbands()) * math.prod(image.size), folder)
            plain = _plain(image, path, folder)
            values = np.asarray(plain, dtype=np.float32).reshape(*plain.size[::-1], -1)
            return values / WHITE[plain.mode] if plain.mode != "1" else values, image.mode
    except InputError:
        raise
    except Exception as error:  # Pillow raises many types
        raise InputError(f"{path} is not a readable image ({reason(error)}); remove or replace it.") from error


def _plain(image: "Image", path: Path, folder: Path) -> "Image":
    """An image without palette and alpha channel; `InputError` where that would invent colours."""
    if image.has_transparency_data:
        full = image.convert("RGBA")
        if full.getchannel("A").getextrema() != (255, 255):
            white = _mogrify("-background white -alpha remove -alpha off", folder, path.suffix)
            raise InputError(f"{path} has transparent parts; put all images on the background of training: {white}.")
        return full.convert("L" if image.mode in ("L", "LA") else "RGB")
    if image.mode == "P":
        return image.convert("RGB")
    if image.mode not in WHITE:
        plain = _mogrify("-colorspace sRGB", folder, path.suffix)
        raise InputError(f"{path} has colours of the mode {image.mode}; convert them to RGB: {plain}.")
    return image
