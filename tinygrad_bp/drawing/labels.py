"""How an operation, a shape and an array are written in a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtype import as_numpy, get_default_dtype
from ..graph import Node
from ..source import Line, location

__all__ = ["array_text", "formula", "number_text", "shape_text", "source_text"]

_INFIX = {
    "add": "+", "subtract": "−", "multiply": "×", "divide": "/", "matmul": "@", "power": "^",
    "remainder": "%",
}  # fmt: skip
_NAMES = {
    "relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU", "gelu": "GELU", "gelu_tanh": "GELU",
    "silu": "SiLU", "sigmoid": "σ", "sum": "Σ", "sqrt": "√", "root": "√",
    "absolute": "abs", "amax": "max", "amin": "min", "slice_": "slice",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_HOLE = "·"  # an operand without a name
_LONGEST = 24
#: Attributes that the shape of the box tells, or that nobody can read.
_SEEN_ANYHOW = ("shape", "template", "key", "path", "dtype")


def formula(node: Node, operands: Sequence[str]) -> str:
    """Write an operation with the names of its operands, as far as they have any.

    Parameters
    ----------
    node : Node
        The recorded operation.
    operands : sequence of str
        The name, or the number, of each operand; "" for one without.
    """
    op = node.op
    if op is None:
        return ""
    shown = [name or _HOLE for name in operands]
    named = any(operands)
    if op.name in _INFIX and len(shown) == 2:
        sign = _INFIX[op.name]
        return f"{shown[0]} {sign} {shown[1]}" if named else sign
    if op.name == "power_constant":
        exponent = number_text(node.attrs["exponent"])
        whole = exponent.lstrip("-").isdigit()
        base = shown[0] if named else "( )"
        return base + (exponent.translate(_SUPERSCRIPTS) if whole else f"^{exponent}")
    if op.name == "square":
        return f"{shown[0] if named else '( )'}²"
    if op.name == "transpose" and tuple(node.attrs["axes"]) == (1, 0):
        return f"{shown[0]}ᵀ" if named else "transpose"
    if op.name == "negative" and named:
        return f"−{shown[0]}"
    name = _NAMES.get(op.name, op.name.strip("_").replace("_", " "))
    inside = ([shown[0]] if len(shown) == 1 and named else []) + _attributes(node)
    return f"{name}({', '.join(inside)})" if inside else name


def _attributes(node: Node) -> list[str]:
    """Write the static arguments that say something and are short."""
    parts = []
    for name, value in node.attrs.items():
        if value is None or value is False or name in _SEEN_ANYHOW:
            continue
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        text = number_text(value) if isinstance(value, float) else str(value)
        if isinstance(value, (int, float, str, tuple)) and len(text) <= _LONGEST:
            parts.append(f"{name}={text}")
    return parts


def number_text(value: Any) -> str:
    """Write a number with four digits.

    >>> number_text(0.123456), number_text(2.0), number_text(-1)
    ('0.1235', '2', '-1')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (complex, np.complexfloating)):
        return f"{value:.4g}"
    if isinstance(value, (int, np.integer)):
        return str(value)
    # Adding 0 turns −0 into 0.
    return f"{value + 0.0:.4g}" if isinstance(value, (float, np.floating)) else str(value)


def shape_text(shape: Any, dtype: Any = None) -> str:
    """Write a shape; the dtype too where it is not the default one. Scalars have no shape.

    >>> shape_text((4, 3)), shape_text(())
    ('(4, 3)', '')
    """
    text = str(tuple(int(n) for n in shape)) if len(shape) else ""
    if dtype is not None and np.dtype(dtype) != as_numpy(get_default_dtype()):
        text = f"{text} {np.dtype(dtype).name}".strip()
    return text


def array_text(array: Any, most: int) -> list[str] | None:
    """Write a small array, one line a row, in columns; None for one of more than `most` elements.

    >>> array_text(np.array([[1.0, -2.5], [10.0, 0.0]]), 6)
    ['[ 1 -2.5]', '[10    0]']
    """
    array = np.asarray(array)
    if array.size > most or (array.size == 0 and array.ndim):
        return None
    words = [number_text(item) for item in array.ravel()]
    if array.ndim == 0:
        return words
    columns = array.shape[-1]
    widths = [max(len(w) for w in words[c::columns]) for c in range(columns)]
    padded = [word.rjust(widths[i % columns]) for i, word in enumerate(words)]
    return ["[" + " ".join(padded[i : i + columns]) + "]" for i in range(0, len(padded), columns)]


def source_text(line: Line | None) -> str:
    """Write where an operation was recorded: file and line, without the folders."""
    if line is None:
        return ""
    file, number = location(line)
    return f"{os.path.basename(file)}:{number}"
