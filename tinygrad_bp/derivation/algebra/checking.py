"""Whether two formulas amount to the same, up to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...expr import Expr, evaluate, parts
from ...rules import elementwise as ew
from ...rules import linalg, reduce, shape

__all__ = ["agrees", "rounding"]

_TIGHT = {"f8": 1e-12, "f4": 2e-5, "f2": 2e-2}


def agrees(new: Expr, old: np.ndarray[Any, Any], before: Expr) -> bool:
    """Whether a formula, computed again from its symbols, amounts to `old`, the value of `before`.

    Elements may differ by a relative 1e-12 in float64 (2e-5 in float32), measured against the
    largest, or by what rounding can do where large terms cancel. Infinite and NaN elements have to
    be the same.
    """
    if new.value.dtype != old.dtype or new.shape != old.shape:
        return False
    again = evaluate(new)
    finite = np.isfinite(old)
    if not np.array_equal(finite, np.isfinite(again)):
        return False
    if not np.array_equal(again[~finite], old[~finite], equal_nan=True):
        return False
    difference = np.abs(again[finite] - old[finite])
    if not difference.size:
        return True
    tight = _TIGHT.get(old.dtype.str[1:], 0.0 if old.dtype.kind in "iub" else 1e-12)
    size = float(np.abs(old[finite]).max())
    worst = float(difference.max())
    if worst <= tight * size:
        return True
    # Only now, because it takes as long as everything else: a gradient that is 0 but for rounding.
    return worst <= 8 * float(rounding(before)[finite].max())


def rounding(formula: Expr) -> np.ndarray[Any, Any]:
    """Bound the rounding error of each element of a formula's value, to first order.

    Every operation adds half a unit in the last place of its result, and hands on the errors of its
    operands: a running error analysis (Higham, Accuracy and Stability of Numerical Algorithms,
    section 3.3). What an operation without a rule here hands on is not counted, so that the bound
    is too small for it, and a step is dropped rather than believed.
    """
    errors: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for part in parts(formula):
            unit = _unit(part.value)
            fresh = unit * np.abs(part.value)
            handed = _handed_on(part, errors)
            total = np.nan_to_num(np.asarray(fresh + handed, float), nan=0.0, posinf=0.0)
            errors[id(part)] = np.broadcast_to(total, part.value.shape)
    result: np.ndarray[Any, Any] = errors[id(formula)]
    return result


def _unit(value: Any) -> float:
    return float(np.finfo(value.dtype).eps) if value.dtype.kind in "fc" else 0.0


def _handed_on(part: Expr, errors: dict[int, Any]) -> Any:
    op, args = part.op, part.args
    values = [np.asarray(getattr(a, "value", a)) for a in args]
    known = [errors.get(id(a), 0.0) for a in args]
    if op in (ew.add, ew.subtract):
        return known[0] + known[1]
    if op is ew.multiply:
        return np.abs(values[0]) * known[1] + np.abs(values[1]) * known[0]
    if op is ew.divide:
        return (known[0] + np.abs(part.value) * known[1]) / np.abs(values[1])
    if op is ew.negative:
        return known[0]
    if op in (shape.transpose, shape.reshape, shape.broadcast_to, reduce.spread,
              reduce.sum, shape.sum_to, reduce.mean):  # fmt: skip
        if isinstance(known[0], float):
            return 0.0
        whole = np.asarray(known[0], float)
        if op in (reduce.sum, shape.sum_to):
            whole = whole + _unit(values[0]) * np.abs(values[0])
        return np.asarray(op.forward(np.array(whole, order="C"), **part.attrs))
    if op is linalg.matmul and values[0].ndim == values[1].ndim == 2:
        a, b = np.abs(values[0]), np.abs(values[1])
        return _unit(part.value) * (a @ b) + a @ (0 * b + known[1]) + (0 * a + known[0]) @ b
    return 0.0
