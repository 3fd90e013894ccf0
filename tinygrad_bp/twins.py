"""In-place twins: the methods with an underscore, made of those without from one table.

``x.exp_()`` is ``x.exp()`` written into the memory of `x`, and recorded as such, see `inplace`. So
a twin has the arguments, the rules and the errors of its function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from . import inplace

__all__ = ["in_place", "with_twins"]

#: Methods that have a twin: the result takes the place of the values.
TWINS = (
    "abs", "absolute", "acos", "acosh", "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv",
    "addr", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin",
    "asinh", "atan", "atan2", "atanh", "baddbmm", "bitwise_and", "bitwise_left_shift",
    "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "ceil", "clamp", "clamp_max",
    "clamp_min", "clip", "conj_physical", "copysign", "cos", "cosh", "cumprod", "cumsum", "deg2rad",
    "digamma", "div", "divide", "eq", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "fix",
    "float_power", "floor", "floor_divide", "fmod", "frac", "gcd", "ge", "greater", "greater_equal",
    "gt", "heaviside", "hypot", "i0", "igamma", "igammac", "index_add", "index_copy", "index_fill",
    "index_put", "index_reduce", "lcm", "ldexp", "le", "lerp", "less", "less_equal", "lgamma",
    "log", "log10", "log1p", "log2", "logical_and", "logical_not", "logical_or", "logical_xor",
    "logit", "lt", "masked_fill", "masked_scatter", "mul", "multiply", "mvlgamma", "nan_to_num",
    "ne", "neg", "negative", "nextafter", "not_equal", "polygamma", "pow", "put", "rad2deg",
    "reciprocal", "relu", "remainder", "renorm", "round", "rsqrt", "scatter", "scatter_add",
    "scatter_reduce", "sgn", "sigmoid", "sign", "sin", "sinc", "sinh", "sqrt", "square", "sub",
    "subtract", "tan", "tanh", "tril", "triu", "true_divide", "trunc", "xlogy",
)  # fmt: skip

#: Methods whose twin gives the same memory another shape.
VIEWS = ("squeeze", "unsqueeze", "transpose", "swapaxes", "swapdims", "t", "as_strided")

Class = TypeVar("Class", bound=type)


def in_place(function: Callable[..., Any], name: str = "", run: Any = inplace.change) -> Any:
    """Make the twin of a function that changes its tensor."""
    what = name or getattr(function, "name", getattr(function, "__name__", "operation"))

    def twin(self: Any, *args: Any, **kwargs: Any) -> Any:
        return run(self, function, *args, **kwargs)

    twin.__name__ = f"{what}_"
    twin.__doc__ = f"Do `{what}` in place."
    return twin


def with_twins(cls: Class) -> Class:
    """Give a class the twins of its methods; a decorator."""
    for name in TWINS:
        setattr(cls, f"{name}_", in_place(getattr(cls, name), name))
    for name in VIEWS:
        setattr(cls, f"{name}_", in_place(getattr(cls, name), name, inplace.rearrange))
    return cls
