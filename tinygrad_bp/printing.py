"""How a tensor prints itself: PyTorch's layout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import dtype as dtypes

__all__ = ["tensor_text"]

_THRESHOLD, _EDGE, _WIDTH, _DIGITS = 1000, 3, 80, 4


def tensor_text(tensor: Any) -> str:
    """Spell a tensor out: its numbers, and what is not its default."""
    array = tensor._array
    head = "tensor("
    name = type(tensor).__name__
    if name != "Tensor" and name != "Parameter":
        head = f"{name}("
    suffixes = []
    if array.size == 0:
        body = "[]"
        if array.shape != (0,):
            suffixes.append(f"size={tuple(array.shape)}")
    else:
        body = _body(array, len(head))
    default = (
        array.dtype == dtypes.get_default_dtype().dtype
        or array.dtype.kind == "b"
        or (array.dtype == np.int64)
    )
    if not default or (array.size == 0 and array.dtype != dtypes.get_default_dtype().dtype):
        suffixes.append(f"dtype={tensor.dtype!r}")
    node = tensor.node
    if node is not None:
        suffixes.append("requires_grad=True" if node.op is None else f"grad_fn=<{node.name()}>")
    text = head + body
    for suffix in suffixes:
        last = len(text) - text.rfind("\n") - 1
        text += (
            f", {suffix}"
            if last + len(suffix) + 3 <= _WIDTH
            else ",\n" + " " * len(head) + suffix
        )
    text += ")"
    return f"Parameter containing:\n{text}" if name == "Parameter" else text


class _Formatter:
    """Chooses one format for all numbers: integers, fixed, or scientific."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.kind = array.dtype.kind
        self.whole = self.scientific = False
        self.width = 0
        if self.kind == "f":
            finite = np.abs(array[np.isfinite(array) & (array != 0)].astype(np.float64))
            if finite.size:
                low, high = float(finite.min()), float(finite.max())
                self.whole = bool((finite == np.ceil(finite)).all())
                ratio = high / low
                if self.whole:
                    self.scientific = ratio > 1000.0 and high > 1.0e8
                else:
                    self.scientific = ratio > 1000.0 or high > 1.0e8 or low < 1.0e-4
                if self.whole and not self.scientific and high > 1.0e8:
                    self.scientific = True
            elif not (array == 0).any():
                self.whole = False
            else:
                self.whole = bool((array[np.isfinite(array)] == 0).all())
        self.width = max((len(self.text(value)) for value in array.reshape(-1)), default=0)

    def text(self, value: Any) -> str:
        if self.kind == "b":
            return str(bool(value))
        if self.kind == "c":
            return f"{value.real:.{_DIGITS}f}{value.imag:+.{_DIGITS}f}j"
        if self.kind != "f":
            return str(int(value))
        number = float(value)
        if not math.isfinite(number):
            return str(number)
        if self.scientific:
            return f"{number:.{_DIGITS}e}"
        return f"{number:.0f}." if self.whole else f"{number:.{_DIGITS}f}"

    def padded(self, value: Any) -> str:
        return self.text(value).rjust(self.width)


def _body(array: np.ndarray[Any, Any], indent: int) -> str:
    shorten = array.size > _THRESHOLD
    shown = _edges(array) if shorten else array
    return _nested(array, _Formatter(shown), indent, shorten)


def _edges(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Take what a shortened print shows: the first and last few of each axis."""
    for axis, n in enumerate(array.shape):
        if n > 2 * _EDGE:
            array = np.take(array, [*range(_EDGE), *range(n - _EDGE, n)], axis)
    return array


def _nested(array: np.ndarray[Any, Any], formatter: _Formatter, indent: int, shorten: bool) -> str:
    if array.ndim == 0:
        return formatter.text(array[()])
    n = len(array)
    cut = shorten and n > 2 * _EDGE
    chosen = [*range(_EDGE), None, *range(n - _EDGE, n)] if cut else list(range(n))
    if array.ndim == 1:
        parts = [" ..." if i is None else formatter.padded(array[i]) for i in chosen]
        a_line = max(1, (_WIDTH - indent) // (formatter.width + 2))
        rows = [", ".join(parts[i : i + a_line]) for i in range(0, len(parts), a_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(rows) + "]"
    inner = [
        "..." if i is None else _nested(array[i], formatter, indent + 1, shorten) for i in chosen
    ]
    separator = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + separator.join(inner) + "]"
