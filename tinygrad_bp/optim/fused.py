"""Updates as machine code, where the extra `compile` is installed.

A formula's NumPy calls pass over the arrays a dozen times; machine code does so once, and the
results are the same bits. To load what compiles takes 60 ms, in which NumPy's calls update 25
million numbers: so it is loaded when nearly that many have been, or when an optimizer asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..random import on_seed
from ..rules.native import left_to_numpy
from .blocks import Program

__all__ = ["check_fused", "due", "native_update", "work"]

#: Runs a formula on ``[[w, g, *state], …]`` with these scalars.
Update = Callable[[list[list[Any]], Iterable[float]], None]

#: Numbers to update before it pays to compile.
WORTH = 1 << 24

#: What a parameter costs NumPy beyond its numbers, in numbers.
_EACH = 1 << 12

_spent = 0
_native: dict[tuple[Program, Any], Update | None] = {}


def check_fused(options: dict[str, Any]) -> None:
    """Raise if ``fused=True`` is asked for where it can't be had.

    Raises
    ------
    ImportError
        Without llvmlite, which comes with the extra `compile`.
    RuntimeError
        Together with ``foreach=True``, as in PyTorch.
    """
    if not options.get("fused"):
        return
    if options.get("foreach"):
        raise RuntimeError("`fused` and `foreach` cannot be `True` together")
    if find_spec("llvmlite") is None:
        raise ImportError(
            "fused=True needs llvmlite: pip install 'tinygrad_bp[compile]'. Without it, fused=None "
            "runs the same update by NumPy's calls"
        )


def work(members: list[list[Any]]) -> int:
    """Return what it costs NumPy to update these, in numbers."""
    return sum([arrays[0].size + _EACH for arrays in members])


def due(program: Program, kind: Any, more: int) -> bool:
    """Count what NumPy is about to update, and say whether machine code would pay from now on."""
    global _spent
    if left_to_numpy():
        return False
    _spent += more
    return _spent >= WORTH and _native.get((program, kind), ...) is not None  # None: it failed


def _forget() -> None:
    """Count anew, as in a process that has just begun."""
    global _spent
    _spent = 0


on_seed(_forget)


def native_update(program: Program, kind: Any, members: list[list[Any]],
                  fused: bool | None) -> Update | None:  # fmt: skip
    """Return what runs a program as machine code; None if NumPy is to run it.

    Parameters
    ----------
    program : Program
    kind : dtype
        Of the arrays.
    members : list of list of ndarray
        What is to be updated now.
    fused : bool or None
        Whether it has to be machine code, must not be, or may be if that pays.
    """
    if fused is False or kind not in (np.float32, np.float64):
        return None
    if not fused and not due(program, kind, work(members)):
        return None
    found = _native.get((program, kind))
    if found is not None:
        return found
    check_fused({"fused": fused})
    update: Update | None = None
    if find_spec("llvmlite") is not None:
        try:
            # By its name: the compiler stands above the optimizers, which know it from here on.
            room = import_module("..compiler.machine.updates", __package__)
            update = room.NativeUpdate(program, kind)
        except Exception:  # an LLVM too old, say: nobody has asked for it, and NumPy does the same
            if fused:
                raise
    # Another thread may have been quicker.
    return _native.setdefault((program, kind), update)
