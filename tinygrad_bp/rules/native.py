"""Single operations as machine code, where the extra `compile` is installed.

NumPy's calls pass over memory again and again; the kernels of compiled steps do so once. A forward
of the table asks here for such a kernel, by its operation, operands and attributes, and does its
work itself where it gets None. To load what compiles takes as long as a few steps of a small
network: so it is loaded when that much has been computed, and a kernel is made when the very same
shapes have come again. An LLVM that fails is nobody's trouble.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from math import inf
from threading import Lock
from typing import Any

import numpy as np

from ..op import Op

__all__ = ["EACH", "LIMIT", "WORTH", "native", "ready"]

#: Products to compute, of all kinds of work, before it pays to load the compiler.
WORTH = 1 << 31

#: Products to compute by one kernel, before it pays to make it.
EACH = 1 << 26

#: Kernels that are kept.
LIMIT = 128

#: Kinds of work of which it is noted how much there has been.
_NOTED = 1024

_spent: float = 0
_asked: dict[Any, float] = {}
_kernels: dict[Any, Callable[..., Any] | None] = {}
_lock = Lock()


def native(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any], work: float) -> Any:
    """Run a call of the table as machine code; None if NumPy is to run it.

    Parameters
    ----------
    op : Op
    operands : tuple
        Arrays; with anything else among them, None is returned.
    attrs : dict
        Of the call: what can be hashed.
    work : float
        Products that it takes, or what costs as much: a number moved through memory is some ten.
    """
    global _spent
    if _spent < WORTH:
        _spent += work
        return None
    for x in operands:
        if type(x) is not np.ndarray or not x.flags.aligned or not x.dtype.isnative:
            return None
    # Their memory is one call's: where several threads ask, one has it. To find the result's shape
    # the builder runs the forward, which asks here again, and is told to do the work itself.
    if not _lock.acquire(blocking=False):
        return None
    try:
        key = (op, *[(x.shape, x.dtype) for x in operands], *attrs.items())
        if key not in _kernels:
            before = _asked.get(key, 0)
            if before < EACH:
                if len(_asked) >= _NOTED:
                    _asked.clear()
                _asked[key] = before + work
                return None
            if len(_kernels) >= LIMIT:
                del _kernels[next(iter(_kernels))]
            _kernels[key] = _built(op, operands, attrs)
        kernel = _kernels[key]
        return None if kernel is None else kernel(operands)
    finally:
        _lock.release()


def ready() -> bool:
    """Whether so much has been computed that it may pay to look at the operands."""
    return _spent >= WORTH


def _built(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    global _spent
    if find_spec("llvmlite") is None:
        _spent = -inf  # nobody need ask again
        return None
    try:
        # By its name: the compiler stands above the rules, which know it only from here on.
        return import_module("..compiler.single", __package__).kernel(op, operands, attrs)
    except Exception:  # an LLVM too old, say: nobody has asked for it, and NumPy does the same
        return None


if hasattr(os, "register_at_fork"):
    # A fork gets neither a kernel that another thread was in, nor LLVM while that was at work.
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release,
                        after_in_child=_lock.release)  # fmt: skip
