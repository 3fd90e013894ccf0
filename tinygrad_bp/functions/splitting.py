"""One tensor cut into several: views of its parts."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from ..rules.index import slice_
from ..rules.shape import copy
from ._axes import axis_of, named, numpy_names, sizes_of


def _needs_an_axis(input: Any, what: str) -> None:
    if not input.ndim:
        raise RuntimeError(f"{what}: a zero-dimensional tensor has no axis to cut")


@numpy_names
def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """Take `length` elements along an axis from `start` on; `start` may be a tensor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.narrow(tgb.arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    _needs_an_axis(input, "narrow")
    axis = axis_of(dim, input.ndim)
    n = input.shape[axis]
    first = int(start)
    if not -n <= first <= n:
        raise IndexError(f"narrow: start={first} lies outside of the axis of length {n}")
    first = first + n if first < 0 else first
    if length < 0 or first + length > n:
        raise RuntimeError(f"narrow: {first} … {first + length} exceeds the axis of length {n}")
    return _part(input, axis, first, length)


def _part(input: Any, axis: int, start: int, length: int) -> Any:
    return slice_(input, key=(slice(None),) * axis + (slice(start, start + length),))


@numpy_names
def narrow_copy(input: Any, dim: int, start: int, length: int) -> Any:
    """Do as :func:`narrow`, and copy."""
    return copy(narrow(input, dim, start, length))


@numpy_names
def select(input: Any, dim: int, index: int) -> Any:
    """Take one element of an axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.select(x, 0, 1)
    tensor([3., 4.])
    """
    if not input.ndim:
        raise IndexError("select: a zero-dimensional tensor has no axis to select from")
    axis = axis_of(dim, input.ndim)
    n, place = input.shape[axis], int(index)
    if not -n <= place < n:
        raise IndexError(
            f"select: index {place} is out of bounds for axis {axis} of a tensor of shape "
            f"{tuple(input.shape)}"
        )
    return slice_(input, key=(slice(None),) * axis + (place,))


@numpy_names
def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Take an axis apart: one tensor an element of it.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.unbind(tgb.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    if not input.ndim:
        raise IndexError("unbind: a zero-dimensional tensor has no axis to take apart")
    axis = axis_of(dim, input.ndim)
    lead = (slice(None),) * axis
    return tuple(slice_(input, key=(*lead, i)) for i in range(input.shape[axis]))


@numpy_names
def split_with_sizes(input: Any, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Cut along an axis into pieces of these lengths."""
    _needs_an_axis(input, "split_with_sizes")
    axis = axis_of(dim, input.ndim)
    lengths = sizes_of(split_sizes)
    if sum(lengths) != input.shape[axis] or any(n < 0 for n in lengths):
        raise RuntimeError(
            f"split: lengths {list(lengths)} don't add up to {input.shape[axis]}, the length of "
            f"axis {axis}"
        )
    starts = itertools.accumulate((0, *lengths))
    return tuple(_part(input, axis, start, n) for start, n in zip(starts, lengths, strict=False))


def split(tensor: Any, split_size_or_sections: Any = None, dim: int = 0, *,
          split_size: Any = None) -> tuple[Any, ...]:  # fmt: skip
    """Cut along an axis: into pieces of one length (the last may be shorter), or of several.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    size = split_size if split_size_or_sections is None else split_size_or_sections
    if not isinstance(size, (tuple, list)):
        _needs_an_axis(tensor, "split")
        step = int(size)
        n = tensor.shape[axis_of(dim, tensor.ndim)]
        if step < 0 or (step == 0 and n):
            raise RuntimeError(f"split: the length of a piece has to be positive, not {step}")
        size = [min(step, n - i) for i in range(0, n, step)] if n else [0]
    pieces: tuple[Any, ...] = split_with_sizes(tensor, size, dim)
    return pieces


@named(input="tensor")
@numpy_names
def unsafe_split(tensor: Any, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
    """Cut along an axis into pieces of one length, as :func:`split` does."""
    return split(tensor, split_size, dim)


@numpy_names
def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Cut along an axis into (at most) this many pieces of equal length.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.chunk(tgb.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    _needs_an_axis(input, "chunk")
    if chunks < 1:
        raise RuntimeError(f"chunk: the number of pieces has to be positive, not {chunks}")
    n = input.shape[axis_of(dim, input.ndim)]
    return split(input, -(-n // chunks) if n else [0] * chunks, dim)


@numpy_names
def tensor_split(input: Any, indices_or_sections: Any = None, dim: int = 0, *,
                 indices: Any = None, sections: Any = None) -> tuple[Any, ...]:  # fmt: skip
    """Cut along an axis: into this many pieces (the first ones longer), or before these places.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.arange(5).tensor_split(2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    >>> tgb.arange(5).tensor_split((1, 4))
    (tensor([0]), tensor([1, 2, 3]), tensor([4]))
    """
    _needs_an_axis(input, "tensor_split")
    places = next(p for p in (indices_or_sections, indices, sections) if p is not None)
    if hasattr(places, "tolist"):
        places = places.tolist()
    axis = axis_of(dim, input.ndim)
    n = input.shape[axis]
    if isinstance(places, (tuple, list)):
        edges = [0, *map(int, places), n]
    else:
        count = int(places)
        if count < 1:
            raise RuntimeError(f"tensor_split: the number of pieces has to be positive: {count}")
        edges = [i * (n // count) + min(i, n % count) for i in range(count + 1)]
    lead = (slice(None),) * axis
    return tuple(slice_(input, key=(*lead, slice(a, b))) for a, b in itertools.pairwise(edges))


def _even(input: Any, places: Any, axis: int, what: str) -> tuple[Any, ...]:
    if isinstance(places, str):
        raise TypeError(f"{what}: expected a number of pieces or places, not {places!r}")
    if isinstance(places, int) and (places < 1 or input.shape[axis] % places):
        raise RuntimeError(
            f"{what}: axis {axis} of length {input.shape[axis]} can't be cut into {places} equal "
            "pieces"
        )
    pieces: tuple[Any, ...] = tensor_split(input, places, axis)
    return pieces


def _places(function: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """Let the places be given one by one too: ``x.hsplit(1, 2)``."""

    @functools.wraps(function)
    def accepting(input: Any, *places: Any, **named: Any) -> tuple[Any, ...]:
        return function(input, *([places] if len(places) > 1 else places), **named)

    return accepting


@_places
def hsplit(input: Any, indices_or_sections: Any = None, *, indices: Any = None,
           sections: Any = None) -> tuple[Any, ...]:  # fmt: skip
    """Cut along the second axis (a vector along its only one) into equal pieces, or at places."""
    if not input.ndim:
        raise RuntimeError("hsplit: a tensor of at least 1 dimension is expected")
    places = next(p for p in (indices_or_sections, indices, sections) if p is not None)
    return _even(input, places, min(1, input.ndim - 1), "hsplit")


@_places
def vsplit(input: Any, indices_or_sections: Any = None, *, indices: Any = None,
           sections: Any = None) -> tuple[Any, ...]:  # fmt: skip
    """Cut along the first axis into equal pieces, or before these places."""
    if input.ndim < 2:
        raise RuntimeError(f"vsplit: at least 2 dimensions are expected, not {input.ndim}")
    places = next(p for p in (indices_or_sections, indices, sections) if p is not None)
    return _even(input, places, 0, "vsplit")


@_places
def dsplit(input: Any, indices_or_sections: Any = None, *, indices: Any = None,
           sections: Any = None) -> tuple[Any, ...]:  # fmt: skip
    """Cut along the third axis into equal pieces, or before these places.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> [part.shape for part in tgb.dsplit(tgb.zeros(1, 2, 4), 2)]
    [tinygrad_bp.Size([1, 2, 2]), tinygrad_bp.Size([1, 2, 2])]
    """
    if input.ndim < 3:
        raise RuntimeError(f"dsplit: at least 3 dimensions are expected, not {input.ndim}")
    places = next(p for p in (indices_or_sections, indices, sections) if p is not None)
    return _even(input, places, 2, "dsplit")
