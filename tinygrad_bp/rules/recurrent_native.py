"""Recurrences as machine code: which of them there are kernels for (see `native`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import Op
from .native import native, ready
from .recurrent_steps import Sizes

__all__ = ["native_back", "native_run"]


def native_run(op: Op, operands: tuple[Any, ...], weight: Any, sizes: Sizes,
               **attrs: Any) -> Any:  # fmt: skip
    """Run a forward as machine code; None if NumPy is to run it."""
    if len(set(sizes)) > 1:
        return None
    return native(op, operands, {"sizes": sizes, **attrs}, weight.size * sum(sizes))


def native_back(op: Op, operands: tuple[Any, ...], weight: Any, sizes: Sizes, before: int,
                **attrs: Any) -> Any:  # fmt: skip
    """Run a backward as machine code; None if NumPy is to run it.

    `before` are the numbers in the output before the states: for them, which only a gradient that
    was differentiated again reads, machine code takes no gradient.
    """
    g = operands[0]
    before = before if ready() else 0
    if before and (g.itemsize not in (4, 8) or not g.flags.c_contiguous):
        return None
    if before and np.bitwise_or.reduce(g[:before].view(f"i{g.itemsize}")):
        return None
    return native_run(op, operands, weight, sizes, **attrs)
