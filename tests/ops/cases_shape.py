"""Cases of `rules.shape` and `rules.index`: references that place the elements one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, build, element
from tinygrad_bp.rules import index as ix
from tinygrad_bp.rules import shape as sh
from tinygrad_bp.rules.index import ARRAY

draw = Numbers(3)


def sum_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    out = np.zeros(shape)
    lead = x.ndim - len(shape)
    for place in np.ndindex(*x.shape):
        out[tuple(0 if n == 1 else i for i, n in zip(place[lead:], shape, strict=True))] += x[place]
    return out


def reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    numbers = iter([x[place] for place in np.ndindex(*x.shape)])
    return build(shape, lambda *_: next(numbers))


def transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    return build(
        tuple(x.shape[a] for a in axes),
        lambda *p: x[tuple(p[axes.index(i)] for i in range(x.ndim))],
    )


def flip(x: Any, *, axis: tuple[int, ...]) -> Any:
    axes = {a % x.ndim for a in axis}
    return build(
        x.shape,
        lambda *p: x[tuple(x.shape[i] - 1 - k if i in axes else k for i, k in enumerate(p))],
    )


def roll(x: Any, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    def source(place: tuple[int, ...]) -> tuple[int, ...]:
        where = list(place)
        for s, a in zip(shift, axis, strict=True):
            where[a] = (where[a] - s) % x.shape[a]
        return tuple(where)

    return build(x.shape, lambda *p: x[source(p)])


def concatenate(*xs: Any, axis: int) -> Any:
    n = sum(x.shape[axis] for x in xs)
    shape = (*xs[0].shape[:axis], n, *xs[0].shape[axis + 1 :])

    def at(*p: int) -> Any:
        left = p[axis]
        for x in xs:
            if left < x.shape[axis]:
                return x[(*p[:axis], left, *p[axis + 1 :])]
            left -= x.shape[axis]
        raise AssertionError

    return build(shape, at)


def stack(*xs: Any, axis: int) -> Any:
    shape = (*xs[0].shape[:axis], len(xs), *xs[0].shape[axis:])
    return build(shape, lambda *p: xs[p[axis]][p[:axis] + p[axis + 1 :]])


def diagonal(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    moved = np.moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = moved.shape[-2:]
    pairs = [(i, i + offset) for i in range(rows) if 0 <= i + offset < columns]
    return build((*moved.shape[:-2], len(pairs)), lambda *p: moved[(*p[:-1], *pairs[p[-1]])])


def embed_diagonal(x: Any, *, shape: Any, offset: int, axis1: int, axis2: int) -> Any:
    out = np.zeros(shape)
    moved = np.moveaxis(out, (axis1, axis2), (-2, -1))
    rows, columns = moved.shape[-2:]
    pairs = [(i, i + offset) for i in range(rows) if 0 <= i + offset < columns]
    for place in np.ndindex(*x.shape):
        moved[(*place[:-1], *pairs[place[-1]])] = x[place]
    return out


def triangle(keep: Any) -> Any:
    return lambda x, k: build(x.shape, lambda *p: x[p] if keep(p[-1] - p[-2], k) else 0.0)


def broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    return build(shape, lambda *p: element(x, p))


CASES = [
    *[Case(sh.sum_to, (draw(*a),), sum_to, {"shape": b})
      for a, b in (((2, 3), (3,)), ((2, 3), (2, 1)), ((4, 2, 3), (1, 3)), ((2, 3), ()), ((), ()),
                   ((2, 3), (2, 3)), ((0, 3), (1, 3)), ((0, 3), (3,)), ((2, 1), (1, 1)))],
    *[Case(sh.broadcast_to, (draw(*a),), broadcast_to, {"shape": b})
      for a, b in (((3,), (2, 3)), ((2, 1), (2, 3)), ((1, 3), (4, 2, 3)), ((), (2, 3)), ((), ()),
                   ((2, 3), (2, 3)), ((1, 3), (0, 3)), ((0,), (2, 0)), ((1,), (1, 1)))],
    Case(sh.broadcast_to, (draw(3, 2).T,), broadcast_to, {"shape": (2, 2, 3)}, "not contiguous"),
    *[Case(sh.reshape, (draw(*a),), reshape, {"shape": b})
      for a, b in (((2, 3), (3, 2)), ((2, 3), (6,)), ((), (1, 1)), ((1,), ()), ((0, 3), (3, 0,
          2)))],
    Case(sh.reshape, (draw(2, 3),), lambda x, shape: reshape(x, shape=(3, 2)), {"shape": (3, -1)}),
    Case(sh.reshape, (draw(3, 2).T,), reshape, {"shape": (6,)}, "not contiguous"),
    *[Case(sh.transpose, (draw(*a),), transpose, {"axes": axes})
      for a, axes in (((2, 3), (1, 0)), ((2, 3, 4), (1, 2, 0)), ((), ()), ((0, 2), (1, 0)))],
    *[Case(sh.flip, (draw(*a),), flip, {"axis": axis})
      for a, axis in (((2, 3), (0,)), ((2, 3), (-1,)), ((2, 3, 2), (0, 2)), ((0, 2), (0,)))],
    *[Case(sh.roll, (draw(*a),), roll, {"shift": shift, "axis": axis})
      for a, shift, axis in (((2, 3), (1,), (1,)), ((2, 3), (-4, 1), (1, 0)), ((5,), (7,), (0,)),
                             ((2, 0), (0,), (0,)), ((3,), (1, 1), (0, 0)))],
    *[Case(ix.concatenate, tuple(draw(*a) for a in parts), concatenate, {"axis": axis})
      for parts, axis in ((((2, 3), (1, 3)), 0), (((2, 3), (2, 1), (2, 2)), 1), (((2,),), 0),
                          (((0, 2), (1, 2)), 0), (((1, 2, 2), (1, 0, 2)), 1))],
    *[Case(ix.stack, tuple(draw(*a) for _ in range(n)), stack, {"axis": axis})
      for a, n, axis in (((2, 3), 2, 0), ((2, 3), 3, 1), ((2, 3), 2, 2), ((), 3, 0), ((0,), 2, 0))],
    *[Case(sh.diagonal, (draw(*a),), diagonal, {"offset": k, "axis1": i, "axis2": j})
      for a, k, i, j in (((3, 3), 0, 0, 1), ((2, 4), 1, 0, 1), ((3, 2), -1, 0, 1),
                         ((2, 3, 4), 0, 0, 2), ((2, 3, 4), 1, 2, 1), ((2, 2), 5, 0, 1))],
    *[Case(sh.embed_diagonal, (draw(*a),), embed_diagonal,
           {"shape": shape, "offset": k, "axis1": i, "axis2": j})
      for a, shape, k, i, j in (((3,), (3, 3), 0, 0, 1), ((2,), (2, 4), 1, 0, 1),
                                 ((2, 2), (3, 2, 2), -1, 0, 2),
                                ((0,), (2, 2), 5, 0, 1))],
    *[Case(op, (draw(*a),), triangle(keep), {"k": k})
      for op, keep in ((sh.tril, lambda d, k: d <= k), (sh.triu, lambda d, k: d >= k))
      for a, k in (((3, 3), 0), ((2, 4), 1), ((2, 3, 2), -1), ((0, 2), 0))],
    *[Case(sh.copy, (draw(*a),), lambda x: build(x.shape, lambda *p: x[p]))
      for a in ((2, 3), (), (0,))],
    *[Case(sh.cast, (draw(*a),), lambda x, dtype: build(x.shape, lambda *p: x[p], dtype),
           {"dtype": np.dtype("float64")}) for a in ((2, 3), (), (0,))],
    *[Case(sh.cast, (draw(2, 3),), lambda x, dtype: build(x.shape, lambda *p: x[p], dtype),
           {"dtype": np.dtype(name)}, smooth=False, slopes=(np.ones((2, 3)),))
      for name in ("float32", "float16")],
    Case(sh.cast, (draw(2, 3),), lambda x, dtype: build(x.shape, lambda *p: int(x[p]), dtype),
         {"dtype": np.dtype("int64")}, "to integers", smooth=False, slopes=(None,)),
]  # fmt: skip


# ----------------------------------------------------------------------------------------- indexing


def places(shape: tuple[int, ...], template: Any, indices: Any = ()) -> Any:
    """Return the number (in the flattened array) of each element that a key names."""
    numbers = np.array(list(range(int(np.prod(shape)))), np.int64).reshape(shape)
    left = iter(indices)
    return numbers[tuple(next(left) if part is ARRAY else part for part in template)]


def take(x: Any, *indices: Any, template: Any) -> Any:
    flat = [x[place] for place in np.ndindex(*x.shape)]
    where = places(x.shape, template, indices)
    return build(where.shape, lambda *p: flat[where[p]])


def put(x: Any, *indices: Any, shape: Any, template: Any) -> Any:
    out = [0.0] * int(np.prod(shape))
    where = places(shape, template, indices)
    for place in np.ndindex(*where.shape):
        out[where[place]] += element(x, place)
    return np.array(out).reshape(shape)


def assign(x: Any, v: Any, *indices: Any, template: Any) -> Any:
    out = [x[place] for place in np.ndindex(*x.shape)]
    where = places(x.shape, template, indices)
    for place in np.ndindex(*where.shape):
        out[where[place]] = element(np.asarray(v), place)
    return np.array(out).reshape(x.shape)


def along_axis(x: Any, indices: Any, *, axis: int) -> Any:
    axis %= x.ndim
    shape = tuple(
        indices.shape[i] if i == axis or x.shape[i] == 1 else x.shape[i] for i in range(x.ndim)
    )

    def source(p: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(
            element(indices, p) if i == axis else (0 if x.shape[i] == 1 else k)
            for i, k in enumerate(p)
        )

    return build(shape, lambda *p: x[source(p)])


def add_along(x: Any, indices: Any, *, shape: Any, axis: int) -> Any:
    out = np.zeros(shape)
    axis %= len(shape)
    for place in np.ndindex(*x.shape):
        where = [0 if shape[i] == 1 else k for i, k in enumerate(place)]
        where[axis] = element(indices, place)
        out[tuple(where)] += x[place]
    return out


BASIC: list[Any] = [
    ((2, 3), (0,)), ((2, 3), (-1, 2)), ((2, 3), (slice(None), 1)), ((5,), (slice(None, None, -2),)),
    ((2, 3, 4), (Ellipsis, slice(1, 3))), ((2, 3), (None, slice(0, 0))), ((2, 3), ()),
    ((2, 3), (Ellipsis,)), ((), ()), ((), (None,)), ((3, 4), (slice(3, 0, -1), None, slice(1, 9))),
]  # fmt: skip
FANCY: list[Any] = [
    ((5,), (ARRAY,), (np.array([3, 0, 3]),)),
    ((5,), (ARRAY,), (np.array([[-1, 0], [1, -1]]),)),
    ((4, 3), (ARRAY, ARRAY), (np.array([0, 3, 0]), np.array([2, -1, 2]))),
    ((4, 3), (ARRAY, ARRAY), (np.array([[0], [3]]), np.array([2, 0]))),
    ((2, 3, 4), (slice(None), ARRAY), (np.array([2, 2]),)),
    ((2, 3, 4), (ARRAY, slice(None), ARRAY), (np.array([1, 1]), np.array([0, 0]))),
    ((2, 3, 4), (ARRAY, 1), (np.array([1, 0, 1]),)),
    ((2, 3, 4), (0, slice(None), ARRAY), (np.array([1, 0, 1]),)),
    ((4, 3), (ARRAY,), (np.array([True, False, True, False]),)),
    ((2, 3), (ARRAY,), (np.array([[True, False, True], [False, True, False]]),)),
    ((4, 3), (ARRAY, ARRAY), (np.array([True, False, True, False]), np.array([0, 0]))),
    ((4, 3), (ARRAY, ARRAY), (np.array([True, True, False, False]), np.array([1]))),
    ((4, 3), (ARRAY, None, slice(1, None)), (np.array([3, 3]),)),
    ((2, 3, 4), (Ellipsis, ARRAY), (np.array([], np.int64),)),
    ((), (ARRAY,), (np.array(True),)),
    ((2, 2), (ARRAY,), (np.array(False),)),
    ((0, 2), (ARRAY,), (np.array([], np.int64),)),
    ((2, 3), (ARRAY, 1), (np.array([True, False]),)),
]  # fmt: skip


def shown(shape: Any, template: Any, indices: Any) -> tuple[int, ...]:
    return tuple(places(shape, template, indices).shape)


def once(shape: Any, template: Any, indices: Any) -> bool:
    """Whether no element is named twice: only then an assignment has a meaning."""
    numbers = places(shape, template, indices).reshape(-1).tolist()
    return len(numbers) == len(set(numbers))


MORE_FANCY: list[Any] = [
    ((5,), (ARRAY,), (np.array([3, 0, 1]),)),
    ((4, 3), (ARRAY, ARRAY), (np.array([[0], [3]]), np.array([2, 0]))),
    ((2, 3, 4), (slice(None), ARRAY), (np.array([2, 0]),)),
]
ALONG: list[Any] = [
    ((3, 4), np.array([[0, 2, 1, 1], [2, 2, 0, 1]]), 0),
    ((3, 4), np.array([[3], [0], [0]]), 1),
    ((3, 4), np.array([[3], [0], [0]]), -1),
    ((3, 4), np.array([[1, 1]]), 1),
    ((1, 4), np.array([[1, 1], [2, 0]]), 1),
    ((5,), np.array([4, 4, 0]), 0),
    ((2, 3), np.zeros((2, 0), np.int64), 1),
]


def view_reference(x: Any, v: Any, *, path: Any) -> Any:
    where = np.array(list(range(x.size)), np.int64).reshape(x.shape)
    for op, attrs in path:
        where = op.forward(where, **attrs)
    out = [x[place] for place in np.ndindex(*x.shape)]
    for place in np.ndindex(*where.shape):
        out[where[place]] = element(np.asarray(v), place)
    return np.array(out).reshape(x.shape)


PATHS: list[Any] = [
    ((3, 4), ((ix.slice_, {"key": (1,)}),), (4,)),
    ((3, 4), ((sh.transpose, {"axes": (1, 0)}), (ix.slice_, {"key": (slice(1, 3),)})), (2, 3)),
    ((3, 4), ((sh.reshape, {"shape": (12,)}), (ix.slice_, {"key": (slice(None, None, 5),)})), (1,)),
    ((4,), ((ix.slice_, {"key": (2,)}),), ()),
    ((2, 2), (), (2,)),
    # Seen from a transposed copy, this reshape can't be a view.
    ((2, 3), ((sh.transpose, {"axes": (1, 0)}), (sh.reshape, {"shape": (6,)}),
              (ix.slice_, {"key": (slice(0, 3),)})), (3,)),
]  # fmt: skip

CASES += [
    *[Case(ix.slice_, (draw(*shape),), lambda x, key: take(x, template=key), {"key": key})
      for shape, key in BASIC],
    Case(ix.slice_, (draw(4, 3).T[::-1],), lambda x, key: take(x, template=key),
         {"key": (slice(None, None, -1), 2)}, "negative strides"),
    *[Case(ix.embed, (draw(*shown(shape, key, ())),),
           lambda x, shape, key: put(x, shape=shape, template=key), {"shape": shape, "key": key})
      for shape, key in BASIC],
    *[Case(ix.index, (draw(*shape), *indices), take, {"template": template})
      for shape, template, indices in FANCY],
    *[Case(ix.scatter_add, (draw(*shown(shape, template, indices)), *indices), put,
           {"shape": shape, "template": template}) for shape, template, indices in FANCY],
    *[Case(ix.take_along_axis, (draw(*shape), indices), along_axis, {"axis": axis})
      for shape, indices, axis in ALONG],
    *[Case(ix.add_along_axis, (draw(*along_axis(np.zeros(shape), indices, axis=axis).shape),
        indices),
           add_along, {"shape": shape, "axis": axis}) for shape, indices, axis in ALONG],
    *[Case(ix.assign, (draw(*shape), draw(*shown(shape, key, ()))), assign, {"template": key})
      for shape, key in BASIC],
    *[Case(ix.assign, (draw(*shape), draw(*shown(shape, template, indices)), *indices), assign,
           {"template": template})
      for shape, template, indices in FANCY + MORE_FANCY if once(shape, template, indices)],
    *[Case(ix.assign, (draw(*shape), draw(), *indices), assign, {"template": template}, "a number")
      for shape, template, indices in FANCY + MORE_FANCY if once(shape, template, indices)],
    Case(ix.assign, (draw(2, 3), draw(2, 1)), assign, {"template": (Ellipsis,)}, "broadcast"),
    *[Case(ix.assign_view, (draw(*shape), draw(*value)), view_reference, {"path": path},
        f"path {i}")
      for i, (shape, path, value) in enumerate(PATHS)],
]  # fmt: skip
