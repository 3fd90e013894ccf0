"""Images, through Pillow: one file, or a folder with a folder of them for each class."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError, check_size, reading
from .examples import PART_NAMES

__all__ = ["SUFFIXES", "labelled_images", "read_images", "unlabelled_images"]

Array = np.ndarray[Any, Any]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm")

#: Decoders that run no other program, as PostScript's does, and print nothing, as TIFF's does.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM")
_COLOURS = {1: "grey", 3: "coloured"}
_MOST_PIXELS = 1 << 25  # of an image before it is resized


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise ImportError('images need pillow: pip install "tinygrad_bp[data]"') from None
    return Image


def labelled_images(folder: Path) -> tuple[list[Path], Array, Array | None]:
    """Find the images of ``folder/<class>/<image>``, or ``folder/<part>/<class>/<image>``.

    Returns
    -------
    files, labels, parts
        Parts are None where there are no folders ``train``, ``test`` and perhaps ``validation``.
    """
    folders = [inner for inner in _visible(folder) if inner.is_dir()]
    divided = {inner.name for inner in folders} <= PART_NAMES.keys() and any(
        f.is_dir() for inner in folders for f in _visible(inner)
    )
    files: list[Path] = []
    labels: list[str] = []
    parts: list[int] = []
    for inner in folders if divided else [folder]:
        for name, found in _classes(inner).items():
            files += found
            labels += [name] * len(found)
            parts += [PART_NAMES[inner.name] if divided else 0] * len(found)
    return files, np.array(labels), np.array(parts, np.int8) if divided else None


def unlabelled_images(folder: Path) -> list[Path]:
    """Return the images that are in a folder itself, if there are no folders in it."""
    inner = _visible(folder)
    return [] if any(p.is_dir() for p in inner) else [_image(file) for file in inner]


def _image(file: Path) -> Path:
    if not file.is_file() or file.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"{file}: no image in a folder of them ({', '.join(SUFFIXES)}). Put it somewhere else"
        )
    return file


def _classes(folder: Path) -> dict[str, list[Path]]:
    classes: dict[str, list[Path]] = {}
    for inner in _visible(folder):
        if inner.is_dir():
            classes[inner.name] = [_image(file) for file in _visible(inner)]
    empty = [name for name, files in classes.items() if not files]
    if empty:
        raise DataError(f"{folder / empty[0]}: a class without images. Add some, or remove it")
    if not classes:
        raise DataError(
            f"{folder}: no folder of images for each class in it: {folder.name}/<class>/<image>. "
            "Put the images into such folders"
        )
    return classes


def _visible(folder: Path) -> list[Path]:
    with reading(folder, "a folder", "Look at it"):
        return sorted(p for p in folder.iterdir() if not p.name.startswith(".")
                      and p.name not in ("Thumbs.db", "desktop.ini"))  # fmt: skip


def read_images(files: Iterable[Path], size: tuple[int, int] | None, channels: int | None,
                limit: int) -> Array:  # fmt: skip
    """Return images as (n, channels, height, width) float32, from 0 to 1.

    Parameters
    ----------
    size : (height, width), optional
        To which they are resized; by default they all have to be of one size.
    channels : 1 or 3, optional
        Grey or coloured; by default as the first is.
    """
    if channels not in (None, 1, 3):
        raise ValueError(f"channels is 1 (grey) or 3 (colours), not {channels!r}")
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"size is (height, width), not {size!r}")
    files = list(files)
    out: Array | None = None
    for i, file in enumerate(files):
        pixels = _one(file, size, channels)
        if out is None:
            check_size(file.parent, 4 * len(files) * pixels.size, limit, "all images of this size")
            out = np.empty((len(files), *pixels.shape), np.float32)
        if len(pixels) != out.shape[1]:
            raise DataError(
                f"{file}: {_COLOURS[len(pixels)]}, and {files[0].name} is "
                f"{_COLOURS[out.shape[1]]}. Choose with channels=1 (grey) or channels=3"
            )
        if pixels.shape != out.shape[1:]:
            h, w = pixels.shape[1:]
            raise DataError(
                f"{file}: {w} x {h} pixels, and {files[0].name} has {out.shape[3]} x "
                f"{out.shape[2]}. Resize them all with size=(height, width)"
            )
        out[i] = pixels
    assert out is not None
    return out


def _one(file: Path, size: tuple[int, int] | None, channels: int | None) -> Array:
    image_module = _pillow()
    with reading(file, "an image", "Replace or remove it"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what is checked below, or harmless metadata
        with image_module.open(file, formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise DataError(f"{file}: {image.width} x {image.height} pixels are too many. "
                                "Make it smaller")  # fmt: skip
            deep = image.mode.startswith("I;16") or image.mode == "I"
            if image.mode == "F":
                raise DataError(f"{file}: its pixels are floating-point numbers. Save it with 8 or "
                                "16 bits")  # fmt: skip
            grey = deep or image.mode in ("1", "L", "LA")
            wanted = channels or (1 if grey else 3)
            if deep:
                array = np.asarray(image, np.float32) / 65535
                if size is not None:
                    resized = image_module.fromarray(array).resize(size[::-1])
                    array = np.asarray(resized, np.float32)
                return np.broadcast_to(array.clip(0, 1), (wanted, *array.shape))
            plain = image.convert("L" if wanted == 1 else "RGB")
            if size is not None and plain.size != size[::-1]:
                plain = plain.resize(size[::-1], image_module.Resampling.BILINEAR)
            array = np.asarray(plain, np.float32) / 255
    return array[None] if wanted == 1 else np.ascontiguousarray(array.transpose(2, 0, 1))
