"""What the operations on single elements are in the generated code.

Each entry takes the operands (names in the code, or numbers of the right type) and the attributes,
and gives a Python expression. It says in scalars what the forward says in arrays, NaN included.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...op import Op
from ...rules import elementwise as ew
from ...rules import gelu, loss, shape

__all__ = ["ELEMENTS", "KINDS", "literal", "operand_kinds"]

#: dtype -> its name in the code, which is also the name of the conversion to it.
KINDS = {
    "f": "float32", "d": "float64", "?": "boolean",
    "q": "int64", "l": "int64", "i": "int32", "b": "int8",
}  # fmt: skip

Element = Callable[..., str]


def literal(value: Any, kind: str) -> str:
    """Write a number of the given type."""
    if kind == "boolean":
        return repr(bool(value))
    if isinstance(value, float) and not math.isfinite(value):
        return f"{kind}({'nan' if math.isnan(value) else 'inf' if value > 0 else '-inf'})"
    return f"{kind}({value!r})" if kind.startswith("float") else f"{kind}({int(value)})"


def _infix(sign: str) -> Element:
    return lambda t, x, y: f"{x} {sign} {y}"


def _function(name: str) -> Element:
    return lambda t, *xs: f"{name}({', '.join(xs)})"


def _typed(name: str) -> Element:
    """Call the version of a function that is written for this type: exp32, exp64."""
    return lambda t, *xs: f"{name}{t[-2:]}({', '.join(xs)})"


def _gate(t: str, condition: str, x: str) -> str:
    return f"{x} if {condition} else {t}(0)"


def _power(t: str, x: str, exponent: float) -> str:
    known = {2: f"{x} * {x}", 3: f"{x} * {x} * {x}", 1: x, 0: f"{t}(1)", -1: f"{t}(1) / {x}",
             0.5: f"sqrt({x})"}  # fmt: skip
    return known.get(exponent, f"{x} ** {t}({exponent!r})")


def _softplus(t: str, x: str, beta: float = 1.0) -> str:
    z = x if beta == 1 else f"{t}({beta!r}) * {x}"
    out = f"larger({z}, {t}(0)) + log1p{t[-2:]}(exp{t[-2:]}(-abs({z})))"
    return out if beta == 1 else f"({out}) / {t}({beta!r})"


def _gelu(t: str, x: str) -> str:
    return f"gelu{t[-2:]}({x})"


def _leaky_slope(t: str, x: str, slope: float) -> str:
    return f"{t}(1) if {x} > 0 else {t}({slope!r})"


def _elu(t: str, x: str, alpha: float = 1.0) -> str:
    return f"{x} if {x} > 0 else {t}({alpha!r}) * expm1_{t[-2:]}(smaller({x}, {t}(0)))"


ELEMENTS: dict[Op, Element] = {
    ew.add: _infix("+"), ew.subtract: _infix("-"), ew.multiply: _infix("*"),
    ew.divide: _infix("/"), ew.negative: lambda t, x: f"-{x}", ew.positive: lambda t, x: x,
    shape.copy: lambda t, x: x, shape.cast: lambda t, x, dtype: x,
    ew.reciprocal: lambda t, x: f"{t}(1) / {x}",
    ew.power_constant: _power,
    ew.exp: _typed("exp"), ew.log: _typed("log"), ew.log1p: _typed("log1p"),
    ew.expm1: _typed("expm1_"), ew.tanh: _typed("tanh"), ew.sigmoid: _typed("sigmoid"),
    ew.sqrt: _function("sqrt"), ew.root: _function("sqrt"),
    ew.rsqrt: lambda t, x: f"{t}(1) / sqrt({x})",
    ew.sin: _function("sin"), ew.cos: _function("cos"), ew.arctan: _function("atan"),
    ew.absolute: _function("abs"),
    ew.maximum: _function("larger"), ew.minimum: _function("smaller"),
    ew.relu: lambda t, x: f"{t}(0) if {x} <= 0 else {x}",
    ew.gate: _gate,
    ew.where: lambda t, c, x, y: f"{x} if {c} else {y}",
    ew.sign: lambda t, x: f"{t}(1) if {x} > 0 else ({t}(-1) if {x} < 0 else {t}(0))",
    ew.floor: _function("floor"), ew.ceil: _function("ceil"), ew.trunc: _function("trunc"),
    ew.leaky_slope: _leaky_slope, ew.softplus: _softplus, ew.elu: _elu,
    loss.bce_with_logits: lambda t, x, y: (
        f"larger({x}, {t}(0)) - {x} * {y} + log1p{t[-2:]}(exp{t[-2:]}(-abs({x})))"
    ),
    gelu.gelu: _gelu,
    ew.greater: _infix(">"), ew.greater_equal: _infix(">="),
    ew.less: _infix("<"), ew.less_equal: _infix("<="),
    ew.equal: _infix("=="), ew.not_equal: _infix("!="),
    ew.logical_and: lambda t, x, y: f"{x} & {y}", ew.logical_or: lambda t, x, y: f"{x} | {y}",
    ew.logical_not: lambda t, x: f"not {x}",
    ew.isnan: lambda t, x: f"{x} != {x}",
}  # fmt: skip


_TRUTH = frozenset((ew.logical_and, ew.logical_or, ew.logical_not))
_COMPARISONS = frozenset(
    (ew.greater, ew.greater_equal, ew.less, ew.less_equal, ew.equal, ew.not_equal, ew.isnan)
)


def operand_kinds(op: Op, dtypes: list[Any], out: np.dtype[Any]) -> list[str]:
    """Say to which type each operand is brought first; an operand without a dtype is a number."""
    kind = KINDS[out.char]
    if op in _TRUTH:
        return ["boolean"] * len(dtypes)
    if op in _COMPARISONS:
        common = np.result_type(*[d for d in dtypes if d is not None])
        return [KINDS[common.char]] * len(dtypes)
    if op in (ew.gate, ew.where):
        return ["boolean"] + [kind] * (len(dtypes) - 1)
    if op is shape.cast:
        return [KINDS[dtypes[0].char]]
    return [kind] * len(dtypes)
