"""Putting and adding values at places: the counterparts of indexing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import number_as
from ..dtype import int64
from ..messages import ShapeError
from ..rules import elementwise as ew
from ..rules import index as ops
from ..rules import scatter as reductions
from ..rules.shape import broadcast_to, reshape
from ._axes import numpy_names
from .index import corner, lined_up, sliced_at, split_key

_FLAT = (ops.ARRAY,)
_NUMBERS = (bool, int, float, complex, np.generic)


def _grid(index: np.ndarray[Any, Any], axis: int) -> tuple[Any, ...]:
    """Index arrays that name, for each element of `index`, its place along the axis."""
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[axis] = index
    return tuple(grid)


def _number(grid: tuple[Any, ...], shape: Any) -> np.ndarray[Any, Any]:
    """Number elements, given by index arrays, in the flattened tensor."""
    number: Any = 0
    for places, length in zip(grid, shape, strict=True):
        number = number * length + places
    return np.asarray(number).reshape(-1)


def _one_dtype(input: Any, src: Any, what: str) -> None:
    if src.dtype != input.dtype:
        raise RuntimeError(
            f"{what}: the tensor is of {input.dtype.name}, the source of {src.dtype.name}; "
            "convert one of them with .to(dtype)"
        )


def _source(input: Any, index: Any, src: Any, what: str) -> Any:
    """Cut the source off to the index' shape."""
    _one_dtype(input, src, what)
    if not src.ndim:
        src = reshape(src, shape=(1,))
    return corner(src, index.shape, None, what)


# ---------------------------------------------------------------------- a place for each element


@numpy_names
def scatter(input: Any, dim: int, index: Any, src: Any = None, value: Any = None, *,
            reduce: str | None = None) -> Any:  # fmt: skip
    """Put each element of `src` (or one number) at the place along the axis that `index` names.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : Tensor of int64
        As many dimensions as the input; along other axes at most as long.
    src : Tensor or number
        At least of the index' shape. Where places repeat, one of the values is taken.
    value : number, optional
        In place of `src`.
    reduce : {"add", "multiply"}, optional
        Combine with what is there.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.zeros(2, 3).scatter(1, tgb.tensor([[2], [0]]), 1.0)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    given = value if src is None else src
    whole, places, axis = lined_up(input, dim, index, "scatter")
    if not places.numel():
        return input.clone()
    corner(whole, places.shape, axis, "scatter")
    number = isinstance(given, _NUMBERS)
    part = given if number else _source(whole, places, given, "scatter")
    if reduce is not None:
        if number:
            part = whole.new_full(tuple(places.shape), part)
        return _combined(input, whole, places, axis, part, reduce)
    grid = _grid(places._array, axis)
    if number:
        part = number_as(part, whole.dtype.dtype, "scatter")
    out = ops.assign(whole, part, *grid, template=_FLAT * whole.ndim)
    return reshape(out, shape=tuple(input.shape))


def _combined(input: Any, whole: Any, places: Any, axis: int, part: Any, reduce: str) -> Any:
    kinds = {"add": "sum", "multiply": "prod"}
    if reduce not in kinds:
        raise RuntimeError(f'scatter: reduce has to be "add" or "multiply", not {reduce!r}')
    numbers = _number(_grid(places._array, axis), whole.shape)
    return _reduced(input, numbers, part, kinds[reduce], True)


@numpy_names
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """Add each element of `src` to the place along the axis that `index` names.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.zeros(3).scatter_add(0, tgb.tensor([2, 2]), tgb.tensor([1.0, 2.0]))
    tensor([0., 0., 3.])
    """
    whole, places, axis = lined_up(input, dim, index, "scatter_add")
    if not places.numel():
        return input.clone()
    corner(whole, places.shape, axis, "scatter_add")
    part = _source(whole, places, src, "scatter_add")
    added = ops.scatter_add(
        part, *_grid(places._array, axis), shape=tuple(whole.shape), template=_FLAT * whole.ndim
    )
    return ew.add(input, reshape(added, shape=tuple(input.shape)))


@numpy_names
def scatter_reduce(input: Any, dim: int, index: Any, src: Any, reduce: str, *,
                   include_self: bool = True) -> Any:  # fmt: skip
    """Combine the elements of `src` that go to the same place along the axis.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : Tensor of int64
    src : Tensor
    reduce : {"sum", "prod", "mean", "amax", "amin"}
    include_self : bool
        Whether the input's own element takes part where something arrives.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> places, src = tgb.tensor([0, 0, 1]), tgb.tensor([1.0, 5.0, 2.0])
    >>> tgb.zeros(3).scatter_reduce(0, places, src, "amax")
    tensor([5., 2., 0.])
    """
    whole, places, axis = lined_up(input, dim, index, "scatter_reduce")
    reduce = {"max": "amax", "min": "amin"}.get(reduce, reduce)  # PyTorch takes these too
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"scatter_reduce: reduce has to be sum, prod, mean, amax or amin, not {reduce!r}"
        )
    if not places.numel():
        return input.clone()
    corner(whole, places.shape, axis, "scatter_reduce")
    part = _source(whole, places, src, "scatter_reduce")
    numbers = _number(_grid(places._array, axis), whole.shape)
    return _reduced(input, numbers, part, reduce, include_self)


def _reduced(input: Any, places: Any, src: Any, reduce: str, include: bool) -> Any:
    """Combine `src` with the input at numbered places of the flattened tensor."""
    x, v = reshape(input, shape=(-1,)), reshape(src, shape=(-1,))
    if reduce == "prod":
        out = reductions.scatter_prod(x, v, places, include=include)
    elif reduce == "amax":
        out = reductions.scatter_amax(x, v, places, include=include)
    elif reduce == "amin":
        out = reductions.scatter_amin(x, v, places, include=include)
    else:
        start = x if include else ops.assign(x, 0.0, places, template=_FLAT)
        out = ew.add(start, ops.scatter_add(v, places, shape=tuple(x.shape), template=_FLAT))
        if reduce == "mean":
            count = reductions.scatter_count(x, places, include=include)
            divide = ew.divide if x.is_floating_point() else ew.floor_divide
            out = divide(out, count)
    return reshape(out, shape=tuple(input.shape))


# ------------------------------------------------------------------------ a place for each slice


def _slices(input: Any, dim: int, index: Any, source: Any, what: str) -> Any:
    """Check slices against the places that they go to; return input, places, template, slices."""
    whole, places, template = sliced_at(input, dim, index, what, RuntimeError)
    axis = len(template) - 1
    _one_dtype(input, source, what)
    if not source.ndim:
        source = reshape(source, shape=(1,) * whole.ndim if whole.ndim == 1 else ())
    if what == "index_copy" and source.shape[axis] != len(places):
        raise IndexError(
            f"index_copy: {len(places)} places for {source.shape[axis]} slices of the source; they "
            "have to be as many"
        )
    expected = (*whole.shape[:axis], len(places), *whole.shape[axis + 1 :])
    if tuple(source.shape) != expected:
        raise ShapeError(
            f"{what}: the source has the shape {tuple(source.shape)}; for {len(places)} places of "
            f"axis {axis} of a tensor of shape {tuple(whole.shape)} it has to be {expected}"
        )
    return whole, places, template, source


@numpy_names
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """Add ``alpha * source``, slice by slice, to the slices of an axis that `index` names.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.zeros(3).index_add(0, tgb.tensor([0, 2, 0]), tgb.tensor([1.0, 2.0, 3.0]))
    tensor([4., 0., 2.])
    """
    whole, places, template, source = _slices(input, dim, index, source, "index_add")
    if alpha != 1:
        source = ew.multiply(source, number_as(alpha, source.dtype.dtype, "index_add"))
    added = ops.scatter_add(source, places, shape=tuple(whole.shape), template=template)
    return ew.add(input, reshape(added, shape=tuple(input.shape)))


@numpy_names
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """Put `source`, slice by slice, in place of the slices of an axis that `index` names.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.index_copy(tgb.zeros(3), 0, tgb.tensor([2]), tgb.tensor([5.0]))
    tensor([0., 0., 5.])
    """
    whole, places, template, source = _slices(input, dim, index, source, "index_copy")
    out = ops.assign(whole, source, places, template=template)
    return reshape(out, shape=tuple(input.shape))


@numpy_names
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """Put one value into the slices of an axis that `index` names.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.index_fill(tgb.zeros(3), 0, tgb.tensor([0, 2]), 1.0)
    tensor([1., 0., 1.])
    """
    whole, numbers, template = sliced_at(input, dim, index, "index_fill", negative=True)
    if isinstance(value, _NUMBERS):
        value = number_as(value, whole.dtype.dtype, "index_fill")
    elif value.ndim:
        raise RuntimeError(
            f"index_fill: the value has to be a single number, not of shape {tuple(value.shape)}"
        )
    elif value.dtype != whole.dtype:
        value = value.to(whole.dtype)
    if getattr(value, "requires_grad", False):
        numbers = np.unique(numbers)  # a place named twice takes the value's gradient once
    return reshape(ops.assign(whole, value, numbers, template=template), shape=tuple(input.shape))


@numpy_names
def index_reduce(input: Any, dim: int, index: Any, source: Any, reduce: str, *,
                 include_self: bool = True) -> Any:  # fmt: skip
    """Combine slices of `source` that go to the same slice of an axis: prod, mean, amax, amin.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.index_reduce(tgb.zeros(2), 0, tgb.tensor([1, 1]), tgb.tensor([3.0, 2.0]), "amax")
    tensor([0., 3.])
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"index_reduce: reduce has to be prod, mean, amax or amin, not {reduce!r}"
        )
    whole, places, template, source = _slices(input, dim, index, source, "index_reduce")
    axis = len(template) - 1
    if not source.numel():
        return input.clone()
    line = places.reshape(-1, *(1,) * (whole.ndim - 1 - axis))
    grid = list(np.ogrid[tuple(slice(n) for n in source.shape)])
    grid[axis] = line
    return _reduced(input, _number(tuple(grid), whole.shape), source, reduce, include_self)


# ----------------------------------------------------------------------------- places of any kind


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """Put values at ``input[indices]``, or add them there (where places repeat: all of them).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.zeros(3).index_put((tgb.tensor([1, 1]),), tgb.tensor(2.0), accumulate=True)
    tensor([0., 4., 0.])
    """
    template, arrays = split_key(tuple(slice(None) if i is None else i for i in indices))
    _one_dtype(input, values, "index_put")
    if not accumulate:
        return ops.assign(input, values, *arrays, template=template)
    shape = _shown_shape(tuple(input.shape), template, arrays)
    if values.ndim > len(shape):  # leading axes of length 1
        values = reshape(values, shape=tuple(values.shape[values.ndim - len(shape) :]))
    spread = broadcast_to(values, shape=shape)
    return ew.add(
        input, ops.scatter_add(spread, *arrays, shape=tuple(input.shape), template=template)
    )


def _shown_shape(shape: tuple[int, ...], template: Any, arrays: Any) -> tuple[int, ...]:
    left = iter(arrays)
    key = tuple(next(left) if part is ops.ARRAY else part for part in template)
    return tuple(np.broadcast_to(np.zeros(()), shape)[key].shape)


def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """Put values at places numbered as in the flattened tensor, or add them there.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.put(tgb.zeros(3), tgb.tensor([1]), tgb.tensor([9.0]))
    tensor([0., 9., 0.])
    """
    _one_dtype(input, source, "put")
    if index.dtype != int64:
        raise RuntimeError(f"put: the index has to be of int64, not {index.dtype.name}")
    if index.numel() != source.numel():
        raise IndexError(
            f"put: {source.numel()} values for {index.numel()} places; they have to be as many"
        )
    flat = reshape(input, shape=(-1,))
    out = index_put(flat, (reshape(index, shape=(-1,)),), reshape(source, shape=(-1,)), accumulate)
    return reshape(out, shape=tuple(input.shape))
