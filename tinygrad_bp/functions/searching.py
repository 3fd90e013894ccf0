"""Places and counts: what is not zero, where values belong, how many fall where."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..dtype import int32, int64
from ..rules import sorting as ops
from ._axes import with_out
from .index import nonzero


def argwhere(input: Any) -> Any:
    """Find the elements that are not zero: one row of indices each."""
    return nonzero(input)


@with_out
def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """Find elements that are not zero, as `size` rows: cut off, or filled up with `fill_value`."""
    if size < 0:
        raise RuntimeError(f"nonzero_static: size can't be negative, but is {size}")
    rows = nonzero(input)._array[:size]
    out = np.full((size, input.ndim), fill_value, np.int64)
    out[: len(rows)] = rows
    return input.new_tensor(out)


@with_out
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False,
         invert: bool = False) -> Any:  # fmt: skip
    """Whether each element occurs among the test elements; one of the two may be a number.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.isin(tgb.tensor([1, 2, 3]), tgb.tensor([2, 5]))
    tensor([False,  True, False])
    """
    elements, test_elements = (
        np.asarray(x) if isinstance(x, (bool, int, float)) else x for x in (elements, test_elements)
    )
    return ops.isin(elements, test_elements, invert=invert)


def _right(side: str | None, right: bool) -> bool:
    if side not in (None, "left", "right"):
        raise RuntimeError(f'searchsorted: side has to be "left" or "right", not {side!r}')
    if side == "left" and right:
        raise RuntimeError('searchsorted: side="left" contradicts right=True')
    return right or side == "right"


def _of_type(found: Any, out_int32: bool) -> Any:
    return found.to(int32) if out_int32 else found


@with_out
def searchsorted(sorted_sequence: Any, input: Any, *, out_int32: bool = False,
                 right: bool = False, side: str | None = None,
                 sorter: Any = None) -> Any:  # fmt: skip
    """Find where each value belongs in a sorted sequence (or in its row, for as many rows).

    Parameters
    ----------
    sorted_sequence : Tensor (..., n)
        Sorted along the last axis.
    input : Tensor (..., m) or number
    out_int32 : bool
        Give the places as int32.
    right : bool
        Behind equal elements, not before them; the same as ``side="right"``.
    sorter : Tensor, optional
        The order that sorts the sequence.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.searchsorted(tgb.tensor([1, 3, 5]), tgb.tensor([3, 6]))
    tensor([1, 3])
    """
    behind = _right(side, right)
    edges = sorted_sequence
    if sorter is not None:
        if sorter.dtype != int64 or sorter.shape != edges.shape:
            raise RuntimeError(
                f"searchsorted: sorter has to be of int64 and of the shape {tuple(edges.shape)}"
            )
        edges = edges.take_along_dim(sorter, dim=-1)
    values = np.asarray(input) if isinstance(input, (int, float)) else input
    if edges.ndim > 1 and tuple(edges.shape[:-1]) != tuple(values.shape[:-1]):
        raise RuntimeError(
            f"searchsorted: a sequence of shape {tuple(edges.shape)} needs values of as many rows, "
            f"not of shape {tuple(values.shape)}"
        )
    if not edges.ndim:
        raise RuntimeError("searchsorted: the sorted sequence needs at least one dimension")
    return _of_type(ops.searchsorted(edges, values, right=behind), out_int32)


@with_out
def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False,
              right: bool = False) -> Any:  # fmt: skip
    """Find the number of the interval between sorted boundaries into which each value falls.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.bucketize(tgb.tensor([0.5, 2.5]), tgb.tensor([1.0, 2.0]))
    tensor([0, 2])
    """
    if boundaries.ndim != 1:
        raise RuntimeError(f"bucketize: boundaries of shape {tuple(boundaries.shape)}, no vector")
    values = np.asarray(input) if isinstance(input, (int, float)) else input
    return _of_type(ops.searchsorted(boundaries, values, right=right), out_int32)


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """Count how often each non-negative integer occurs, or add up their weights.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.bincount(tgb.tensor([0, 1, 1, 3]))
    tensor([1, 2, 0, 1])
    """
    array = input._array
    if array.dtype.kind not in "iu":
        raise NotImplementedError(f"bincount counts integers, not {input.dtype.name}")
    if array.ndim != 1 or (array.size and array.min() < 0):
        raise RuntimeError(
            f"bincount: a vector of non-negative integers is expected, not the shape {array.shape}"
        )
    if minlength < 0:
        raise RuntimeError(f"bincount: minlength can't be negative, but is {minlength}")
    if weights is None:
        return input.new_tensor(np.bincount(array, minlength=minlength), dtype=int64)
    if tuple(weights.shape) != array.shape:
        raise RuntimeError(
            f"bincount: weights of shape {tuple(weights.shape)} for an input of {array.shape}"
        )
    kind = weights._array.dtype if weights._array.dtype == np.float32 else np.float64
    return input.new_tensor(np.bincount(array, weights._array, minlength).astype(kind))


# ------------------------------------------------------------------------------------- histograms


class Histogram(NamedTuple):
    """Counts (or weights, or densities) of bins, and their edges."""

    hist: Any
    bin_edges: Any


def _floats(input: Any, what: str) -> Any:
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"{what} is for floating-point tensors, not {input.dtype.name}")
    return input._array


def _limits(array: Any, given: Any, room: float) -> tuple[float, float]:
    """Take the given range or the data's own, widened on both sides where it is a point."""
    if given is None:
        given = array.min(), array.max()
    low, high = map(float, given)
    if low == high:
        low, high = low - room, high + room
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"histogram: the range [{low}, {high}] is not finite")
    return low, high


@with_out
def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    """Count the elements in bins of equal width from `min` to `max` (the data's range if equal).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.histc(tgb.tensor([0.1, 0.2, 0.9]), bins=2, min=0, max=1)
    tensor([2., 1.])
    """
    array = _floats(input, "histc")
    if bins <= 0:
        raise RuntimeError(f"histc: bins has to be positive, not {bins}")
    if min > max:
        raise RuntimeError(f"histc: min={min} is larger than max={max}")
    low, high = _limits(array, (min, max) if min < max or not array.size else None, 1.0)
    inside = array[(array >= low) & (array <= high)]
    # The bin is computed, not searched, as in PyTorch: edges fall alike.
    places = np.minimum(((inside - low) / (high - low) * bins).astype(np.int64), bins - 1)
    return input.new_tensor(np.bincount(places, minlength=bins).astype(array.dtype))


@with_out
def histogram(input: Any, bins: Any, *, range: Any = None, weight: Any = None,
              density: bool = False) -> Histogram:  # fmt: skip
    """Count the elements in bins: so many of equal width, or between given edges.

    Parameters
    ----------
    input : Tensor
    bins : int or Tensor
        How many, or their edges in order.
    range : (float, float), optional
        From where to where; the data's own range by default.
    weight : Tensor, optional
        What each element counts, of the input's shape.
    density : bool
        Divide by the total and by the width of the bins.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.histogram(tgb.tensor([1.0, 2.0, 1.0]), bins=2, range=(0.0, 3.0)).hist
    tensor([2., 1.])
    """
    array = _floats(input, "histogram")
    limits = None if range is None else [range]
    given = [bins] if hasattr(bins, "_array") else [int(bins)]
    hist, edges = _counted(array.reshape(-1, 1), given, limits, weight, density)
    return Histogram(input.new_tensor(hist), input.new_tensor(edges[0]))


class HistogramDD(NamedTuple):
    """Counts of bins of several dimensions, and the edges along each."""

    hist: Any
    bin_edges: Any


def histogramdd(input: Any, bins: Any, range: Any = None, weight: Any = None,
                density: bool = False) -> HistogramDD:  # fmt: skip
    """Count points (n, d) in boxes; `bins` and `range` as in :func:`histogram`, for each axis."""
    array = _floats(input, "histogramdd")
    if array.ndim < 2:
        raise RuntimeError(f"histogramdd: points of shape (n, d) are expected, not {array.shape}")
    points = array.reshape(-1, array.shape[-1])
    d = points.shape[1]
    given = [bins] * d if isinstance(bins, int) else list(bins)
    if len(given) != d:
        raise RuntimeError(f"histogramdd: bins for {len(given)} axes, the points have {d}")
    limits = None if range is None else list(zip(range[::2], range[1::2], strict=True))
    hist, edges = _counted(points, given, limits, weight, density)
    return HistogramDD(input.new_tensor(hist), tuple(input.new_tensor(e) for e in edges))


def _counted(points: Any, bins: Any, limits: Any, weight: Any, density: bool) -> Any:
    """Count the points in boxes; return the counts and the edges, in the points' dtype."""
    kind = points.dtype
    edges = []
    for axis, wanted in enumerate(bins):
        if hasattr(wanted, "_array"):
            edges.append(wanted._array.astype(kind))
            continue
        column = points[:, axis]
        given = limits[axis] if limits else None if column.size else (0.0, 1.0)
        low, high = _limits(column, given, 0.5)
        edges.append(np.linspace(low, high, wanted + 1, dtype=kind))
    places = []
    inside = np.ones(len(points), bool)
    for column, edge in zip(points.T, edges, strict=True):
        place = np.searchsorted(edge, column, "right") - 1
        place[column == edge[-1]] = len(edge) - 2  # the last bin includes its upper edge
        inside &= (place >= 0) & (place < len(edge) - 1)
        places.append(place)
    shape = tuple(len(edge) - 1 for edge in edges)
    boxes = np.ravel_multi_index(tuple(p[inside] for p in places), shape)
    weights = None if weight is None else weight._array.reshape(-1)[inside]
    hist = np.bincount(boxes, weights, math.prod(shape)).reshape(shape).astype(kind)
    if density:
        for axis, edge in enumerate(edges):
            hist = hist / np.diff(edge).reshape(-1, *(1,) * (len(shape) - 1 - axis))
        total = np.bincount(boxes, weights).sum() if boxes.size else 0
        hist = (hist / kind.type(total)).astype(kind)
    return hist, edges
