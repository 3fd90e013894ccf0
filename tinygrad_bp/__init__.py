"""tinygrad_bp: backpropagation with PyTorch's names, on NumPy alone.

Imported as ``tgb``, and laid out like ``torch``. Not affiliated with tinygrad.

>>> import tinygrad_bp as tgb
>>> w = tgb.tensor([1.0, 2.0], requires_grad=True)
>>> loss = (w**2).sum()
>>> loss.backward()
>>> w.grad
tensor([2., 4.])

To understand how it works, read `op`, `rules.elementwise`, `graph` and `tensor`, in this order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from .creation import (
    arange, as_tensor, asarray, bernoulli, empty, empty_like, eye, from_numpy, full, full_like,
    is_tensor, linspace, logspace, multinomial, normal, ones, ones_like, rand, rand_like, randint,
    randint_like, randn, randn_like, randperm, tensor, tril_indices, triu_indices, zeros,
    zeros_like,
)  # fmt: skip
from .dtype import (
    bool, can_cast, complex64, complex128, double, dtype, finfo, float, float16, float32, float64,
    get_default_dtype, half, iinfo, int, int8, int16, int32, int64, long, promote_types,
    result_type, set_default_dtype, short, uint8,
)  # fmt: skip
from .functions.elementwise import (
    add, addcdiv, addcmul, allclose, clamp, div, equal, isclose, lerp, masked_fill, pow, round,
    sub, where,
)  # fmt: skip
from .functions.index import (
    gather, index_select, masked_select, nonzero, scatter, scatter_add, take, take_along_dim,
)  # fmt: skip
from .functions.linalg import addmm, bmm, dot, einsum, matmul, mm, mv, outer, tensordot
from .functions.reduce import (
    all, amax, amin, any, argmax, argmin, argsort, bincount, count_nonzero, cummax, cummin,
    cumprod, cumsum, log_softmax, logsumexp, max, mean, median, min, norm, prod, softmax, sort,
    std, sum, topk, unique, var,
)  # fmt: skip
from .functions.shape import (
    broadcast_to, cat, chunk, diag, diagonal, flatten, flip, hstack, meshgrid, movedim, narrow,
    permute, repeat_interleave, reshape, roll, select, split, squeeze, stack, t, tile, trace,
    transpose, tril, triu, unbind, unflatten, unsqueeze, vstack,
)  # fmt: skip
from .mode import (
    enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad,
    set_grad_enabled,
)  # fmt: skip
from .random import Generator, default_generator, initial_seed, manual_seed, seed
from .rules.elementwise import (
    absolute, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, bitwise_and, bitwise_or,
    bitwise_xor, ceil, cos, cosh, divide, erf, exp, exp2, expm1, floor, floor_divide, fmod,
    greater, greater_equal, hypot, isfinite, isinf, isnan, less, less_equal, log, log1p, log2,
    log10, logaddexp, logical_and, logical_not, logical_or, logical_xor, maximum, minimum,
    multiply, negative, not_equal, positive, reciprocal, relu, remainder, rsqrt, sigmoid, sign,
    signbit, sin, sinh, sqrt, square, subtract, tan, tanh, trunc,
)  # fmt: skip
from .rules.elementwise import equal as eq
from .rules.shape import copy as clone
from .tensor import Size, Tensor

abs, neg, mul, true_divide, clip = absolute, negative, multiply, div, clamp
acos, asin, atan, atan2, acosh, asinh, atanh = (
    arccos, arcsin, arctan, arctan2, arccosh, arcsinh, arctanh,
)  # fmt: skip
ne, lt, le, gt, ge = not_equal, less, less_equal, greater, greater_equal
concat = concatenate = cat
swapaxes = swapdims = transpose
moveaxis, ravel = movedim, flatten

__version__ = "0.1.0"

__all__ = [
    "Generator", "Size", "Tensor", "__version__", "abs", "absolute", "acos", "acosh", "add",
    "addcdiv", "addcmul", "addmm", "all", "allclose", "amax", "amin", "any", "arange", "arccos",
    "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argsort",
    "as_tensor", "asarray", "asin", "asinh", "atan", "atan2", "atanh", "autograd", "bernoulli",
    "bincount", "bitwise_and", "bitwise_or", "bitwise_xor", "bmm", "bool", "broadcast_to",
    "can_cast", "cat", "ceil", "chunk", "clamp", "clip", "clone", "complex128", "complex64",
    "concat", "concatenate", "cos", "cosh", "count_nonzero", "cummax", "cummin", "cumprod",
    "cumsum", "datasets", "default_generator", "diag", "diagonal", "div", "divide", "dot",
    "double", "draw", "dtype", "einsum", "empty", "empty_like", "enable_grad", "eq", "equal",
    "erf", "exp", "exp2", "expm1", "eye", "finfo", "flatten", "flip", "float", "float16",
    "float32", "float64", "floor", "floor_divide", "fmod", "from_numpy", "full", "full_like",
    "gather", "ge", "get_default_dtype", "greater", "greater_equal", "gt", "half", "hstack",
    "hypot", "iinfo", "index_select", "inference_mode", "initial_seed", "int", "int16", "int32",
    "int64", "int8", "is_grad_enabled", "is_inference_mode_enabled", "is_tensor", "isclose",
    "isfinite", "isinf", "isnan", "le", "lerp", "less", "less_equal", "linspace", "log", "log10",
    "log1p", "log2", "log_softmax", "logaddexp", "logical_and", "logical_not", "logical_or",
    "logical_xor", "logspace", "logsumexp", "long", "lt", "manual_seed", "masked_fill",
    "masked_select", "matmul", "max", "maximum", "mean", "median", "meshgrid", "min", "minimum",
    "mm", "moveaxis", "movedim", "mul", "multinomial", "multiply", "mv", "narrow", "ne", "neg",
    "negative", "nn", "no_grad", "nonzero", "norm", "normal", "not_equal", "ones", "ones_like",
    "op", "optim", "outer", "permute", "positive", "pow", "prod", "promote_types", "rand",
    "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "ravel",
    "reciprocal", "relu", "remainder", "repeat_interleave", "reshape", "result_type", "roll",
    "round", "rsqrt", "scatter", "scatter_add", "seed", "select", "set_default_dtype",
    "set_grad_enabled", "short", "sigmoid", "sign", "signbit", "sin", "sinh", "softmax", "sort",
    "split", "sqrt", "square", "squeeze", "stack", "std", "sub", "subtract", "sum", "swapaxes",
    "swapdims", "t", "take", "take_along_dim", "tan", "tanh", "tensor", "tensordot", "textbook",
    "tile", "topk", "trace", "transpose", "tril", "tril_indices", "triu", "triu_indices",
    "true_divide", "trunc", "uint8", "unbind", "unflatten", "unique", "unsqueeze", "var",
    "vstack", "where", "zeros", "zeros_like",
]  # fmt: skip

if _TYPE_CHECKING:
    from . import autograd, datasets, nn, op, optim, textbook
    from .drawing import draw

# Loaded when first used: importing the package takes little longer than importing NumPy.
_ROOMS = ("autograd", "datasets", "nn", "op", "optim", "textbook")
_VERBS = {"draw": "drawing"}


def __getattr__(name: str) -> _Any:
    from importlib import import_module

    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _VERBS:
        value = globals()[name] = getattr(import_module(f".{_VERBS[name]}", __name__), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_VERBS})
