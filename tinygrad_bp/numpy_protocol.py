"""Which operation stands behind a NumPy function that is called on a tensor.

Rules are written in NumPy: this is how they run on tensors and formulas. And it is how
``np.exp(t)`` and ``np.sum(t, axis=0)`` in a user's code stay differentiable. NumPy's argument names
and semantics hold here (`axis`, `keepdims`, ``np.max`` gives values alone).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .functions import elementwise as fe
from .functions import linalg as fl
from .functions import masks as fm
from .functions import reduce as fr
from .functions import shape as fs
from .functions import sorting as fso
from .functions.index import getitem
from .rules import elementwise as ew
from .rules import linalg as la
from .rules import reduce as red
from .rules import shape as sh
from .rules.complex import conjugate
from .rules.index import take_along_axis

__all__ = ["NUMPY_FUNCTIONS", "NUMPY_UFUNCS"]

_BY_UFUNC = (
    ew.add, ew.subtract, ew.multiply, ew.divide, ew.negative, ew.positive, ew.square, ew.reciprocal,
    ew.exp, ew.exp2, ew.expm1, ew.log, ew.log2, ew.log10, ew.log1p, ew.sqrt,
    ew.hypot, ew.logaddexp, ew.sin, ew.cos, ew.tan, ew.arcsin, ew.arccos, ew.arctan, ew.sinh,
    ew.cosh, ew.tanh, ew.arcsinh, ew.arccosh, ew.arctanh, ew.arctan2, ew.absolute,
    ew.maximum, ew.minimum, ew.floor, ew.ceil, ew.trunc, ew.greater, ew.greater_equal,
    ew.less, ew.less_equal,
    ew.equal, ew.not_equal, ew.logical_and, ew.logical_or, ew.logical_xor, ew.logical_not,
    ew.bitwise_and, ew.bitwise_or, ew.bitwise_xor, ew.invert, ew.left_shift, ew.right_shift,
    ew.isnan, ew.isinf, ew.isfinite, ew.signbit,
)  # fmt: skip

#: ufunc, or (ufunc, "reduce" / "accumulate") -> what to run.
NUMPY_UFUNCS: dict[Any, Callable[..., Any]] = {op.forward: op for op in _BY_UFUNC}
NUMPY_UFUNCS[np.power] = fe.pow
NUMPY_UFUNCS[np.remainder], NUMPY_UFUNCS[np.fmod] = ew.remainder, ew.fmod
NUMPY_UFUNCS[np.floor_divide], NUMPY_UFUNCS[np.sign] = ew.floor_divide, ew.sign
NUMPY_UFUNCS[np.float_power] = fe.pow
NUMPY_UFUNCS[np.fabs] = ew.absolute
NUMPY_UFUNCS[np.conjugate], NUMPY_UFUNCS[np.matmul] = conjugate, la.matmul


def _reduce(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a reduction NumPy's signature; what would not be honoured is refused."""

    def reduction(a: Any, axis: Any = None, dtype: Any = None, out: Any = None,
                  keepdims: Any = False, **others: Any) -> Any:  # fmt: skip
        left = {name for name, value in others.items() if value is not np._NoValue}
        if out is not None or left:
            names = sorted(left | ({"out"} if out is not None else set()))
            raise TypeError(f"np.{function.__name__} of a Tensor does not take {', '.join(names)}")
        keep = bool(keepdims) if keepdims is not np._NoValue else False
        extra = {} if dtype is None else {"dtype": dtype}
        return function(a, axis, keep, **extra)

    return reduction


def _values(function: Callable[..., Any]) -> Callable[..., Any]:
    def values(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
        if out is not None:
            raise TypeError(f"np.{function.__name__} of a Tensor does not take out")
        return function(a, axis, bool(keepdims) if keepdims is not np._NoValue else False)

    return values


def _spread(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the variance or the deviation NumPy's signature (its `ddof` is 0 unless given)."""

    def spread(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0,
               keepdims: Any = False) -> Any:  # fmt: skip
        if out is not None or dtype is not None:
            raise TypeError(f"np.{function.__name__} of a Tensor does not take dtype or out")
        keep = bool(keepdims) if keepdims is not np._NoValue else False
        return function(a, axis, keepdim=keep, correction=ddof)

    return spread


def _along(function: Callable[..., Any]) -> Callable[..., Any]:
    def along(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        if out is not None:
            raise TypeError(f"np.{function.__name__} of a Tensor does not take out")
        extra = {} if dtype is None else {"dtype": dtype}
        return function(fs.flatten(a), 0, **extra) if axis is None else function(a, axis, **extra)

    return along


def _clip(a: Any, a_min: Any = None, a_max: Any = None, **kwargs: Any) -> Any:
    return fe.clamp(a, kwargs.get("min", a_min), kwargs.get("max", a_max))


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if not isinstance(axes, int):
        axes = [(pair,) if isinstance(pair, int) else pair for pair in axes]
    return fl.tensordot(a, b, axes)


def _in_order(function: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse an order of elements other than C's: it would be ignored."""

    def ordered(*args: Any, order: Any = "C", **kwargs: Any) -> Any:
        if order != "C":
            raise TypeError(f"np.{function.__name__} of a Tensor has no order={order!r}")
        return function(*args, **kwargs)

    return ordered


def _reshape(a: Any, /, shape: Any) -> Any:
    return fs.reshape(a, *(shape if isinstance(shape, (tuple, list)) else (shape,)))


def _sort(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None) -> Any:
    return fso.sort(fs.flatten(a), 0).values if axis is None else fso.sort(a, axis).values


def _argsort(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None) -> Any:
    return fso.argsort(fs.flatten(a), 0) if axis is None else fso.argsort(a, axis)


def _take(a: Any, indices: Any, axis: int | None = None) -> Any:
    if axis is None:
        return fs.flatten(a)[indices]
    return getitem(a, (slice(None),) * (axis % a.ndim) + (indices,))


def _take_along_axis(arr: Any, indices: Any, axis: int = -1) -> Any:
    return take_along_axis(arr, indices, axis=axis % arr.ndim)


def _transpose(a: Any, axes: Any = None) -> Any:
    return fs.turned(a) if axes is None else fs.permute(a, *axes)


def _expand_dims(a: Any, axis: Any) -> Any:
    axes = axis if isinstance(axis, tuple) else (axis,)
    rank = a.ndim + len(axes)
    for place in sorted(x % rank for x in axes):
        a = fs.unsqueeze(a, place)
    return a


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    n = ary.shape[axis]
    if isinstance(indices_or_sections, int):
        if n % indices_or_sections:
            raise ValueError(
                f"an axis of length {n} can't be split into {indices_or_sections} equal parts"
            )
        return list(fs.split(ary, n // indices_or_sections, axis))
    edges = [0, *indices_or_sections, n]
    return list(fs.split(ary, [b - a for a, b in itertools.pairwise(edges)], axis))


def _full_like(a: Any, fill_value: Any, dtype: Any = None) -> Any:
    constant = red.full_like(a, value=fill_value)
    return constant if dtype is None else sh.cast(constant, dtype=np.dtype(dtype))


def _flip(m: Any, axis: Any = None) -> Any:
    axes = range(m.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return fs.flip(m, *axes)


def _pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    if mode != "constant" or not isinstance(constant_values, (int, float)):
        raise TypeError(
            "np.pad of a Tensor fills with one number: nn.functional.pad has other modes"
        )
    widths = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2)).tolist()
    return sh.pad(array, widths=tuple(map(tuple, widths)), value=constant_values)


NUMPY_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _reduce(fr.sum),
    np.mean: _reduce(fr.mean),
    np.prod: _reduce(fr.prod),
    np.max: _reduce(fr.amax),
    np.min: _reduce(fr.amin),
    np.amax: _reduce(fr.amax),
    np.amin: _reduce(fr.amin),
    np.any: _values(fr.any),
    np.all: _values(fr.all),
    np.argmax: _values(fr.argmax),
    np.argmin: _values(fr.argmin),
    np.var: _spread(fr.var),
    np.std: _spread(fr.std),
    np.cumsum: _along(fr.cumsum),
    np.cumprod: _along(fr.cumprod),
    np.sort: _sort,
    np.argsort: _argsort,
    np.where: fm.where,
    np.clip: _clip,
    np.round: lambda a, decimals=0: fe.round(a, decimals=decimals),
    np.reshape: _in_order(_reshape),
    np.ravel: _in_order(fs.flatten),
    np.transpose: _transpose,
    np.matrix_transpose: fl.matrix_transpose,
    np.swapaxes: lambda a, axis1, axis2: fs.transpose(a, axis1, axis2),
    np.moveaxis: lambda a, source, destination: fs.movedim(a, source, destination),
    np.squeeze: lambda a, axis=None: fs.squeeze(a, axis),
    np.expand_dims: _expand_dims,
    np.broadcast_to: lambda array, shape, subok=False: fs.expand(array, shape),
    np.concatenate: lambda arrays, axis=0: fs.cat(arrays, axis),
    np.stack: lambda arrays, axis=0: fs.stack(arrays, axis),
    np.hstack: fs.hstack,
    np.vstack: fs.vstack,
    np.dstack: fs.dstack,
    np.column_stack: fs.column_stack,
    np.atleast_1d: fs.atleast_1d,
    np.atleast_2d: fs.atleast_2d,
    np.atleast_3d: fs.atleast_3d,
    np.split: _split,
    np.tile: lambda A, reps: fs.tile(A, *(reps if isinstance(reps, (tuple, list)) else (reps,))),
    np.repeat: lambda a, repeats, axis=None: fs.repeat_interleave(a, repeats, axis),
    np.flip: _flip,
    np.fliplr: fs.fliplr,
    np.flipud: fs.flipud,
    np.rot90: lambda m, k=1, axes=(0, 1): fs.rot90(m, k, axes),
    np.pad: _pad,
    np.roll: lambda a, shift, axis=None: fs.roll(a, shift, axis),
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: fs.diagonal(a, offset, axis1, axis2),
    np.diag: lambda v, k=0: fs.diag(v, k),
    np.trace: lambda a: fs.trace(a),
    np.tril: lambda m, k=0: fs.tril(m, k),
    np.triu: lambda m, k=0: fs.triu(m, k),
    np.take: _take,
    np.take_along_axis: _take_along_axis,
    np.dot: la.matmul,
    np.outer: fl.outer,
    np.tensordot: _tensordot,
    np.einsum: lambda subscripts, *operands, optimize=False: fl.einsum(subscripts, *operands),
    np.zeros_like: lambda a, dtype=None: _full_like(a, 0, dtype),
    np.ones_like: lambda a, dtype=None: _full_like(a, 1, dtype),
    np.full_like: _full_like,
    np.copy: lambda a, **_: sh.copy(a),
    np.shape: lambda a: tuple(a.shape),
    np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.numel() if axis is None else a.shape[axis],
    np.allclose: fe.allclose,
    np.isclose: fe.isclose,
    np.array_equal: lambda a1, a2: bool(np.array_equal(np.asarray(a1), np.asarray(a2))),
}  # fmt: skip

_UFUNC_METHODS: dict[Any, Callable[..., Any]] = {
    (np.add, "reduce"): lambda a, axis=0, keepdims=False: fr.sum(a, axis, keepdims),
    (np.multiply, "reduce"): lambda a, axis=0, keepdims=False: fr.prod(a, axis, keepdims),
    (np.maximum, "reduce"): lambda a, axis=0, keepdims=False: fr.amax(a, axis, keepdims),
    (np.minimum, "reduce"): lambda a, axis=0, keepdims=False: fr.amin(a, axis, keepdims),
    (np.add, "accumulate"): lambda a, axis=0: fr.cumsum(a, axis),
    (np.multiply, "accumulate"): lambda a, axis=0: fr.cumprod(a, axis),
}  # fmt: skip
NUMPY_UFUNCS.update(_UFUNC_METHODS)
