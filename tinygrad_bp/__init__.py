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
    randint_like, randn, randn_like, randperm, tensor, tril_indices, triu_indices, zeros, zeros_like,
)  # fmt: skip
from .dtype import (
    bool, can_cast, complex64, complex128, double, dtype, finfo, float, float16, float32, float64,
    get_default_dtype, half, iinfo, int, int8, int16, int32, int64, long, promote_types, result_type,
    set_default_dtype, short, uint8,
)  # fmt: skip
from .functions.elementwise import (
    add, addcdiv, addcmul, allclose, clamp, div, equal, isclose, lerp, masked_fill, pow, round, sub,
    where,
)  # fmt: skip
from .functions.index import (
    gather, index_select, masked_select, nonzero, scatter, scatter_add, take, take_along_dim,
)  # fmt: skip
from .functions.linalg import addmm, bmm, dot, einsum, matmul, mm, mv, outer, tensordot
from .functions.reduce import (
    all, amax, amin, any, argmax, argmin, argsort, bincount, count_nonzero, cummax, cummin, cumprod,
    cumsum, log_softmax, logsumexp, max, mean, median, min, norm, prod, softmax, sort, std, sum, topk,
    unique, var,
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
    bitwise_xor, ceil, cos, cosh, divide, erf, exp, exp2, expm1, floor, floor_divide, fmod, greater,
    greater_equal, hypot, isfinite, isinf, isnan, less, less_equal, log, log1p, log2, log10,
    logaddexp, logical_and, logical_not, logical_or, logical_xor, maximum, minimum, multiply,
    negative, not_equal, positive, reciprocal, relu, remainder, rsqrt, sigmoid, sign, signbit, sin,
    sinh, sqrt, square, subtract, tan, tanh, trunc,
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
