"""Where was the first NaN or Inf born? The checks behind ``autograd.detect_anomaly()``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import Node
from .messages import describe_operand
from .op import Op
from .source import describe, user_line

__all__ = ["check_backward", "check_forward"]


def _faults(value: Any) -> tuple[bool, bool]:
    """Return whether there is a NaN, and whether there is an Inf."""
    array = np.asarray(getattr(value, "_array", value))
    if array.dtype.kind not in "fc":
        return False, False
    return bool(np.isnan(array).any()), bool(np.isinf(array).any())


def _born(inputs: list[Any], output: Any) -> str | None:
    """Name the fault of the output that no input had."""
    nan, inf = _faults(output)
    if not (nan or inf):
        return None
    had = [_faults(value) for value in inputs]
    if nan and not any(n for n, _ in had):
        return "NaN"
    if inf and not any(n or i for n, i in had):
        return "Inf"
    return None


def check_forward(op: Op, values: Any, attrs: Any, array: Any) -> None:
    """Raise if this operation is the one in which a NaN or Inf first appears."""
    fault = _born([*values, *(v for v in attrs.values() if isinstance(v, float))], array)
    if fault:
        operands = ", ".join(describe_operand(value) for value in values)
        raise RuntimeError(
            f"the first {fault} of the forward pass was born in '{op.name}'({operands}) -> "
            f"{tuple(array.shape)}, at {describe(user_line())}"
        )


def check_backward(node: Node, position: int, g: Any, gradient: Any) -> None:
    """Raise if this rule is the one in which a NaN or Inf first appears in the backward pass."""
    fault = _born([g, *(node.saved or ())] if _numbers(node) else [g], gradient)
    if fault:
        raise RuntimeError(
            f"the first {fault} of the backward pass was born in the gradient of operand "
            f"{position + 1} (shape {tuple(gradient.shape)}) of {node.describe()}"
        )


def _numbers(node: Node) -> bool:
    # A value that was not finite in the forward pass already is not born here.
    return bool(node.saved) and all(
        isinstance(v, (np.ndarray, float, int)) for v in node.saved or ()
    )
