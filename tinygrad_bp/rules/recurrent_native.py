"""Recurrences as machine code, where the extra `compile` is installed.

NumPy's calls pass over a step's gates a dozen times, and BLAS puts the weight in order anew in each
step. The kernels of compiled steps do neither, and take half the time. To load what compiles takes
as long as a few hundred steps of a small layer: so it is loaded when that much has been computed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import Any

import numpy as np

from ..op import Op
from .recurrent_steps import Sizes

__all__ = ["WORTH", "native_back", "native_run"]

#: Products, of the state with a weight, to compute before it pays to compile.
WORTH = 1 << 31

#: Layers of which the code is kept: each has memory of its own.
LIMIT = 16

_spent = 0
_lock = Lock()
_layers: dict[Any, Callable[..., Any] | None] = {}


def native_run(op: Op, operands: tuple[Any, ...], weight: Any, sizes: Sizes,
               **attrs: Any) -> Any:  # fmt: skip
    """Run a forward as machine code; None if NumPy is to run it."""
    return _ran(op, operands, weight, sizes, attrs)


def native_back(op: Op, operands: tuple[Any, ...], weight: Any, sizes: Sizes, before: int,
                **attrs: Any) -> Any:  # fmt: skip
    """Run a backward as machine code; None if NumPy is to run it.

    `before` are the numbers in the output before the states: for them, which only a gradient that
    was differentiated again reads, machine code takes no gradient.
    """
    if _spent < WORTH:
        return _ran(op, operands, weight, sizes, attrs)
    g = operands[0]
    if before and (g.itemsize not in (4, 8) or not g.flags.c_contiguous):
        return None
    if before and np.bitwise_or.reduce(g[:before].view(f"i{g.itemsize}")):
        return None
    return _ran(op, operands, weight, sizes, attrs)


def _ran(op: Op, operands: tuple[Any, ...], weight: Any, sizes: Sizes,
         attrs: dict[str, Any]) -> Any:  # fmt: skip
    global _spent
    if _spent < WORTH:
        _spent += weight.size * sum(sizes)
        return None
    # Its memory is one call's: where several threads run layers, one has it.
    if len(set(sizes)) > 1 or not weight.dtype.isnative or not _lock.acquire(blocking=False):
        return None
    try:
        kinds = tuple([(x.shape, x.dtype) for x in operands])
        key = (op.name, kinds, sizes, *attrs.items())
        if key not in _layers:
            if len(_layers) >= LIMIT:
                del _layers[next(iter(_layers))]
            _layers[key] = _built(op, operands, {"sizes": sizes, **attrs})
        layer = _layers[key]
        return None if layer is None else layer(operands)
    finally:
        _lock.release()


def _built(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    if find_spec("llvmlite") is None:
        return None
    # By its name: the compiler stands above the rules, which know it only from here on.
    return import_module("..compiler.layers", __package__).layer(op, operands, attrs)
