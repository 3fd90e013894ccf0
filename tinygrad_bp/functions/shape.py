"""Rearranging: views, joins, splits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtype as dtypes
from ..messages import ShapeError
from ..rules import index as index_ops
from ..rules import reduce as reduce_ops
from ..rules import shape as ops
from ..rules.index import index, slice_
from ._axes import axis_of


def _sizes(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Accept lengths as several arguments or as one sequence."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    return tuple(int(n) for n in sizes)


def reshape(input: Any, *shape: Any) -> Any:
    """Give the elements, in order, another shape; one length may be -1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return ops.reshape(input, shape=_sizes(shape))


def view(input: Any, *shape: Any) -> Any:
    """Give the elements, in order, another shape, over the same memory.

    Where the memory's order does not allow that (after a transposition, say), the result is a copy
    that can be read but not changed: a change would not reach the input.
    """
    shown = reshape(input, *shape)
    array = getattr(shown, "_array", None)
    if array is not None and array.size and not np.may_share_memory(array, input._array):
        array.flags.writeable = False
    return shown


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Make one axis of the axes from `start_dim` to `end_dim`."""
    shape = tuple(input.shape)
    if not shape:
        return ops.reshape(input, shape=(1,))
    start, end = axis_of(start_dim, len(shape)), axis_of(end_dim, len(shape))
    if start > end:
        raise RuntimeError(f"flatten: start_dim={start_dim} lies behind end_dim={end_dim}")
    if start == end:
        return input
    middle = math.prod(shape[start : end + 1])
    return ops.reshape(input, shape=(*shape[:start], middle, *shape[end + 1 :]))


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """Split an axis into several; one length may be -1."""
    shape = tuple(input.shape)
    axis = axis_of(dim, len(shape))
    parts = list(sizes)
    if -1 in parts:
        rest = math.prod(n for n in parts if n != -1)
        parts[parts.index(-1)] = shape[axis] // rest if rest else 0
    if math.prod(parts) != shape[axis]:
        raise ShapeError(f"unflatten: {tuple(sizes)} does not multiply up to {shape[axis]}")
    return ops.reshape(input, shape=(*shape[:axis], *parts, *shape[axis + 1 :]))


def squeeze(input: Any, dim: Any = None) -> Any:
    """Drop axes of length 1: all of them, or those named."""
    shape = tuple(input.shape)
    if dim is None:
        drop = {i for i, n in enumerate(shape) if n == 1}
    else:
        dims = dim if isinstance(dim, (tuple, list)) else (dim,)
        drop = {axis_of(d, len(shape)) for d in dims}
    return ops.reshape(
        input, shape=tuple(n for i, n in enumerate(shape) if not (i in drop and n == 1))
    )


def unsqueeze(input: Any, dim: int) -> Any:
    """Insert an axis of length 1 at `dim`."""
    shape = tuple(input.shape)
    axis = axis_of(dim, len(shape) + 1)
    return ops.reshape(input, shape=(*shape[:axis], 1, *shape[axis:]))


def permute(input: Any, *dims: Any) -> Any:
    """Put the axes into another order."""
    axes = tuple(axis_of(d, input.ndim) for d in _sizes(dims))
    if sorted(axes) != list(range(input.ndim)):
        raise RuntimeError(
            f"permute: {_sizes(dims)} does not name each of the {input.ndim} axes once"
        )
    return ops.transpose(input, axes=axes)


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Exchange two axes."""
    axes = list(range(input.ndim))
    a, b = axis_of(dim0, input.ndim), axis_of(dim1, input.ndim)
    if not axes:
        return input
    axes[a], axes[b] = axes[b], axes[a]
    return ops.transpose(input, axes=tuple(axes))


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


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Move axes to other places; the rest keep their order."""
    sources = source if isinstance(source, (tuple, list)) else (source,)
    places = destination if isinstance(destination, (tuple, list)) else (destination,)
    if len(sources) != len(places):
        raise RuntimeError(f"movedim: {len(sources)} axes can't go to {len(places)} places")
    n = input.ndim
    goes = {axis_of(d, n): axis_of(s, n) for s, d in zip(sources, places, strict=True)}
    rest = iter(i for i in range(n) if i not in goes.values())
    return ops.transpose(input, axes=tuple(goes[i] if i in goes else next(rest) for i in range(n)))


def expand(input: Any, *sizes: Any) -> Any:
    """Repeat axes of length 1 (and new ones in front) without a copy; -1 keeps a length."""
    wanted = list(_sizes(sizes))
    lead = len(wanted) - input.ndim
    for i, n in enumerate(wanted):
        if n == -1:
            if i < lead:
                raise RuntimeError(f"expand: -1 at {i} stands for a new axis, which has no length")
            wanted[i] = input.shape[i - lead]
    return ops.broadcast_to(input, shape=tuple(wanted))


def broadcast_to(input: Any, shape: Sequence[int]) -> Any:
    """Give the input expanded to `shape`."""
    return expand(input, *shape)


def expand_as(input: Any, other: Any) -> Any:
    """Give the input expanded to the shape of another tensor."""
    return expand(input, *other.shape)


def cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Join tensors along an axis.

    Raises
    ------
    RuntimeError
        If there are none, or they differ in another axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cat([tgb.zeros(1, 2), tgb.ones(1, 2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError("cat: expected at least one tensor")
    # PyTorch's legacy rule: an empty vector fits everywhere.
    solid = [x for x in tensors if tuple(x.shape) != (0,)] or tensors[:1]
    if any(x.ndim == 0 for x in solid):
        raise RuntimeError("cat: zero-dimensional tensors can't be joined: use stack")
    return index_ops.concatenate(*_alike(solid), axis=axis_of(dim, solid[0].ndim))


def _alike(tensors: Sequence[Any]) -> list[Any]:
    kind = tensors[0].dtype
    for x in tensors[1:]:
        kind = dtypes.promote_types(kind, x.dtype)
    return [x.to(kind) if x.dtype != kind else x for x in tensors]


def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Join tensors of one shape along a new axis."""
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError("stack: expected at least one tensor")
    return index_ops.stack(*_alike(tensors), axis=axis_of(dim, tensors[0].ndim + 1))


def _at_least(x: Any, ndim: int) -> Any:
    shape = tuple(x.shape)
    if ndim == 1 or x.ndim >= ndim:
        return ops.reshape(x, shape=(1,)) if not shape else x
    return ops.reshape(x, shape=(1,) * (ndim - len(shape)) + shape)


def hstack(tensors: Sequence[Any]) -> Any:
    """Join along the second axis (vectors along the first)."""
    solid = [_at_least(x, 1) for x in tensors]
    return cat(solid, 0 if solid[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Any]) -> Any:
    """Join along the first axis, vectors as rows."""
    return cat([_at_least(x, 2) for x in tensors], 0)


def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """Take `length` elements along an axis from `start` on."""
    axis = axis_of(dim, input.ndim)
    n = input.shape[axis]
    start = start + n if start < 0 else start
    if not (start >= 0 and length >= 0 and start + length <= n):
        raise RuntimeError(f"narrow: {start} … {start + length} exceeds the axis of length {n}")
    return slice_(input, key=(slice(None),) * axis + (slice(start, start + length),))


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Cut along an axis: into pieces of one length (the last may be shorter), or of several."""
    axis = axis_of(dim, tensor.ndim)
    n = tensor.shape[axis]
    if isinstance(split_size_or_sections, int):
        step = split_size_or_sections
        if step < 0 or (step == 0 and n):
            raise RuntimeError(f"split: the length of a piece has to be positive, not {step}")
        sections = [min(step, n - i) for i in range(0, n, step)] if n else [0]
    else:
        sections = list(split_size_or_sections)
        if sum(sections) != n:
            raise RuntimeError(f"split: lengths {sections} don't add up to {n}, the axis' length")
    starts = np.cumsum([0, *sections]).tolist()
    return tuple(
        narrow(tensor, axis, start, length) for start, length in zip(starts, sections, strict=False)
    )


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Cut along an axis into (at most) this many pieces of equal length."""
    if chunks < 1:
        raise RuntimeError(f"chunk: the number of pieces has to be positive, not {chunks}")
    n = input.shape[axis_of(dim, input.ndim)]
    return split(input, -(-n // chunks) if n else [0] * chunks, dim)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Take an axis apart: one tensor an element of it."""
    axis = axis_of(dim, input.ndim)
    lead = (slice(None),) * axis
    return tuple(slice_(input, key=(*lead, i)) for i in range(input.shape[axis]))


def select(input: Any, dim: int, index: int) -> Any:
    """Take one element of an axis."""
    axis = axis_of(dim, input.ndim)
    return slice_(input, key=(slice(None),) * axis + (int(index),))


def repeat(input: Any, *repeats: Any) -> Any:
    """Lay copies side by side, this often along each axis (new ones in front)."""
    times = _sizes(repeats)
    lead = len(times) - input.ndim
    if lead < 0:
        raise RuntimeError(f"repeat: {len(times)} numbers for a tensor of {input.ndim} dimensions")
    shape = (1,) * lead + tuple(input.shape)
    apart = tuple(m for n in shape for m in (1, n))
    wide = tuple(m for k, n in zip(times, shape, strict=True) for m in (k, n))
    spread = ops.broadcast_to(ops.reshape(input, shape=apart), shape=wide)
    return ops.reshape(spread, shape=tuple(k * n for k, n in zip(times, shape, strict=True)))


def tile(input: Any, *dims: Any) -> Any:
    """As :func:`repeat`, with missing numbers in front taken as 1."""
    times = _sizes(dims)
    return repeat(input, *((1,) * (input.ndim - len(times)) + times))


def repeat_interleave(input: Any, repeats: Any, dim: int | None = None) -> Any:
    """Repeat each element in place, along an axis or of the flattened tensor."""
    if dim is None:
        input, dim = flatten(input), 0
    axis = axis_of(dim, input.ndim)
    places = np.repeat(
        np.arange(input.shape[axis]), np.asarray(getattr(repeats, "_array", repeats))
    )
    return index(input, places, template=(slice(None),) * axis + ("array",))


def flip(input: Any, *dims: Any) -> Any:
    """Reverse the order along the axes."""
    axes = tuple(axis_of(d, input.ndim) for d in _sizes(dims))
    return ops.flip(input, axis=axes) if axes and input.ndim else input.clone()


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Shift along axes; what leaves at one end enters at the other."""
    if dims is None:
        return reshape(roll(flatten(input), shifts, 0), *input.shape)
    shift = shifts if isinstance(shifts, (tuple, list)) else (shifts,)
    axes = dims if isinstance(dims, (tuple, list)) else (dims,)
    if len(shift) != len(axes):
        raise RuntimeError(f"roll: {len(shift)} shifts for {len(axes)} axes")
    return ops.roll(input, shift=tuple(shift), axis=tuple(axis_of(d, input.ndim) for d in axes))


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """Take a diagonal of each matrix; it becomes the last axis."""
    a, b = axis_of(dim1, input.ndim), axis_of(dim2, input.ndim)
    return ops.diagonal(input, offset=offset, axis1=a, axis2=b)


def diag(input: Any, diagonal: int = 0) -> Any:
    """Make a diagonal matrix of a vector, or take the diagonal of a matrix."""
    if input.ndim == 1:
        n = input.shape[0] + abs(diagonal)
        return ops.embed_diagonal(input, shape=(n, n), offset=diagonal, axis1=0, axis2=1)
    if input.ndim == 2:
        return ops.diagonal(input, offset=diagonal, axis1=0, axis2=1)
    raise RuntimeError(f"diag: expected a vector or a matrix, not {input.ndim} dimensions")


def trace(input: Any) -> Any:
    """Add the diagonal of a matrix up."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, not {input.ndim} dimensions")
    return reduce_ops.sum(ops.diagonal(input, offset=0, axis1=0, axis2=1))


def tril(input: Any, diagonal: int = 0) -> Any:
    """Keep what lies on and below a diagonal, zero elsewhere."""
    return ops.tril(input, k=diagonal)


def triu(input: Any, diagonal: int = 0) -> Any:
    """Keep what lies on and above a diagonal, zero elsewhere."""
    return ops.triu(input, k=diagonal)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """Spread vectors over a common grid."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'meshgrid: indexing has to be "ij" or "xy", not {indexing!r}')
    vectors = [_at_least(x, 1) for x in tensors]
    n = len(vectors)
    places = list(range(n))  # the axis along which each vector lies
    if indexing == "xy" and n > 1:
        places[:2] = 1, 0
    shape = tuple(len(vectors[places[axis]]) for axis in range(n))
    return tuple(
        ops.broadcast_to(
            ops.reshape(v, shape=(1,) * axis + (-1,) + (1,) * (n - 1 - axis)), shape=shape
        )
        for v, axis in zip(vectors, places, strict=True)
    )
