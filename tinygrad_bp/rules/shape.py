"""Rearranging elements. Linear maps in adjoint pairs: the rule of each is the other.

======================  ======================
broadcast_to            sum_to
reshape                 reshape (back)
transpose               transpose (back)
concatenate, stack      a slice of the whole
flip, roll              flip, roll (back)
diagonal                embed_diagonal
tril, triu              themselves
======================  ======================
"""

from __future__ import annotations

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
    return np.add.reduce(x, axis=axes).reshape(shape) if axes else x.reshape(shape)


@primitive(x=lambda g, x_shape: sum_to(g, shape=x_shape), view=True)
def broadcast_to(x: Any, *, shape: Shape) -> Any:
    """Repeat along new axes and axes of length one, without a copy."""
    return repeated(x, shape)


def repeated(x: Any, shape: Shape) -> Any:
    """Give a read-only view in which `x` is repeated: np.broadcast_to, at an eighth of its time."""
    if not isinstance(x, np.ndarray):
        x = np.asarray(x)
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


@primitive(x=lambda g, *, axes: transpose(g, axes=_inverse(axes)), view=True)
def transpose(x: Any, *, axes: Shape) -> Any:
    """Permute the axes."""
    return x.transpose(axes)


def _inverse(axes: Shape) -> Shape:
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


def _part(g: Any, i: int, shapes: tuple[Shape, ...], axis: int) -> Any:
    from .index import slice_  # concatenate and slice are each other's adjoints

    start = sum(shape[axis] for shape in shapes[:i])
    return slice_(g, key=(slice(None),) * axis + (slice(start, start + shapes[i][axis]),))


@primitive(xs=lambda g, i, xs_shape, *, axis: _part(g, i, xs_shape, axis))
def concatenate(*xs: Any, axis: int) -> Any:
    """Join along an existing axis (counted from the front)."""
    return np.concatenate(xs, axis)


def _layer(g: Any, i: int, axis: int) -> Any:
    from .index import slice_

    return slice_(g, key=(slice(None),) * axis + (i,))


@primitive(xs=lambda g, i, *, axis: _layer(g, i, axis))
def stack(*xs: Any, axis: int) -> Any:
    """Join along a new axis (counted from the front)."""
    return np.stack(xs, axis)


@primitive(
    x=lambda g, x_shape, *, offset, axis1, axis2: embed_diagonal(
        g, shape=x_shape, offset=offset, axis1=axis1, axis2=axis2
    )
)
def diagonal(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    """Take a diagonal of each matrix; it becomes the last axis."""
    return np.diagonal(x, offset, axis1, axis2).copy()


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


@primitive(x=lambda g, x_dtype: cast(g, dtype=x_dtype))
def cast(x: Any, *, dtype: Any) -> Any:
    """Convert the elements to another type."""
    return x.astype(dtype)


@primitive(x=lambda g: copy(g))
def copy(x: Any) -> Any:
    """Give the same values in memory of their own."""
    return x.copy()
