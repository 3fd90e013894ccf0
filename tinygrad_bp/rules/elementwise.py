"""Operations on each element. Read a line as mathematics.

The engine sums a gradient over what broadcasting repeated, so that no rule does. Where a function
has a kink, PyTorch's convention is taken, and named.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import constant, elementwise
from .native import native, native_pull
from .special import erf as _erf

# ------------------------------------------------------------------------------------- arithmetic

#: Numbers from which machine code is quicker: than a few calls of NumPy, or, by threads, than one.
_SOME, _MANY = 4096, 1 << 16

add = elementwise(np.add, x=lambda g: g, y=lambda g: g)


def _add(x: Any, y: Any) -> Any:
    """Add; arrays as large as those of a residual connection by threads."""
    if type(x) is type(y) is np.ndarray and x.size > _MANY and x.shape == y.shape:
        out = native(add, (x, y), {}, 10 * x.size)
        if out is not None:
            return out
    return np.add(x, y)


add.run = _add
subtract = elementwise(np.subtract, x=lambda g: g, y=lambda g: -g)
multiply = elementwise(np.multiply, x=lambda g, y: g * y, y=lambda g, x: g * x)
divide = elementwise(
    np.divide,
    promotion="float",
    quiet=True,
    x=lambda g, y: g / y,
    y=lambda g, y, out: -g * out / y,
)
negative = elementwise(np.negative, x=lambda g: -g)
positive = elementwise(np.positive, x=lambda g: g)
square = elementwise(np.square, x=lambda g, x: g * (2 * x))
reciprocal = elementwise(
    np.reciprocal, promotion="float", quiet=True, x=lambda g, out: -g * out * out
)


def _checked(y: Any, out: Any) -> Any:
    """Refuse a division of integers by 0, to which NumPy's answer is 0."""
    if out.dtype.kind in "iu" and not np.all(y):
        raise RuntimeError(
            "ZeroDivisionError: an integer was divided by 0; floating-point numbers have inf and "
            "NaN for that, x.to(tgb.float32)"
        )
    return out


# x mod y = x − y ⌊x / y⌋, and the floor is constant between its steps.
@elementwise(promotion="ordered", quiet=True, x=lambda g: g, y=lambda g, x, y: -g * np.floor(x / y))
def remainder(x: Any, y: Any) -> Any:
    """Give what is left of a division rounded down."""
    return _checked(y, np.remainder(x, y))


@elementwise(promotion="ordered", quiet=True, x=lambda g: g, y=lambda g, x, y: -g * np.trunc(x / y))
def fmod(x: Any, y: Any) -> Any:
    """Give what is left of a division rounded towards 0."""
    return _checked(y, np.fmod(x, y))


def _power_y(g: Any, x: Any, y: Any, out: Any) -> Any:
    # 0^y is 0 on a whole interval of y ≥ 0: no slope there, although log 0 is not finite.
    flat = x == 0
    if np.dtype(g.dtype).kind != "c":
        flat = flat & (y >= 0)
    return g * out * np.log(np.where(flat, np.ones_like(out), x))


power = elementwise(
    np.power,
    quiet=True,
    # x^0 is 1 everywhere, at x = 0 too: the exponent of the derivative is kept off −1 there.
    x=lambda g, x, y: g * y * x ** (y - (y != 0)),
    y=_power_y,
)


def _power_of_x(g: Any, x: Any, exponent: float) -> Any:
    return g * (exponent * power_constant(x, exponent=exponent - 1)) if exponent else g * 0


@elementwise(quiet=True, x=lambda g, x, *, exponent: _power_of_x(g, x, exponent))
def power_constant(x: Any, *, exponent: float) -> Any:
    """Raise to a fixed power."""
    if exponent == 3 and x.dtype.kind == "f":
        return x * x * x  # a twentieth of the general power's time
    return x**exponent


# ------------------------------------------------------------------ exponentials, logarithms, roots

exp = elementwise(np.exp, promotion="float", quiet=True, x=lambda g, out: g * out)
exp2 = elementwise(np.exp2, promotion="float", quiet=True, x=lambda g, out: g * out * math.log(2))
expm1 = elementwise(np.expm1, promotion="float", quiet=True, x=lambda g, out: g * (out + 1))
log = elementwise(np.log, promotion="float", quiet=True, x=lambda g, x: g / x)
log2 = elementwise(np.log2, promotion="float", quiet=True, x=lambda g, x: g / (x * math.log(2)))
log10 = elementwise(np.log10, promotion="float", quiet=True, x=lambda g, x: g / (x * math.log(10)))
log1p = elementwise(np.log1p, promotion="float", quiet=True, x=lambda g, x: g / (1 + x))
# The slope of the root at 0 is infinite, here as in PyTorch; see `root` for norms.
sqrt = elementwise(np.sqrt, promotion="float", quiet=True, x=lambda g, out: g / (2 * out))


@elementwise(promotion="float", quiet=True, x=lambda g, x, out: g * (-0.5 * out / x))
def rsqrt(x: Any) -> Any:
    """Take one over the square root."""
    return 1 / np.sqrt(x)


def _root_x(g: Any, out: Any) -> Any:
    flat = out == 0
    return np.where(flat, np.zeros_like(out), g / np.where(flat, np.ones_like(out), 2 * out))


# The root inside a norm or a standard deviation: PyTorch takes the subgradient 0 at 0 there.
root = elementwise(lambda x: np.sqrt(x), name="root", promotion="float", x=_root_x)
hypot = elementwise(
    np.hypot,
    promotion="float",
    quiet=True,
    x=lambda g, x, out: g * x / out,
    y=lambda g, y, out: g * y / out,
)
logaddexp = elementwise(
    np.logaddexp,
    promotion="float",
    quiet=True,
    x=lambda g, x, out: g * np.exp(x - out),
    y=lambda g, y, out: g * np.exp(y - out),
)

# ------------------------------------------------------------------------------------ trigonometry

sin = elementwise(np.sin, promotion="float", quiet=True, x=lambda g, x: g * np.cos(x))
cos = elementwise(np.cos, promotion="float", quiet=True, x=lambda g, x: -g * np.sin(x))
tan = elementwise(np.tan, promotion="float", quiet=True, x=lambda g, out: g * (1 + out * out))
arcsin = elementwise(
    np.arcsin, promotion="float", quiet=True, x=lambda g, x: g / np.sqrt(1 - x * x)
)
arccos = elementwise(
    np.arccos, promotion="float", quiet=True, x=lambda g, x: -g / np.sqrt(1 - x * x)
)
arctan = elementwise(np.arctan, promotion="float", x=lambda g, x: g / (1 + x * x))
sinh = elementwise(np.sinh, promotion="float", quiet=True, x=lambda g, x: g * np.cosh(x))
cosh = elementwise(np.cosh, promotion="float", quiet=True, x=lambda g, x: g * np.sinh(x))
tanh = elementwise(np.tanh, promotion="float", x=lambda g, out: g * (1 - out * out))
arcsinh = elementwise(np.arcsinh, promotion="float", x=lambda g, x: g / np.sqrt(x * x + 1))
arccosh = elementwise(
    np.arccosh, promotion="float", quiet=True, x=lambda g, x: g / np.sqrt(x * x - 1)
)
arctanh = elementwise(np.arctanh, promotion="float", quiet=True, x=lambda g, x: g / (1 - x * x))


# At the origin there is no direction, nor a slope: PyTorch's is 0.
def _per_square(part: Any, x: Any, y: Any) -> Any:
    square = x * x + y * y
    flat = square == 0
    size = np.where(flat, np.ones_like(square), square)
    return np.where(flat, np.zeros_like(square), part / size)


arctan2 = elementwise(
    np.arctan2,
    promotion="float",
    quiet=True,
    x=lambda g, x, y: _per_square(g * y, x, y),
    y=lambda g, x, y: _per_square(-g * x, x, y),
)

# --------------------------------------------------------------------------- kinks, steps, choices


# |x| has slope 0 at 0 (PyTorch: sign(0) = 0).
def _absolute_x(g: Any, x: Any) -> Any:
    if g.dtype == x.dtype:
        return g * np.sign(x)
    # Of a complex number: its direction, z / |z|.
    size = np.absolute(x)
    flat = size == 0
    return np.where(flat, np.zeros_like(x), g * x / np.where(flat, np.ones_like(size), size))


absolute = elementwise(np.absolute, x=_absolute_x)


_BITS = {"e": np.dtype("int16"), "f": np.dtype("int32"), "d": np.dtype("int64")}
_ZERO = {kind: np.zeros((), kind) for kind in "efd"}  # to NumPy, a Python 0 is a third slower


# What is not chosen gets a 0 even where the gradient is inf or NaN, as in PyTorch: no g * False.
@elementwise(x=lambda g, condition: gate(condition, g))
def gate(condition: Any, x: Any) -> Any:
    """Let `x` through where the condition holds, else 0; a number holds if it is not 0."""
    dtype = x.dtype
    if type(condition) is not np.ndarray:  # of `where`: True, say
        condition = np.asarray(condition)
    kind = condition.dtype.char
    if kind != "?":
        condition = condition != _ZERO.get(kind, 0)
    bits = _BITS.get(dtype.char)
    if bits is None:
        return np.where(condition, x, np.zeros((), dtype))
    # The bits times 0 or 1, which knows no NaN: as quick as g * condition, where `np.where` takes
    # 9 times as long when the processor can't guess what comes next.
    return (x.view(bits) * condition.astype(bits)).view(dtype)


# Equal operands share the gradient half and half, as in PyTorch (so that max(x, x) has slope 1).
def _wins(g: Any, x: Any, y: Any) -> Any:
    return gate(x > y, g) + gate(x == y, g * 0.5)


maximum = elementwise(
    np.maximum,
    promotion="ordered",
    x=lambda g, x, y: _wins(g, x, y),
    y=lambda g, x, y: _wins(g, y, x),
)
minimum = elementwise(
    np.minimum,
    promotion="ordered",
    x=lambda g, x, y: _wins(g, y, x),
    y=lambda g, x, y: _wins(g, x, y),
)


# At a bound itself the gradient passes, as in PyTorch.
@elementwise(
    promotion="ordered",
    x=lambda g, x, lower, upper: gate((x >= lower) & (x <= upper), g),
    lower=lambda g, x, lower, upper: gate((x < lower) & (lower < upper), g),
    upper=lambda g, x, lower, upper: gate((x > upper) | (lower > upper), g),
)
def clip(x: Any, lower: Any, upper: Any) -> Any:
    """Limit to an interval."""
    return np.minimum(np.maximum(x, lower), upper)


def _within(x: Any, lower: float | None, upper: float | None) -> Any:
    if lower is None or upper is None:
        return x <= upper if lower is None else x >= lower
    return (x >= lower) & (x <= upper)


@elementwise(promotion="ordered", x=lambda g, x, *, lower, upper: gate(_within(x, lower, upper), g))
def clip_constant(x: Any, *, lower: float | None, upper: float | None) -> Any:
    """Limit to a fixed interval, or to one side of it."""
    if lower is not None:
        x = np.maximum(x, lower)
    return x if upper is None else np.minimum(x, upper)


@elementwise(
    x=lambda g, condition: gate(condition, g),
    y=lambda g, condition: gate(~condition, g),
)
def where(condition: Any, x: Any, y: Any) -> Any:
    """Choose from `x` where the condition holds, else from `y`."""
    return np.where(condition, x, y)


# Steps: flat between their jumps. A gradient of zeros, as in PyTorch, and not none.
floor = elementwise(np.floor, promotion="ordered", x=lambda g: g * 0)
ceil = elementwise(np.ceil, promotion="ordered", x=lambda g: g * 0)
trunc = elementwise(np.trunc, promotion="ordered", x=lambda g: g * 0)


@elementwise(quiet=True, x=lambda g: g * 0)
def sign(x: Any) -> Any:
    """Give −1, 0 or 1; 0 for NaN, as in PyTorch."""
    if x.dtype.kind == "b":
        return x.copy()
    out = np.sign(x)
    return out if x.dtype.kind in "iu" else np.where(out == out, out, np.zeros_like(out))


@elementwise(promotion="ordered", quiet=True, x=lambda g: g * 0, y=lambda g: g * 0)
def floor_divide(x: Any, y: Any) -> Any:
    """Divide, and round down."""
    return _checked(y, np.floor_divide(x, y))


@elementwise(promotion="ordered", quiet=True, x=lambda g: g * 0, y=lambda g: g * 0)
def trunc_divide(x: Any, y: Any) -> Any:
    """Divide, and round towards 0; exactly for integers, however large."""
    if x.dtype.kind in "iub":
        whole = np.floor_divide(x, y)
        return _checked(y, whole + ((whole < 0) & (whole * y != x)).astype(whole.dtype))
    return np.trunc(x / y)


@elementwise(promotion="ordered", x=lambda g: g * 0)
def round(x: Any, *, decimals: int = 0) -> Any:
    """Round half to even."""
    return np.round(x, decimals)


# ---------------------------------------------------------------------------- activation functions


# ReLU has slope 0 at 0 (PyTorch, and the notes' z > 0); a NaN lets the gradient through.
@elementwise(promotion="ordered", x=lambda g, out: gate(out, g))
def relu(x: Any) -> Any:
    """Give max(0, z)."""
    if x.size > _MANY:
        out = native(relu, (x,), {}, 10 * x.size)
        if out is not None:
            return out
    return np.maximum(x, _ZERO.get(x.dtype.char, 0))


native_pull(relu, lambda g, kept: 10 * g.size if g.size > _SOME else 0)


@constant(broadcasts=True)
def leaky_slope(x: Any, *, slope: float) -> Any:
    """Give 1 for z > 0, else α."""
    kind = x.dtype.type
    # As in `gate`: no choice that a processor would have to guess (a seventh of np.where's time).
    if 0 <= slope <= 1:
        return np.maximum(x > 0, kind(slope), dtype=x.dtype)
    return np.where(x > 0, kind(1), kind(slope))


@elementwise(x=lambda g, x, *, slope: g * leaky_slope(x, slope=slope))
def leaky_relu(x: Any, *, slope: float) -> Any:
    """Give z for z > 0, else α z; at 0 the slope is α."""
    if not 0 < slope <= 1 or x.dtype.kind != "f":
        return np.where(x > 0, x, slope * x)
    out = np.asarray(x * x.dtype.type(slope))
    return np.maximum(x, out, out=out)


@elementwise(promotion="float", quiet=True, x=lambda g, out: g * out * (1 - out))
def sigmoid(x: Any) -> Any:
    """Give 1 / (1 + e^−z); an overflowing e^−z gives the right 0."""
    return 1 / (1 + np.exp(-x))


@elementwise(promotion="float", quiet=True, x=lambda g, x, *, beta: g * sigmoid(beta * x))
def softplus(x: Any, *, beta: float = 1.0) -> Any:
    """Give log(1 + e^βz) / β, in the form that can't overflow."""
    z = beta * x
    return (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta


def _elu_x(g: Any, x: Any, alpha: float) -> Any:
    # e^min(z, 0): the branch that is not taken stays finite, in every derivative.
    below = alpha * np.exp(np.where(x > 0, np.zeros_like(x), x))
    return g * np.where(x > 0, np.ones_like(x), below)


@elementwise(promotion="float", x=lambda g, x, *, alpha: _elu_x(g, x, alpha))
def elu(x: Any, *, alpha: float = 1.0) -> Any:
    """Give z for z > 0, else α (e^z − 1)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


erf = elementwise(
    _erf,
    name="erf",
    promotion="float",
    x=lambda g, x: g * (2 / math.sqrt(math.pi)) * np.exp(-x * x),
)


def _silu_x(g: Any, x: Any) -> Any:
    s = sigmoid(x)
    return g * (s * (1 + x * (1 - s)))


@elementwise(promotion="float", quiet=True, x=_silu_x)
def silu(x: Any) -> Any:
    """Give z σ(z)."""
    return x / (1 + np.exp(-x))


# --------------------------------------------------------------------- comparisons: no gradient

greater = constant(np.greater, promotion="ordered", broadcasts=True)
greater_equal = constant(np.greater_equal, promotion="ordered", broadcasts=True)
less = constant(np.less, promotion="ordered", broadcasts=True)
less_equal = constant(np.less_equal, promotion="ordered", broadcasts=True)
equal = constant(np.equal, promotion="same", broadcasts=True)
not_equal = constant(np.not_equal, promotion="same", broadcasts=True)
logical_and = constant(np.logical_and, broadcasts=True)
logical_or = constant(np.logical_or, broadcasts=True)
logical_xor = constant(np.logical_xor, broadcasts=True)
logical_not = constant(np.logical_not, broadcasts=True)
bitwise_and = constant(np.bitwise_and, promotion="same", broadcasts=True)
bitwise_or = constant(np.bitwise_or, promotion="same", broadcasts=True)
bitwise_xor = constant(np.bitwise_xor, promotion="same", broadcasts=True)
invert = constant(np.invert, broadcasts=True)
left_shift = constant(np.left_shift, promotion="same", broadcasts=True)
right_shift = constant(np.right_shift, promotion="same", broadcasts=True)
isnan = constant(np.isnan, broadcasts=True)
isinf = constant(np.isinf, broadcasts=True)
isfinite = constant(np.isfinite, broadcasts=True)
signbit = constant(np.signbit, broadcasts=True)
