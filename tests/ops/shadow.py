"""A stand-in for an array that shows its shape and its type, and no value.

A rule that runs on shadows can be run on formulas and in a compiled step.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from tinygrad_bp.dispatch import ArrayMethods
from tinygrad_bp.dtype import common_dtype, of_numpy
from tinygrad_bp.op import SPEAKERS, Op


class ValueReadError(AssertionError):
    """A rule looked at a value."""


class Shadow(ArrayMethods):
    """Something that speaks NumPy, and whose values only operations of the table can reach."""

    def __init__(self, hidden: Any) -> None:
        self._hidden = np.asarray(hidden)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._hidden.shape

    @property
    def ndim(self) -> int:
        return self._hidden.ndim

    @property
    def dtype(self) -> Any:
        return of_numpy(self._hidden.dtype)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ValueReadError("a rule may read shapes and dtypes, no values")

    __bool__ = __float__ = __int__ = __index__ = __array__ = __complex__ = _refuse
    __setitem__ = __contains__ = item = tolist = numpy = _refuse
    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _refuse
    __hash__ = object.__hash__


def run(op: Op, args: Any, attrs: Any) -> Shadow:
    """Run an operation as an engine would, on what the shadows hide."""
    for value in attrs.values():
        if isinstance(value, Shadow):
            raise ValueReadError(f"{op.name} got a value as a static attribute")
    values = [a._hidden if isinstance(a, Shadow) else a for a in args]
    if op.promotion:
        skip = op.first_promoted
        kind = common_dtype(values[skip:], op.promotion == "float")
        values[skip:] = [np.asarray(v).astype(kind) for v in values[skip:]]
    with np.errstate(all="ignore"):
        return Shadow(op.forward(*values, **attrs))


SPEAKERS[Shadow] = run
