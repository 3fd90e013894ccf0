"""Where arrays of a traced step lie in memory, and which of them show the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...storage import owner_of
from ..program import Value

__all__ = ["Known", "Layout", "Part", "shows_all"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Layout:
    """Where an array lies in memory, and how."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, array: Array) -> Layout:
        """Describe an array."""
        address = array.__array_interface__["data"][0]
        return cls(address, array.shape, array.strides, array.dtype)

    @property
    def _bounds(self) -> tuple[int, int]:
        if 0 in self.shape:
            return 0, 0
        steps = [(n - 1) * s for n, s in zip(self.shape, self.strides, strict=True)]
        first = self.address + sum(s for s in steps if s < 0)
        return first, self.address + sum(s for s in steps if s > 0) + self.dtype.itemsize

    def meets(self, other: Layout) -> bool:
        """Whether some memory may be a part of both."""
        (low, high), (start, end) = self._bounds, other._bounds
        return low < end and start < high


@dataclass
class Known:
    """An array that the trace has met, and the value that it has now; None: it was overwritten."""

    layout: Layout
    whole: bool  # whether it shows all of its memory, in C's order
    value: Value | None
    line: Any = None  # where it was overwritten

    @classmethod
    def of(cls, array: Array, value: Value | None, line: Any = None) -> Known:
        """Describe an array."""
        return cls(Layout.of(array), shows_all(array), value, line)


def shows_all(array: Array) -> bool:
    """Whether an array shows all of its memory, in C's order."""
    return array.flags.c_contiguous and array.nbytes == owner_of(array).nbytes


@dataclass(frozen=True)
class Part:
    """Which elements of an array in C's order another one shows, in its memory."""

    offset: int  # in bytes
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def of(cls, part: Layout, whole: Layout) -> Part:
        """Describe a part by where both lie."""
        return cls(part.address - whole.address, part.shape, part.strides)

    def _shown(self, whole: Array) -> Array:
        return np.ndarray(self.shape, whole.dtype, whole.data, self.offset, self.strides)

    def read(self, x: Any) -> Any:
        """Give the part."""
        return self._shown(np.ascontiguousarray(x)).copy()

    def written(self, x: Any, v: Any) -> Any:
        """Give `x` with the part replaced."""
        out = np.array(x, order="C")
        self._shown(out)[...] = v
        return out
