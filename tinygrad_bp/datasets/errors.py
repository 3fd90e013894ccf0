"""The one error of what is read from files, and how much a file may take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["LIMIT", "DataError", "check_size", "readable_size", "reading"]

#: Bytes that the arrays of a file may take; `read` has an argument for another number.
LIMIT = 1 << 30


class DataError(ValueError):
    """Data that can't be learnt from: the message names the file, the place and a remedy."""


@contextmanager
def reading(path: Path, what: str, remedy: str) -> Iterator[None]:
    """Turn whatever a library says about a damaged file into a `DataError`.

    Every kind of exception is meant: decoders fail in more ways than their documentation lists.
    """
    try:
        yield
    except (DataError, ImportError):
        raise
    except MemoryError:
        raise DataError(f"{path}: memory does not suffice to read it as {what}. {remedy}") from None
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = lines[0] if len(lines[0]) <= 200 else lines[0][:200] + " …"
        raise DataError(f"{path}: can't be read as {what} ({reason}). {remedy}") from None


def check_size(path: Path, needed: int, limit: int, what: str = "it") -> None:
    """Refuse what takes too much memory, before any is taken."""
    if needed > limit:
        raise DataError(
            f"{path}: {what} takes {readable_size(needed)} in memory, and {readable_size(limit)} "
            "are allowed. Take fewer rows or smaller images, or allow more bytes: limit=…"
        )


def readable_size(count: int) -> str:
    """Return a number of bytes for people."""
    size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.0f} bytes" if units[0] == "bytes" else f"{size:.3g} {units[0]}"
