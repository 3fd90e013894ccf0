"""Other shapes of the same elements: views."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtype import as_numpy
from ..dtype import dtype as DType
from ..messages import ShapeError
from ..rules import shape as ops
from ._axes import axis_of, numpy_names, several, sizes_of


@several
def reshape(input: Any, shape: Sequence[int]) -> Any:
    """Give the elements, in order, another shape; one length may be -1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return ops.reshape(input, shape=tuple(shape))


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """Give the same values in memory of their own, in the order that `memory_format` names."""
    copied = ops.copy(input)
    return copied if memory_format is None else copied.contiguous(memory_format)


def reshape_as(input: Any, other: Any) -> Any:
    """Give the elements the shape of another tensor."""
    return ops.reshape(input, shape=tuple(other.shape))


def view(input: Any, *shape: Any, dtype: Any = None, size: Any = None) -> Any:
    """Give the elements, in order, another shape, over the same memory; or read them as a dtype.

    Raises
    ------
    RuntimeError
        If the elements lie in memory in an order that does not allow it (after a transposition,
        say): `reshape` copies where it has to.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.zeros(4)
    >>> x.view(2, 2)[0, 1] = 7.0
    >>> x
    tensor([0., 7., 0., 0.])
    >>> tgb.tensor([1.0]).view(tgb.int32)
    tensor([1065353216], dtype=tinygrad_bp.int32)
    """
    if dtype is None and len(shape) == 1 and isinstance(shape[0], (DType, np.dtype, type)):
        dtype = shape[0]
    if dtype is not None:
        return _view_as_type(input, as_numpy(dtype))
    if size is not None:
        shape = tuple(size)
    shown = reshape(input, *shape)
    array = getattr(shown, "_array", None)
    if array is not None and shown._view is None and _is_copy(array, input._array):
        if input._view is not None:
            raise RuntimeError(
                f"view: the elements of this view of shape {tuple(input.shape)} and strides "
                f"{input.stride()} don't lie in memory as the shape {tuple(array.shape)} needs: "
                "use x.reshape(…), which copies, or x.contiguous() before"
            )
        # The memory's order is a matter of how the operation before was computed, none of the
        # user's: a copy, but one that can't be changed, since that would not reach the input.
        array.flags.writeable = False
    return shown


def _is_copy(array: Any, original: Any) -> bool:
    return array.size > 0 and not np.may_share_memory(array, original)


def _view_as_type(input: Any, kind: np.dtype[Any]) -> Any:
    array = input._array
    if kind == array.dtype:
        return ops.reshape(input, shape=array.shape)
    try:
        shown = array.view(kind)
    except (ValueError, TypeError) as error:
        raise RuntimeError(
            f"view: elements of {array.dtype} in the shape {array.shape} can't be read as "
            f"{kind}: {error}"
        ) from None
    return input._sibling(shown)


def view_as(input: Any, other: Any) -> Any:
    """Give the elements the shape of another tensor, over the same memory."""
    return view(input, *other.shape)


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Make one axis of the axes from `start_dim` to `end_dim`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.flatten(tgb.zeros(2, 3, 4), start_dim=1).shape
    tinygrad_bp.Size([2, 12])
    """
    shape = tuple(input.shape)
    start, end = axis_of(start_dim, len(shape)), axis_of(end_dim, len(shape))
    if not shape:
        return ops.reshape(input, shape=(1,))
    if start > end:
        raise RuntimeError(f"flatten: start_dim={start_dim} lies behind end_dim={end_dim}")
    if start == end:
        return input
    middle = math.prod(shape[start : end + 1])
    return ops.reshape(input, shape=(*shape[:start], middle, *shape[end + 1 :]))


def ravel(input: Any) -> Any:
    """Make one axis of all.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.ravel(tgb.zeros(2, 3)).shape
    tinygrad_bp.Size([6])
    """
    return flatten(input)


@numpy_names
def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """Split an axis into several; one length may be -1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.unflatten(tgb.arange(6), 0, (2, 3))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    shape = tuple(input.shape)
    axis = axis_of(dim, len(shape))
    parts = list(sizes_of(sizes))
    if not parts:
        raise RuntimeError("unflatten: sizes must not be empty")
    if -1 in parts:
        rest = math.prod(n for n in parts if n != -1)
        parts[parts.index(-1)] = shape[axis] // rest if rest else 0
    if math.prod(parts) != shape[axis]:
        raise ShapeError(
            f"unflatten: {tuple(sizes_of(sizes))} does not multiply up to {shape[axis]}, the "
            f"length of axis {axis}"
        )
    return ops.reshape(input, shape=(*shape[:axis], *parts, *shape[axis + 1 :]))


@numpy_names
def squeeze(input: Any, dim: Any = None) -> Any:
    """Drop axes of length 1: all of them, or those named.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.squeeze(tgb.zeros(1, 3, 1)).shape
    tinygrad_bp.Size([3])
    """
    shape = tuple(input.shape)
    if dim is None:
        drop = {i for i, n in enumerate(shape) if n == 1}
    else:
        dims = dim if isinstance(dim, (tuple, list)) else (dim,)
        drop = {axis_of(d, len(shape)) for d in dims}
        if len(drop) < len(dims):
            raise RuntimeError(f"squeeze: dim={tuple(dims)} names an axis twice")
    return ops.reshape(
        input, shape=tuple(n for i, n in enumerate(shape) if not (i in drop and n == 1))
    )


@numpy_names
def unsqueeze(input: Any, dim: int) -> Any:
    """Insert an axis of length 1 at `dim`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.unsqueeze(tgb.zeros(3), 0).shape
    tinygrad_bp.Size([1, 3])
    """
    shape = tuple(input.shape)
    axis = axis_of(dim, len(shape) + 1)
    return ops.reshape(input, shape=(*shape[:axis], 1, *shape[axis:]))


# --------------------------------------------------------------------------------- order of axes


@several
def permute(input: Any, dims: Sequence[int]) -> Any:
    """Put the axes into another order.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.permute(tgb.zeros(2, 3, 4), (2, 0, 1)).shape
    tinygrad_bp.Size([4, 2, 3])
    """
    axes = tuple(axis_of(d, input.ndim) for d in dims)
    if sorted(axes) != list(range(input.ndim)):
        raise RuntimeError(
            f"permute: {tuple(dims)} does not name each of the {input.ndim} axes once"
        )
    return ops.transpose(input, axes=axes)


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Exchange two axes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.transpose(tgb.zeros(2, 3), 0, 1).shape
    tinygrad_bp.Size([3, 2])
    """
    axes = list(range(input.ndim))
    a, b = axis_of(dim0, input.ndim), axis_of(dim1, input.ndim)
    if axes:
        axes[a], axes[b] = axes[b], axes[a]
    return ops.transpose(input, axes=tuple(axes))


def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """Exchange two axes: NumPy's name for :func:`transpose`."""
    return transpose(input, axis0, axis1)


def swapdims(input: Any, dim0: int, dim1: int) -> Any:
    """Exchange two axes: another name for :func:`transpose`."""
    return transpose(input, dim0, dim1)


def t(input: Any) -> Any:
    """Transpose a matrix; a vector stays as it is."""
    if input.ndim > 2:
        raise RuntimeError(
            f"t() is for at most 2 dimensions, not {input.ndim}: use .mT for a batch of matrices"
        )
    return turned(input)


def turned(input: Any) -> Any:
    """Reverse the order of the axes."""
    return ops.transpose(input, axes=tuple(range(input.ndim))[::-1])


def matrix_turned(input: Any) -> Any:
    """Exchange the last two axes: the transpose of each matrix."""
    if input.ndim < 2:
        raise RuntimeError(
            f".mT is for matrices: at least 2 dimensions are expected, not {input.ndim}"
        )
    return transpose(input, -2, -1)


def _conjugate(input: Any) -> Any:
    return input.conj() if input.is_complex() else input


def hermitian(input: Any) -> Any:
    """Give the conjugate transpose of a matrix."""
    if input.ndim not in (0, 2):
        raise RuntimeError(f".H is for a matrix, not {input.ndim} dimensions: use .mH for a batch")
    return _conjugate(turned(input))


def adjoint(input: Any) -> Any:
    """Give the conjugate transpose of each matrix."""
    return _conjugate(matrix_turned(input) if input.ndim else input)


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Move axes to other places; the rest keep their order.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.movedim(tgb.zeros(2, 3, 4), 0, -1).shape
    tinygrad_bp.Size([3, 4, 2])
    """
    n = input.ndim
    sources = [axis_of(d, n) for d in sizes_of(source)]
    places = [axis_of(d, n) for d in sizes_of(destination)]
    if len(sources) != len(places):
        raise RuntimeError(f"movedim: {len(sources)} axes can't go to {len(places)} places")
    if len(set(sources)) < len(sources) or len(set(places)) < len(places):
        raise RuntimeError(f"movedim: {source} to {destination} names an axis twice")
    goes = dict(zip(places, sources, strict=True))
    rest = iter(i for i in range(n) if i not in goes.values())
    return ops.transpose(input, axes=tuple(goes[i] if i in goes else next(rest) for i in range(n)))


# -------------------------------------------------------------------------------- repeated axes


@several
def expand(input: Any, size: Sequence[int], *, implicit: bool = False) -> Any:
    """Repeat axes of length 1 (and new ones in front) without a copy; -1 keeps a length."""
    wanted = list(size)
    lead = len(wanted) - input.ndim
    for i, n in enumerate(wanted):
        if n == -1:
            if i < lead:
                raise RuntimeError(f"expand: -1 at {i} stands for a new axis, which has no length")
            wanted[i] = input.shape[i - lead]
    return ops.broadcast_to(input, shape=tuple(wanted))


@several
def broadcast_to(input: Any, size: Sequence[int]) -> Any:
    """Give the input expanded to `size`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.broadcast_to(tgb.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, size)


def expand_as(input: Any, other: Any) -> Any:
    """Give the input expanded to the shape of another tensor."""
    return expand(input, tuple(other.shape))


def _each(function: Any, tensors: tuple[Any, ...]) -> Any:
    """Apply to the one tensor given, or to each of several (given one by one or as a sequence)."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        return tuple(function(x) for x in tensors[0])
    return function(tensors[0]) if len(tensors) == 1 else tuple(function(x) for x in tensors)


def atleast_1d(*tensors: Any) -> Any:
    """Give each tensor at least one axis."""
    return _each(lambda x: x if x.ndim else ops.reshape(x, shape=(1,)), tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Give each tensor at least two axes; a vector becomes a row.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.atleast_2d(tgb.tensor(1.0))
    tensor([[1.]])
    """
    return _each(
        lambda x: x if x.ndim > 1 else ops.reshape(x, shape=(1, math.prod(x.shape))), tensors
    )


def atleast_3d(*tensors: Any) -> Any:
    """Give each tensor at least three axes; a vector's is the middle one, a matrix gets a last."""

    def solid(x: Any) -> Any:
        if x.ndim > 2:
            return x
        return ops.reshape(x, shape=(*x.shape, 1) if x.ndim == 2 else (1, math.prod(x.shape), 1))

    return _each(solid, tensors)
