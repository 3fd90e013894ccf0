"""Choosing elements, and the adjoint: putting them back.

==========================  =============================================================
slice_                      embed: a basic index is unique, so that it can be written
index                       scatter_add: an index array may name an element twice
take_along_axis             add_along_axis
assign                      its region is cut out of the gradient of the rest
concatenate, stack          a slice of the whole
==========================  =============================================================

The key of an index is split: what is static (slices, numbers, None, ``...``) stays an attribute,
index arrays are inputs, so that a compiled step can be fed new ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import primitive
from .shape import reshape, sum_to

#: Stands in a template for the next index array.
ARRAY = "array"


def _key(template: tuple[Any, ...], indices: tuple[Any, ...]) -> tuple[Any, ...]:
    left = iter(indices)
    return tuple(next(left) if part is ARRAY else part for part in template)


@primitive(name="slice", x=lambda g, x_shape, *, key: embed(g, shape=x_shape, key=key), view=True)
def slice_(x: Any, *, key: Any) -> Any:
    """Take a basic index: numbers, slices, None and ``...``; a view."""
    return x[key]


@primitive(x=lambda g, *, key: slice_(g, key=key))
def embed(x: Any, *, shape: tuple[int, ...], key: Any) -> Any:
    """Put `x` at a basic index of an array of zeros."""
    out = np.zeros(shape, x.dtype)
    out[key] = x
    return out


@primitive(
    x=lambda g, indices, x_shape, *, template: scatter_add(
        g, *indices, shape=x_shape, template=template
    )
)
def index(x: Any, *indices: Any, template: tuple[Any, ...]) -> Any:
    """Take the elements named by index arrays (integers or a boolean mask)."""
    return x[_key(template, indices)]


@primitive(x=lambda g, indices, *, template: index(g, *indices, template=template))
def scatter_add(x: Any, *indices: Any, shape: tuple[int, ...], template: tuple[Any, ...]) -> Any:
    """Add `x` up at the places named by index arrays, in an array of zeros."""
    out = np.zeros(shape, x.dtype)
    if all(i.dtype.kind == "b" for i in indices):
        out[_key(template, indices)] = x  # a mask names each place once
    else:
        np.add.at(out, _key(template, indices), x)
    return out


@primitive(
    x=lambda g, indices, x_shape, *, axis: add_along_axis(g, indices, shape=x_shape, axis=axis)
)
def take_along_axis(x: Any, indices: Any, *, axis: int) -> Any:
    """Take, at each place, the element that `indices` names along the axis."""
    return np.take_along_axis(x, indices, axis)


@primitive(x=lambda g, indices, *, axis: take_along_axis(g, indices, axis=axis))
def add_along_axis(x: Any, indices: Any, *, shape: tuple[int, ...], axis: int) -> Any:
    """Add `x` up at the places that `indices` names along the axis, in an array of zeros."""
    out = np.zeros(shape, x.dtype)
    places: list[Any] = list(np.ogrid[tuple(slice(n) for n in shape)])
    places[axis] = indices
    np.add.at(out, tuple(places), x)
    return out


def _fitted(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum to the shape of what an assignment broadcast; it may have more axes, of length 1."""
    more = max(len(shape) - len(g.shape), 0)
    g = sum_to(g, shape=shape[more:])
    return reshape(g, shape=shape) if more else g


@primitive(
    x=lambda g, indices, *, template: assign(g, 0.0, *indices, template=template),
    v=lambda g, v_shape, indices, *, template: _fitted(
        index(g, *indices, template=template) if indices else slice_(g, key=template), v_shape
    ),
)
def assign(x: Any, v: Any, *indices: Any, template: tuple[Any, ...]) -> Any:
    """Give `x` with the elements at an index replaced by `v`."""
    out = x.copy()
    out[_key(template, indices)] = v
    return out


Path = tuple[tuple[Any, dict[str, Any]], ...]


def _follow(x: Any, path: Path) -> Any:
    for op, attrs in path:
        x = op(x, **attrs)
    return x


@primitive(
    x=lambda g, *, path: assign_view(g, 0.0, path=path),
    v=lambda g, v_shape, *, path: _fitted(_follow(g, path), v_shape),
)
def assign_view(x: Any, v: Any, *, path: Path) -> Any:
    """Give `x` with the elements that a chain of views shows replaced by `v`."""
    out = x.copy()
    target = _follow(out, path)
    if np.may_share_memory(target, out):
        target[...] = v
    else:
        # On this memory layout a reshape of the chain copies: find the elements by number.
        places = _follow(np.arange(out.size).reshape(out.shape), path)
        out.reshape(-1)[places] = v
    return out


def _part(g: Any, i: int, shapes: tuple[tuple[int, ...], ...], axis: int) -> Any:
    start = sum(shape[axis] for shape in shapes[:i])
    return slice_(g, key=(slice(None),) * axis + (slice(start, start + shapes[i][axis]),))


@primitive(xs=lambda g, i, xs_shape, *, axis: _part(g, i, xs_shape, axis))
def concatenate(*xs: Any, axis: int) -> Any:
    """Join along an existing axis (counted from the front)."""
    return np.concatenate(xs, axis)


def _layer(g: Any, i: int, axis: int) -> Any:
    return slice_(g, key=(slice(None),) * axis + (i,))


@primitive(xs=lambda g, i, *, axis: _layer(g, i, axis))
def stack(*xs: Any, axis: int) -> Any:
    """Join along a new axis (counted from the front)."""
    return np.stack(xs, axis)
