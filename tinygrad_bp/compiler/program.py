"""A traced step as a program: values, and operations of the table on them, in order.

What tracing writes, what each pass reads and gives back, what the back ends run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..op import Op

__all__ = ["Call", "Program", "Value"]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(eq=False)
class Value:
    """An array of the program: where it comes from, its shape and its dtype.

    Attributes
    ----------
    kind : {"input", "state", "constant", "scalar", "drawn", "computed"}
        An argument of the step; memory that outlives it, such as a parameter; an array that never
        changes; a number that is asked for anew in every step (a learning rate, a bias
        correction), as an array without axes; a random draw; the result of a call.
    array : ndarray or None
        Of a state the memory itself, of a constant its elements; of the others None.
    name : str
        For the reader: ``W1``, ``X``, ``lr``.
    strides : tuple of int or None
        Of an input that does not lie in memory row by row: how far apart its elements are along
        each axis, in elements.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    array: Array | None = None
    name: str = ""
    strides: tuple[int, ...] | None = None


@dataclass(eq=False)
class Call:
    """One operation: ``out = op(*args, **attrs)``. An operand is a value, or a Python number."""

    op: Op
    args: tuple[Any, ...]
    attrs: dict[str, Any]
    out: Value
    line: Any = None  # of the user's code

    @property
    def operands(self) -> Iterator[Value]:
        """The operands that are values."""
        return (a for a in self.args if isinstance(a, Value))


@dataclass
class Program:
    """A step: calls, what they leave behind, what they return.

    Attributes
    ----------
    inputs, scalars, draws : list of Value
        What is given at the beginning of every step, in this order.
    calls : list of Call
        Each after those whose results it reads.
    stores : list of (Value, Value)
        (state, new): after all calls, the state's memory takes the new value.
    outputs : list of Value
        What the step returns (the gradients that it leaves in ``.grad`` among them).
    """

    inputs: list[Value] = field(default_factory=list)
    scalars: list[Value] = field(default_factory=list)
    draws: list[Value] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    stores: list[tuple[Value, Value]] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)

    def drop_unread(self) -> None:
        """Leave out the calls whose results nobody reads."""
        read = {v for _, v in self.stores} | set(self.outputs)
        kept = []
        for call in reversed(self.calls):
            if call.out in read:
                kept.append(call)
                read.update(call.operands)
        self.calls = kept[::-1]
