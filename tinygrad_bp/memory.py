"""The memory behind tensors, as PyTorch shows it: a row of bytes, or of numbers of one dtype."""

from __future__ import annotations

import ctypes
import functools
import math
import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

from .dtype import dtype, of_numpy

__all__ = [
    "LARGE", "Aligned", "TypedStorage", "UntypedStorage", "aligned", "give_back",
    "is_shared_memory", "on_line", "shared_copy", "zeros",
]  # fmt: skip

# A large array fresh from the system costs a page fault for every 4 KB: 3,000 in a step of an LSTM
# (28 × 64 rows, 128 units), 5 ms of 22. The C library (glibc) gives memory back at once until an
# array of up to 32 MB was freed for the first time; from then on it keeps such memory for the next.
np.empty((1 << 25) - (1 << 16), np.uint8)


_LINE = 64  # bytes of a cache line, and of the widest vector register
LARGE = 1 << 12  # bytes from which on it matters where an array begins


@functools.cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # of another C library, or none that is asked so
        return None


def give_back() -> None:
    """Return memory that is free by now to the system, where the C library (glibc) keeps it."""
    trim = _trim()
    if trim is not None:
        trim(ctypes.c_size_t(0))


class Aligned(np.ndarray[Any, Any]):
    """The bytes behind an array of :func:`aligned`, which counts as the owner of its memory."""


def aligned(shape: tuple[int, ...], kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return an array yet to be filled that begins on a cache line.

    NumPy's begin at any multiple of 16 bytes, and BLAS then writes each vector across two lines: a
    product with a large result takes a fifth longer (128 × 64 times 64 × 784: 88 µs, not 74).
    """
    raw = Aligned(math.prod(shape) * kind.itemsize + _LINE, np.uint8)
    return np.ndarray(shape, kind, raw, -raw.ctypes.data % _LINE)


def zeros(shape: tuple[int, ...], kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return zeros, which the system has at hand, that begin on a cache line if they are many."""
    raw = np.zeros(math.prod(shape) * kind.itemsize + _LINE, np.uint8)
    if raw.nbytes < LARGE or type(raw) is not np.ndarray:  # the latter when a step is traced
        return np.zeros(shape, kind)
    raw = raw.view(Aligned)
    return np.ndarray(shape, kind, raw, -raw.ctypes.data % _LINE)


def on_line(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array of the same numbers that begins on a cache line, if it is large.

    What lives long is worth it, parameters and what an optimizer keeps of them: native loops read
    them in vectors as long as a line, of which each would lie across two (64 × 784 times
    784 × 128: 124 µs, not 80).
    """
    if type(array) is not np.ndarray or array.nbytes < LARGE:
        return array
    if not array.ctypes.data % _LINE or not array.flags.c_contiguous:
        return array
    placed = aligned(array.shape, array.dtype)
    placed[...] = array
    return placed


class _Memory:
    """A row over the memory that an array owns."""

    __slots__ = ("_owner", "_row")

    def __init__(self, owner: np.ndarray[Any, Any], kind: Any) -> None:
        self._owner = owner
        row = owner.ravel(order="K")  # a view: what owns its memory has no gaps
        self._row = row.view(kind)

    def __len__(self) -> int:
        return len(self._row)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._row.tolist())

    def __getitem__(self, index: Any) -> Any:
        return self._row[index].tolist()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._row[index] = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Memory) and self.data_ptr() == other.data_ptr()

    def __hash__(self) -> int:
        return hash(self.data_ptr())

    def data_ptr(self) -> int:
        """Return the address of the first element."""
        return int(self._owner.ctypes.data)

    def nbytes(self) -> int:
        """Return the number of bytes."""
        return int(self._owner.nbytes)

    def size(self) -> int:
        """Return the number of elements."""
        return len(self._row)

    def tolist(self) -> list[Any]:
        """Return the elements as Python numbers."""
        return self._row.tolist()  # type: ignore[no-any-return]

    def element_size(self) -> int:
        """Return the bytes of an element."""
        return int(self._row.itemsize)

    def is_shared(self) -> bool:
        """Whether forked processes see the same memory."""
        return is_shared_memory(self._owner)


class UntypedStorage(_Memory):
    """Memory as bytes."""

    __slots__ = ()

    def __init__(self, owner: np.ndarray[Any, Any]) -> None:
        super().__init__(owner, np.uint8)

    def __repr__(self) -> str:
        return f"tinygrad_bp.UntypedStorage(size={len(self)})"


class TypedStorage(_Memory):
    """Memory as numbers of one dtype."""

    __slots__ = ()

    def __init__(self, owner: np.ndarray[Any, Any]) -> None:
        super().__init__(owner, owner.dtype)

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return of_numpy(self._row.dtype)

    def untyped(self) -> UntypedStorage:
        """Return the same memory as bytes."""
        return UntypedStorage(self._owner)

    def __repr__(self) -> str:
        return f"tinygrad_bp.TypedStorage(dtype={self.dtype!r}, size={len(self)})"


def shared_copy(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Copy an array into memory that processes forked from this one will share."""
    memory = mmap.mmap(-1, max(array.nbytes, 1))
    twin = np.ndarray(array.shape, array.dtype, memory)
    twin[...] = array
    return twin


def is_shared_memory(owner: np.ndarray[Any, Any]) -> bool:
    """Whether an array was made by :func:`shared_copy`."""
    base: Any = owner.base
    return isinstance(getattr(base, "obj", base), mmap.mmap)
