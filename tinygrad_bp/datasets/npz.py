"""Arrays in an ``.npz`` file: sizes are checked before unpacking, and nothing is unpickled."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from .errors import DataError, check_size, reading

__all__ = ["read_npz"]

Array = np.ndarray[Any, Any]

#: What is as large as this and packs better than 1 : `_RATIO` is a trap, no data.
_SUSPICIOUS, _RATIO = 1 << 27, 200


def read_npz(path: Path, limit: int) -> dict[str, Array]:
    """Return the arrays of a file by name."""
    remedy = "Write it again with numpy.savez(path, X=…, y=…)"
    with reading(path, ".npz", remedy), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        names = [entry.filename.removesuffix(".npy") for entry in entries]
        if not entries:
            raise DataError(f"{path}: there are no arrays in it. Write X and y to it")
        if len(set(names)) < len(names):
            raise DataError(f"{path}: two arrays have the same name. Write it again")
        total = sum(entry.file_size for entry in entries)
        packed = path.stat().st_size
        check_size(path, total, limit, "what is packed in it")
        if total > _SUSPICIOUS and total > _RATIO * packed:
            raise DataError(
                f"{path}: {packed} bytes that would unpack to {total}: no data pack that well. "
                "If they are good, write them with numpy.savez, which does not pack"
            )
        arrays = {}
        for name, entry in zip(names, entries, strict=True):
            with archive.open(entry) as member:
                arrays[name] = _array(path, name, member, entry.file_size)
    return arrays


def _array(path: Path, name: str, member: IO[bytes], size: int) -> Array:
    version = np.lib.format.read_magic(member)
    header: Any = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if header is None:
        raise DataError(f"{path}: array {name!r} is of .npy version {version}. Write it again "
                        "with numpy.savez")  # fmt: skip
    shape, fortran, dtype = header(member, max_header_size=10_000)
    if dtype.kind not in "biufU" or dtype.hasobject:
        raise DataError(
            f"{path}: array {name!r} is of dtype {dtype}: numbers are needed, or texts as labels. "
            "Write it again as one of these"
        )
    needed = math.prod(shape) * dtype.itemsize
    if any(n < 0 for n in shape) or needed != size - member.tell():
        raise DataError(
            f"{path}: array {name!r} is said to be of shape {shape}, which takes {needed} bytes; "
            f"there are {size - member.tell()}. Write it again"
        )
    data = member.read(needed + 1)  # one more: so that the archive's checksum is compared
    if len(data) != needed:
        raise DataError(f"{path}: array {name!r} is cut off. Write it again")
    array: Array = np.frombuffer(bytearray(data), dtype)
    array = array.reshape(shape[::-1]).T if fortran else array.reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)
