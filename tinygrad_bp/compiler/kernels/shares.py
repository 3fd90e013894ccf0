"""Whether work is worth dividing among threads, and into how many parts.

That is told by the size of the work alone, never by how many threads there are: a sum that is added
up in parts is the same number on every machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from ...op import Op
from ...rules import elementwise as ew
from ...rules import gelu, loss

__all__ = ["cores", "element_cost", "parts_for"]

#: Nanoseconds of work below which a part does not pay: to call the others takes one microsecond.
_LEAST = 5_000
_MOST = 16

#: Nanoseconds for one element, with vectors: of what is not a single instruction.
_SLOW = {
    **dict.fromkeys((ew.exp, ew.log, ew.sigmoid, ew.tanh, ew.expm1, ew.log1p), 0.3),
    **dict.fromkeys((ew.softplus, ew.elu, gelu.gelu, loss.bce_with_logits), 0.6),
    **dict.fromkeys((ew.sin, ew.cos, ew.arctan, ew.power_constant), 1.0),
    **dict.fromkeys((ew.divide, ew.sqrt, ew.root, ew.rsqrt, ew.reciprocal), 0.1),
}
_QUICK, _MOVED = 0.03, 0.03


def element_cost(ops: Iterable[Op], moved: int) -> float:
    """Estimate the nanoseconds that operations on one element take, which moves so many bytes."""
    return sum(_SLOW.get(op, _QUICK) for op in ops) + _MOVED * moved


def parts_for(nanoseconds: float, extent: int) -> int:
    """Return into how many parts to divide this work, over this extent; 1 if it does not pay."""
    return max(min(int(nanoseconds / _LEAST), extent, _MOST), 1)


def cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
