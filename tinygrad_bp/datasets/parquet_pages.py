"""How much the pages of a Parquet file say that they hold, before a decoder believes them.

Each page begins with a header in Thrift's compact protocol, whose second field is the size to which
it unpacks. pyarrow allocates that, up to 2 GB, and does not compare it with the sizes in the
footer; it has no call that reads the headers alone.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

__all__ = ["unpacked_size"]

_VARINTS, _STRUCT, _DEEPEST = (4, 5, 6), 12, 16


def unpacked_size(file: Any, chunks: list[Any]) -> int:
    """Return the bytes to which all pages of some column chunks unpack, by their own headers.

    Parameters
    ----------
    file : file
        Opened for reading bytes.
    chunks : list of pyarrow.parquet.ColumnChunkMetaData

    Raises
    ------
    ValueError
        For a header that is damaged, or a page that ends beyond its chunk.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return sum(size for chunk in chunks if chunk.num_values for size in _pages(data, chunk))


def _pages(data: mmap.mmap, chunk: Any) -> Iterator[int]:
    start = chunk.data_page_offset
    if chunk.dictionary_page_offset is not None:
        start = min(start, chunk.dictionary_page_offset) or start
    end = start + chunk.total_compressed_size
    if not 0 <= start <= end <= len(data):
        raise ValueError("a column lies beyond the end of the file")
    reader = _Reader(data, start)
    while reader.at < end:
        numbers = reader.struct()
        unpacked, packed = numbers.get(2, -1), numbers.get(3, -1)
        if unpacked < 0 or packed < 0 or reader.at + packed > end:
            raise ValueError("the header of a page is damaged")
        yield unpacked
        reader.at += packed


class _Reader:
    """Reads structs, and keeps of their fields the numbers."""

    def __init__(self, data: mmap.mmap, at: int) -> None:
        self._data, self.at = data, at

    def struct(self, depth: int = 0) -> dict[int, int]:
        if depth > _DEEPEST:
            raise ValueError("the header of a page is damaged")
        numbers: dict[int, int] = {}
        name = 0
        while head := self._byte():
            name = name + (head >> 4) if head >> 4 else self._number()
            kind = head & 15
            if kind in _VARINTS:
                numbers[name] = self._number()
            else:
                self._skip(kind, depth)
        return numbers

    def _skip(self, kind: int, depth: int) -> None:
        if kind in (1, 2):  # true and false are all there is of them
            return
        if kind in _VARINTS:
            self._varint()
        elif kind == 8:
            length = self._varint()
            self.at += length
        elif kind == _STRUCT:
            self.struct(depth + 1)
        elif kind in (3, 7):
            self.at += 1 if kind == 3 else 8
        else:  # no list, set or map is in the header of a page
            raise ValueError("the header of a page is damaged")

    def _byte(self) -> int:
        if self.at >= len(self._data):
            raise ValueError("the header of a page is cut off")
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("the header of a page is damaged")

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
