"""The bytes of TensorBoard's files: protocol buffers inside of checked records.

Sources: https://protobuf.dev/programming-guides/encoding, event.proto and summary.proto of
TensorFlow, and the description of TFRecord, https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

__all__ = ["crc32c", "event", "histogram", "image", "message", "png", "record", "scalar", "text"]


def _crc_table() -> list[int]:
    """Return CRC-32C of each byte (Castagnoli's polynomial, reflected)."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1)
    return [int(entry) for entry in table]


_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """Return the checksum of some bytes.

    Examples
    --------
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """Frame the bytes of one event: length, its checksum, the bytes, their checksum."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def message(*fields: tuple[int, Any]) -> bytes:
    """Encode a message from (field number, value) pairs.

    An int becomes a varint, a float a double, np.float32 a float, str and bytes a length and
    themselves, an array of float64 packed doubles; None is left out.
    """
    out = b""
    for number, value in fields:
        if value is None:
            continue
        if isinstance(value, np.float32):
            out += _varint(number << 3 | 5) + struct.pack("<f", value)
        elif isinstance(value, int):
            out += _varint(number << 3) + _varint(value)
        elif isinstance(value, float):
            out += _varint(number << 3 | 1) + struct.pack("<d", value)
        else:
            if isinstance(value, str):
                value = value.encode()
            elif isinstance(value, np.ndarray):
                value = value.astype("<f8").tobytes()
            out += _varint(number << 3 | 2) + _varint(len(value)) + value
    return out


def event(walltime: float, step: int | None = None, value: bytes | None = None,
          version: str | None = None) -> bytes:  # fmt: skip
    """Encode an event: a version at the start of a file, else one value of a summary."""
    summary = None if value is None else message((1, value))
    return message((1, walltime), (2, step), (3, version), (5, summary))


def scalar(tag: str, number: float) -> bytes:
    """Encode a number for TensorBoard's curves."""
    return message((1, tag), (2, np.float32(number)))


def histogram(tag: str, values: Any, bins: int) -> bytes:
    """Encode how values are distributed."""
    numbers = np.asarray(values, np.float64).ravel()
    counts, edges = np.histogram(numbers, bins=bins)
    proto = message(
        (1, float(numbers.min())), (2, float(numbers.max())), (3, float(numbers.size)),
        (4, float(numbers.sum())), (5, float((numbers**2).sum())), (6, edges[1:]), (7, counts),
    )  # fmt: skip
    return message((1, tag), (5, proto))


def text(tag: str, words: str) -> bytes:
    """Encode a text, which TensorBoard reads as Markdown."""
    tensor = message(
        (1, 7), (2, message((2, message((1, 1))))), (8, words)
    )  # one string, shape (1,)
    metadata = message((1, message((1, "text"))))
    return message((1, f"{tag}/text_summary"), (9, metadata), (8, tensor))


def image(tag: str, pixels: Any) -> bytes:
    """Encode a picture of shape (height, width, channels), of bytes."""
    height, width, channels = pixels.shape
    proto = message((1, height), (2, width), (3, channels), (4, png(pixels)))
    return message((1, tag), (4, proto))


def png(pixels: Any) -> bytes:
    """Compress a picture; see https://www.w3.org/TR/png-3."""
    height, width, channels = pixels.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = pixels.reshape(height, -1).astype(np.uint8)
    filtered = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    body = zlib.compress(filtered.tobytes())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
