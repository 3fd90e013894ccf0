"""Rearranging elements. Linear maps in adjoint pairs: the rule of each is the other.

======================  ======================
broadcast_to            sum_to
reshape                 reshape (back)
transpose               transpose (back)
flip, roll              flip, roll (back)
diagonal                embed_diagonal
tril, triu              themselves
pad                     crop
======================  ======================
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import primitive

Shape = tuple[int, ...]


def _sum_to_axes(shape: Shape, target: Shape) -> tuple[int, ...]:
    """Axes over which broadcasting `target` to `shape` has repeated the elements."""
    lead = len(shape) - len(target)
    return tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(target) if n == 1 and shape[i + lead] != 1
    )


@primitive(x=lambda g, x_shape: broadcast_to(g, shape=x_shape))
def sum_to(x: Any, *, shape: Shape) -> Any:
    """Sum over the axes that broadcasting had repeated."""
    axes = _sum_to_axes(x.shape, shape)
    return _added(x, axes).reshape(shape) if axes else x.reshape(shape)


def _added(x: Any, axes: Shape) -> Any:
    """Sum over some axes; where they are the first or the last by BLAS, in a third of the time."""
    n = math.prod([x.shape[i] for i in axes])
    # Beyond, the order in which BLAS adds would cost digits.
    if 8 <= n <= 4096 and x.dtype.char in "fd" and x.flags.c_contiguous:
        if axes[-1] == len(axes) - 1:
            return np.ones(n, x.dtype).dot(x.reshape(n, -1))
        if axes[0] == x.ndim - len(axes):
            return x.reshape(-1, n).dot(np.ones(n, x.dtype))
    return np.add.reduce(x, axis=axes)


@primitive(x=lambda g, x_shape: sum_to(g, shape=x_shape), view=True)
def broadcast_to(x: Any, *, shape: Shape) -> Any:
    """Repeat along new axes and axes of length one, without a copy."""
    return repeated(x, shape)


def repeated(x: Any, shape: Shape) -> Any:
    """Give a read-only view in which `x` is repeated: np.broadcast_to, at an eighth of its time."""
    if not isinstance(x, np.ndarray):
        x = np.asarray(x)
    if x.shape == shape:
        return x.view()
    lead = len(shape) - x.ndim
    if lead < 0 or not x.flags.c_contiguous or not x.size:
        return np.broadcast_to(x, shape)
    strides = [0] * len(shape)
    for i, (n, stride) in enumerate(zip(x.shape, x.strides, strict=True), lead):
        if n == shape[i]:
            strides[i] = stride
        elif n != 1:
            return np.broadcast_to(x, shape)  # for its message
    out = np.ndarray(shape, x.dtype, x, 0, tuple(strides))
    out.flags.writeable = False
    return out


@primitive(x=lambda g, x_shape: reshape(g, shape=x_shape), view=True)
def reshape(x: Any, *, shape: Shape) -> Any:
    """Give the same elements, in order, another shape."""
    return x.reshape(shape)


@primitive(x=lambda g, *, axes: transpose(g, axes=inverse(axes)), view=True)
def transpose(x: Any, *, axes: Shape) -> Any:
    """Permute the axes."""
    return x.transpose(axes)


def inverse(axes: Shape) -> Shape:
    """Return the permutation that undoes one."""
    inverse = [0] * len(axes)
    for i, axis in enumerate(axes):
        inverse[axis] = i
    return tuple(inverse)


@primitive(x=lambda g, *, axis: flip(g, axis=axis))
def flip(x: Any, *, axis: Shape) -> Any:
    """Reverse the order along the axes."""
    return np.flip(x, axis).copy()


@primitive(x=lambda g, *, shift, axis: roll(g, shift=tuple(-s for s in shift), axis=axis))
def roll(x: Any, *, shift: Shape, axis: Shape) -> Any:
    """Shift along the axes; what leaves at one end enters at the other."""
    return np.roll(x, shift, axis)


@primitive(
    view=True,
    x=lambda g, x_shape, *, offset, axis1, axis2: embed_diagonal(
        g, shape=x_shape, offset=offset, axis1=axis1, axis2=axis2
    ),
)
def diagonal(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    """Take a diagonal of each matrix; it becomes the last axis."""
    shown = np.diagonal(x, offset, axis1, axis2)
    if x.flags.writeable:
        shown.flags.writeable = True  # read-only by NumPy's caution; a view as any other here
    return shown


@primitive(
    x=lambda g, *, offset, axis1, axis2: diagonal(g, offset=offset, axis1=axis1, axis2=axis2)
)
def embed_diagonal(x: Any, *, shape: Shape, offset: int, axis1: int, axis2: int) -> Any:
    """Put the last axis on a diagonal of otherwise zero matrices."""
    out = np.zeros(shape, x.dtype)
    target = np.diagonal(out, offset, axis1, axis2)
    target.flags.writeable = True  # NumPy's diagonal is a read-only view; `out` is ours to fill
    target[...] = x
    return out


@primitive(x=lambda g, *, k: tril(g, k=k))
def tril(x: Any, *, k: int) -> Any:
    """Keep what lies on and below the k-th diagonal."""
    return np.tril(x, k)


@primitive(x=lambda g, *, k: triu(g, k=k))
def triu(x: Any, *, k: int) -> Any:
    """Keep what lies on and above the k-th diagonal."""
    return np.triu(x, k)


Widths = tuple[tuple[int, int], ...]


@primitive(x=lambda g, *, widths: crop(g, widths=widths))
def pad(x: Any, *, widths: Widths, value: float = 0.0) -> Any:
    """Put (before, after) elements of one value around each axis."""
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True))
    out = np.zeros(shape, x.dtype) if value == 0 else np.full(shape, value, x.dtype)
    out[_inside(x.shape, widths)] = x
    return out


@primitive(x=lambda g, *, widths: pad(g, widths=widths), view=True)
def crop(x: Any, *, widths: Widths) -> Any:
    """Take (before, after) elements off each axis."""
    lengths = [n - before - after for n, (before, after) in zip(x.shape, widths, strict=True)]
    return x[_inside(lengths, widths)]


def _inside(lengths: Any, widths: Widths) -> tuple[Any, ...]:
    """Name the block of these lengths that lies behind the margins; ``...`` keeps it an array."""
    return (
        *(slice(before, before + n) for n, (before, _) in zip(lengths, widths, strict=True)),
        ...,
    )


@primitive(quiet=True, x=lambda g, x_dtype: cast(g, dtype=x_dtype))
def cast(x: Any, *, dtype: Any) -> Any:
    """Convert the elements to another type; of complex numbers the real part."""
    if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        x = x.real
    return x.astype(dtype)


@primitive(x=lambda g: copy(g))
def copy(x: Any) -> Any:
    """Give the same values in memory of their own."""
    return x.copy()
