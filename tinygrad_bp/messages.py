"""Errors of the forward pass: which operation, which shapes, what to do."""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import Op

__all__ = ["DtypeError", "ShapeError", "explain_failure", "knowable", "shown"]


class ShapeError(RuntimeError, ValueError):
    """Shapes that do not fit: a RuntimeError, as in PyTorch, and a ValueError, as in NumPy."""


class DtypeError(NotImplementedError, TypeError):
    """A dtype that an operation is not made for: as PyTorch raises it, and as NumPy does."""


_REMEDIES = {
    "matmul": "the last axis of the first has to be as long as the last but one of the second "
    "(transpose with .T, or .mT for a batch)",
    "linear": "the input's last axis has to be as long as in_features, the weight's last axis",
    "reshape": "the numbers of elements have to be equal (one length may be -1)",
    "concatenate": "all axes but the one they are joined along have to be equally long",
    "stack": "all tensors have to have the same shape",
    "broadcast_to": "axes of length 1, and new ones in front, can be expanded; others not",
    "einsum": "each letter has to stand for one length, and each operand needs one letter an axis",
}
_BROADCASTING = (
    "compared from the last axis, lengths have to be equal or 1 (insert an axis with unsqueeze)"
)


def knowable(array: Any) -> bool:
    """Whether the elements of an array may be checked.

    In a step that is being compiled only what depends on the arguments alone can be, before the
    program is run.
    """
    return getattr(array, "knowable", True)


def shown(array: Any) -> Any:
    """Return an array whose elements a message names; in a step that is being compiled too."""
    return getattr(array, "plain", array)


def describe_operand(value: Any) -> str:
    """Describe an operand by shape and dtype."""
    if isinstance(value, np.ndarray):
        return f"{tuple(value.shape)} {value.dtype}"
    return f"{value!r}" if isinstance(value, (int, float, complex)) else type(value).__name__


def explain_failure(op: Op, values: Any, attrs: Any, error: Exception) -> Exception:
    """Turn NumPy's complaint into one that names the operation, the operands and the remedy."""
    operands = ", ".join(describe_operand(value) for value in values)
    static = ", ".join(f"{name}={value!r}" for name, value in attrs.items())
    head = f"{op.name}({operands}{'; ' + static if static else ''}): {error}"
    if isinstance(error, IndexError):  # NumPy's AxisError is one too
        return IndexError(head)
    if isinstance(error, TypeError):
        return DtypeError(head)
    remedy = _REMEDIES.get(op.name) or (_BROADCASTING if op.broadcasts else None)
    return ShapeError(head + (f". Remedy: {remedy}." if remedy else ""))
