"""How many numbers a vector of this processor holds, and how many vectors it keeps at hand."""

from __future__ import annotations

import functools
from importlib.util import find_spec

__all__ = ["lanes", "registers", "whole_vectors"]


@functools.cache
def lanes(kind: str) -> int:
    """Return how many numbers of this type a vector holds."""
    wide = 64
    if find_spec("llvmlite") is not None:
        from ..machine.library import host

        wide = 64 if "+avx512f" in host() else 32
    return wide // (4 if kind == "float32" else 8)


def registers(kind: str) -> int:
    """Return how many sums may be in work at a time."""
    return 24 if lanes(kind) * int(kind[-2:]) == 512 else 12


def whole_vectors(length: int, kind: str) -> int:
    """Round a length up."""
    return -(-length // lanes(kind)) * lanes(kind)
