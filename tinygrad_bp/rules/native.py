"""Single operations, or their rules, as machine code, where the extra `compile` is installed.

NumPy's calls pass over memory again and again; the kernels of compiled steps do so once. A forward
of the table asks here for such a kernel, by its operation, operands and attributes, and does its
work itself where it gets None. To load what compiles takes as long as a few steps of a small
network: so it is loaded when that much has been computed, and a kernel is made when the very same
shapes have come again. An LLVM that fails is nobody's trouble.

Machine code adds up in another order than NumPy, so that results hang on when it takes over, by
their last digits. That is told by what was computed before, never by a clock, and counted from the
last `manual_seed` on: a run that is repeated is the same run, in the same process, too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from math import inf
from threading import Lock, local
from typing import Any

import numpy as np

from ..op import Op
from ..random import on_seed

__all__ = [
    "EACH", "LIMIT", "WORTH", "forbid", "left_to_numpy", "native", "native_pull", "numpy_alone",
    "ready",
]  # fmt: skip

#: The rules of some inputs: ``pull(g, kept, attrs) -> gradients``.
Pull = Callable[[Any, Any, Any], Any]

#: Products to compute, of all kinds of work, before it pays to load the compiler.
WORTH = 1 << 31

#: Products to compute by one kernel, before it pays to make it.
EACH = 1 << 26

#: Kernels after which it is to be twice as much: where shapes change all the time, compiling would
#: take longer than what it saves.
DOUBLED = 32

#: Kernels that are kept.
LIMIT = 128

#: Kinds of work of which it is noted how much there has been.
_NOTED = 1024

_spent: float = 0
_made = 0
_forbidden = False
_asked: dict[Any, float] = {}
#: What is done by kernels, of which there may be others, from before the last seed.
_taken: dict[Any, None] = {}
_kernels: dict[Any, Callable[..., Any] | None] = {}
_lock = Lock()
_UNKNOWN: Any = object()


class _Here(local):
    """What holds in this thread."""

    numpy_alone = False


_here = _Here()


@contextmanager
def numpy_alone() -> Iterator[None]:
    """Leave everything to NumPy, for work of which it is known that there is too little of it."""
    before, _here.numpy_alone = _here.numpy_alone, True
    try:
        yield
    finally:
        _here.numpy_alone = before


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
    if not ready(work):
        return None
    key: list[Any] = [op]
    for x in operands:
        if type(x) is not np.ndarray or not x.flags.aligned:
            return None
        key += x.shape, x.strides, x.dtype
    if attrs:
        key += attrs.items()
    found = _run(tuple(key), operands, work, "kernel", op, operands, attrs)
    return None if found is None else found[0]


def native_pull(op: Op, work: Callable[[Any, tuple[Any, ...]], float]) -> None:
    """Let all rules of an operation that one backward needs run as one piece of machine code.

    It is made of the rules themselves, read as formulas; they are run on arrays until there is one.

    Parameters
    ----------
    op : Op
    work : callable
        ``work(g, kept)``: what it is worth, as of :func:`native`; 0 if it is left to NumPy.
    """

    def door(positions: tuple[int, ...], rules: Pull) -> Pull:
        def pull(g: Any, kept: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
            if type(g) is not np.ndarray and not isinstance(g, np.floating):
                return rules(g, kept, attrs)
            worth = work(g, kept)
            if not worth or not ready(worth):
                return rules(g, kept, attrs)
            arrays = [np.asarray(g)]
            key: list[Any] = [op, positions]
            for x in kept:
                if type(x) is np.ndarray:
                    arrays.append(x)
                else:
                    key.append(x)
            for x in arrays:
                if not x.flags.aligned:
                    return rules(g, kept, attrs)
                key += x.shape, x.strides, x.dtype
            if attrs:
                key += attrs.items()
            found = _run(tuple(key), arrays, worth, "pull_kernel", rules, g, kept, attrs)
            return rules(g, kept, attrs) if found is None else found

        return pull

    op.door = door


def _run(key: Any, operands: Sequence[Any], work: float, name: str, *made_of: Any) -> Any:
    """Run a kernel, which may have to be made first; None if there is none, or not yet."""
    global _made
    # Their memory is one call's: where several threads ask, one has it. To find the result's shape
    # the builder runs the forward, which asks here again, and is told to do the work itself.
    if not _lock.acquire(blocking=False):
        return None
    try:
        if key not in _taken:
            before = _asked.get(key, 0)
            if before < EACH * 2 ** (_made // DOUBLED):
                if len(_asked) >= _NOTED:
                    _asked.clear()
                _asked[key] = before + work
                return None
            _made += 1
            if len(_taken) >= LIMIT:
                del _taken[next(iter(_taken))]
            _taken[key] = None
        kernel = _kernels.get(key, _UNKNOWN)
        if kernel is _UNKNOWN:
            if len(_kernels) >= LIMIT:
                del _kernels[next(iter(_kernels))]
            kernel = _kernels[key] = _built(name, *made_of)
        return None if kernel is None else kernel(operands)
    except IndexError:  # which NumPy reads from the end, or explains
        return None
    finally:
        _lock.release()


def ready(work: float = 0) -> bool:
    """Whether so much has been computed that it may pay to look at the operands."""
    global _spent
    if _here.numpy_alone or _forbidden:
        return False
    if _spent >= WORTH:
        return True
    _spent += work
    return False


def forbid(forbidden: bool) -> None:
    """Leave everything to NumPy from now on, in all threads; or no longer."""
    global _forbidden
    _forbidden = forbidden


def left_to_numpy() -> bool:
    """Whether nothing is to be run as machine code here."""
    return _here.numpy_alone or _forbidden


def _forget() -> None:
    """Count anew what is computed, as in a process that has just begun."""
    global _spent, _made
    _spent, _made = min(_spent, 0), 0
    _asked.clear()
    _taken.clear()


on_seed(_forget)


def _built(name: str, *made_of: Any) -> Any:
    global _spent
    if find_spec("llvmlite") is None:
        _spent = -inf  # nobody need ask again
        return None
    try:
        # By its name: the compiler stands above the rules, which know it only from here on.
        return getattr(import_module("..compiler.machine.single", __package__), name)(*made_of)
    except Exception:  # an LLVM too old, say: nobody has asked for it, and NumPy does the same
        return None


if hasattr(os, "register_at_fork"):
    # A fork gets neither a kernel that another thread was in, nor LLVM while that was at work.
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release,
                        after_in_child=_lock.release)  # fmt: skip
