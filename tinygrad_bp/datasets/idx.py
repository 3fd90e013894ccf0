"""IDX, the format of MNIST's files: a short header, then the elements in big-endian order."""

import gzip
import io
import math
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
GZIP_MAGIC = b"\x1f\x8b"
MAX_RANK = 64  # NumPy's own limit since 2.0
CHUNK = 1 << 20

Stream = io.BufferedIOBase


def read_idx(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """Read an IDX file, gzipped or not, of any element type and rank.

    The file is ``00 00 type rank``, then one big-endian uint32 for each dimension, then the
    elements in C order, and nothing after them. Gzip is told by its own first bytes, not by the
    file's name.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    ndarray, of the shape in the header
        uint8, int8, int16, int32, float32 or float64, in the machine's byte order.
        Writable; the file may be removed afterwards.

    Raises
    ------
    ValueError
        The file is not IDX, is damaged, or holds fewer or more bytes than its header announces.
    FileNotFoundError
        There is no such file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "two-by-three")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, *range(6)]))
    ...     read_idx(path)
    array([[0, 1, 2],
           [3, 4, 5]], dtype=uint8)

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section "File
    formats for the MNIST database". http://yann.lecun.com/exdb/mnist/
    """
    path = Path(path)
    with path.open("rb") as file:
        gzipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    try:
        with gzip.open(path) if gzipped else path.open("rb") as stream:
            return _decode(stream, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: truncated or damaged gzip data ({error})") from error


def _decode(stream: Stream, path: Path) -> npt.NDArray[Any]:
    magic = _read_at_most(4, stream)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES:
        raise ValueError(
            f"{path}: not an IDX file: it begins with [{magic.hex(' ')}], "
            f"expected [00 00 type rank] with a type among [{bytes(DTYPES).hex(' ')}]"
        )
    dtype, rank = DTYPES[magic[2]], magic[3]
    if rank > MAX_RANK:
        raise ValueError(
            f"{path}: the IDX header announces {rank} dimensions, "
            f"expected at most {MAX_RANK} (NumPy's limit)"
        )
    dimensions = _read_at_most(4 * rank, stream)
    if len(dimensions) < 4 * rank:
        raise ValueError(
            f"{path}: truncated in the IDX header: it announces {rank} dimensions, "
            f"expected {4 * rank} bytes for them, found {len(dimensions)}"
        )
    shape = struct.unpack(f">{rank}I", dimensions)
    # NumPy refuses such a shape even where a zero among the dimensions makes the array empty.
    if dtype.itemsize * math.prod(n for n in shape if n) > sys.maxsize:
        raise ValueError(f"{path}: the IDX header announces shape {shape}, too large for an array")

    expected = dtype.itemsize * math.prod(shape)
    # One byte more than expected: it must not be there, and asking for it runs gzip's own check.
    data = _read_at_most(expected + 1, stream)
    if len(data) != expected:
        found = f"{len(data)}: truncated" if len(data) < expected else "more"
        raise ValueError(
            f"{path}: wrong size: {dtype.newbyteorder('=')} of shape {shape} "
            f"is expected to take {expected} bytes after the header, found {found}"
        )
    big_endian: npt.NDArray[Any] = np.ndarray(shape, dtype, buffer=data)
    return big_endian.astype(dtype.newbyteorder("="), copy=False)


def _read_at_most(count: int, stream: Stream) -> bytearray:
    # In chunks, so that memory follows what the file holds and not what a wrong header announces.
    data = bytearray()
    while len(data) < count and (chunk := stream.read(min(CHUNK, count - len(data)))):
        data += chunk
    return data
