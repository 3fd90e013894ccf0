"""Windows, strided views, parts replaced: what is said in terms of where elements lie in memory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..inplace import resize
from ..messages import ShapeError
from ..rules import shape as shape_ops
from ..rules import strided as ops
from ..rules.index import assign_view, slice_
from ..rules.shape import copy, reshape, transpose
from . import splitting
from . import views as fs
from ._axes import axis_of, hand_over, numpy_names, several
from .diagonals import diagonal


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """Show every `step`-th window of an axis; what is in the window becomes the last axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    axis = axis_of(dimension, input.ndim)
    whole = input if input.ndim else reshape(input, shape=(1,))
    if step <= 0:
        raise RuntimeError(f"unfold: step has to be positive, not {step}")
    if not 0 <= size <= whole.shape[axis]:
        raise RuntimeError(
            f"unfold: a window of {size} does not fit axis {axis} of length {whole.shape[axis]}"
        )
    shown = ops.windows(whole, axis=axis, length=size, step=step)
    return shown if input.ndim else shown[0]


def _memory(input: Any) -> tuple[Any, int]:
    """Return all elements of the memory that a tensor shows, as a vector, and where it starts.

    A tensor whose memory is in the order of other axes is put into this order by a transposition,
    so that the vector is a view.
    """
    base = input if input._view is None else input._view.base
    order = sorted(range(base.ndim), key=lambda a: -base._array.strides[a])
    vector = reshape(transpose(base, axes=tuple(order)), shape=(-1,))
    start = input._array.ctypes.data - base._array.ctypes.data
    return vector, start // input._array.itemsize


def _geometry(input: Any, size: Any, stride: Any, storage_offset: Any) -> tuple[Any, Any]:
    vector, start = _memory(input)
    shape, steps = tuple(map(int, size)), tuple(map(int, stride))
    offset = start if storage_offset is None else int(storage_offset)
    if len(shape) != len(steps):
        raise RuntimeError(f"as_strided: size {shape} and stride {steps} differ in length")
    if offset < 0 or any(s < 0 for s in steps) or any(n < 0 for n in shape):
        raise RuntimeError(
            f"as_strided: size {shape}, stride {steps} and offset {offset} can't be negative"
        )
    return vector, {"size": shape, "stride": steps, "offset": offset}


def as_strided(input: Any, size: Sequence[int], stride: Sequence[int],
               storage_offset: int | None = None) -> Any:  # fmt: skip
    """Show the memory of a tensor in another shape, with steps of `stride` along its axes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.arange(4).as_strided((2, 2), (1, 2))
    tensor([[0, 2],
            [1, 3]])
    """
    vector, geometry = _geometry(input, size, stride, storage_offset)
    return ops.strided(vector, **geometry)


@several
def resize_(input: Any, size: Sequence[int], *, memory_format: Any = None) -> Any:
    """Give a tensor another number of elements, in place: fewer, or zeros behind its own.

    Raises
    ------
    RuntimeError
        If it requires a gradient.
    """
    return resize(input, tuple(size))


def resize_as_(input: Any, the_template: Any, *, memory_format: Any = None) -> Any:
    """Give a tensor the shape of another, in place, as :func:`resize_`."""
    return resize(input, tuple(the_template.shape))


def set_(input: Any, source: Any = None, storage_offset: int = 0, size: Any = None,
         stride: Any = None) -> Any:  # fmt: skip
    """Let a tensor show the memory of another from now on (or nothing, without one), in place.

    Raises
    ------
    RuntimeError
        If one of them requires a gradient: there is no history for it.
    """
    if source is None:
        source = input.new_zeros(0)
    if input.requires_grad or source.requires_grad:
        raise RuntimeError("set_: tensors that require a gradient can't be exchanged: detach them")
    if size is not None:
        steps = stride if stride is not None else np.empty(tuple(size), np.int8).strides
        source = as_strided(source, size, steps, storage_offset)
    input.data = source
    return input


# ------------------------------------------------------------------------------- parts replaced


def _replaced(input: Any, src: Any, op: Any, attrs: dict[str, Any], what: str) -> Any:
    """Give a copy in which what a view shows is replaced by `src`."""
    part = op(input, **attrs)
    if tuple(src.shape) != tuple(part.shape):
        raise ShapeError(
            f"{what}: src has the shape {tuple(src.shape)}, the part that it replaces "
            f"{tuple(part.shape)}"
        )
    if src.dtype != input.dtype:
        src = src.to(input.dtype)
    return assign_view(input, src, path=((op, attrs),))


def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """Give the input with a diagonal replaced by `src`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.diagonal_scatter(tgb.zeros(2, 2), tgb.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    a, b = axis_of(dim1, input.ndim), axis_of(dim2, input.ndim)
    attrs = {"offset": offset, "axis1": a, "axis2": b}
    return _replaced(input, src, shape_ops.diagonal, attrs, "diagonal_scatter")


@numpy_names
def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """Give the input with one element of an axis replaced by `src`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.select_scatter(tgb.zeros(2, 2), tgb.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    axis = axis_of(dim, input.ndim)
    if not -input.shape[axis] <= index < input.shape[axis]:
        raise IndexError(f"select_scatter: index {index} is out of range for axis {axis}")
    key = (slice(None),) * axis + (int(index), ...)
    return _replaced(input, src, slice_, {"key": key}, "select_scatter")


@numpy_names
def slice_scatter(input: Any, src: Any, dim: int = 0, start: int | None = None,
                  end: int | None = None, step: int = 1) -> Any:  # fmt: skip
    """Give the input with a slice of an axis replaced by `src`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.slice_scatter(tgb.zeros(4), tgb.ones(2), start=1, end=3)
    tensor([0., 1., 1., 0.])
    """
    axis = axis_of(dim, input.ndim)
    key = (slice(None),) * axis + (slice(start, end, step),)
    return _replaced(input, src, slice_, {"key": key}, "slice_scatter")


def as_strided_scatter(input: Any, src: Any, size: Sequence[int], stride: Sequence[int],
                       storage_offset: int | None = None) -> Any:  # fmt: skip
    """Give the input with the places that :func:`as_strided` shows replaced by `src`."""
    _, geometry = _geometry(input, size, stride, storage_offset)
    vector = reshape(input, shape=(-1,))
    new = _replaced(vector, src, ops.strided, geometry, "as_strided_scatter")
    return reshape(new, shape=tuple(input.shape))


# ------------------------------------------------------------------------------------- copies


def _copying(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the twin of a function of views whose results are copies."""

    @functools.wraps(function)
    def copying(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        shown = function(*args, **kwargs)
        copies = tuple(map(copy, shown)) if isinstance(shown, tuple) else copy(shown)
        return copies if out is None else hand_over(out, copies)

    copying.__doc__ = f"Do as :func:`{function.__name__}`, and copy."
    return copying


def alias(input: Any) -> Any:
    """Give a view of the whole tensor."""
    return slice_(input, key=(...,))


def slice_axis(input: Any, dim: int = 0, start: int | None = None, end: int | None = None,
               step: int = 1) -> Any:  # fmt: skip
    """Take a slice of an axis."""
    axis = axis_of(dim, input.ndim)
    if step < 1:
        raise RuntimeError(f"slice: step has to be positive, not {step}")
    return slice_(input, key=(slice(None),) * axis + (slice(start, end, step),))


def is_same_size(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape."""
    return tuple(input.shape) == tuple(other.shape)


alias_copy, slice_copy = _copying(alias), _copying(slice_axis)
as_strided_copy, unfold_copy = _copying(as_strided), _copying(unfold)
diagonal_copy, expand_copy = _copying(diagonal), _copying(fs.expand)
permute_copy, squeeze_copy = _copying(fs.permute), _copying(fs.squeeze)
t_copy, transpose_copy = _copying(fs.t), _copying(fs.transpose)
unsqueeze_copy, view_copy = _copying(fs.unsqueeze), _copying(fs.view)
select_copy, split_copy = _copying(splitting.select), _copying(splitting.split)
split_with_sizes_copy = _copying(splitting.split_with_sizes)
unbind_copy = _copying(splitting.unbind)
