"""Several tensors made one, or spread over a common grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtype as dtypes
from ..arrays import Size
from ..messages import ShapeError
from ..rules import index as index_ops
from ..rules import shape as ops
from ._axes import axis_of, numpy_names, with_out
from .views import atleast_1d, atleast_2d, atleast_3d, expand


def _alike(tensors: list[Any]) -> list[Any]:
    """Bring tensors to one dtype."""
    if len({x.dtype for x in tensors}) == 1:
        return tensors
    kind = dtypes.result_type(*tensors)
    return [x.to(kind) for x in tensors]


def _given(tensors: tuple[Any, ...]) -> list[Any]:
    """Read tensors given one by one or as one sequence."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    return list(tensors)


@numpy_names
def cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Join tensors along an axis.

    Raises
    ------
    ValueError
        If there are none.
    RuntimeError
        If they differ in another axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cat([tgb.zeros(1, 2), tgb.ones(1, 2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    solid = _alike(list(tensors)) if len(tensors) else []
    if not solid:
        raise ShapeError("cat: expected at least one tensor")
    ranks = {x.ndim for x in solid}
    if 0 in ranks:
        raise RuntimeError("cat: zero-dimensional tensors can't be joined: use stack")
    if 1 in ranks:  # PyTorch's legacy rule: an empty vector fits everywhere.
        solid = [x for x in solid if x.shape != (0,)] or solid[:1]
    return index_ops.concatenate(*solid, axis=axis_of(dim, solid[0].ndim))


@numpy_names
def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Join tensors of one shape along a new axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.stack([tgb.zeros(2), tgb.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError("stack: expected at least one tensor")
    return index_ops.stack(*_alike(tensors), axis=axis_of(dim, tensors[0].ndim + 1))


@with_out
def hstack(tensors: Sequence[Any]) -> Any:
    """Join along the second axis (vectors along the first).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.hstack([tgb.zeros(1), tgb.ones(2)])
    tensor([0., 1., 1.])
    """
    solid = atleast_1d(tuple(tensors))
    return cat(solid, 0 if solid and solid[0].ndim == 1 else 1)


@with_out
def vstack(tensors: Sequence[Any]) -> Any:
    """Join along the first axis, vectors as rows.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.vstack([tgb.zeros(2), tgb.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    return cat(atleast_2d(tuple(tensors)), 0)


@with_out
def dstack(tensors: Sequence[Any]) -> Any:
    """Join along the third axis, after :func:`atleast_3d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.dstack([tgb.zeros(2), tgb.ones(2)])
    tensor([[[0., 1.],
             [0., 1.]]])
    """
    return cat(atleast_3d(tuple(tensors)), 2)


@with_out
def column_stack(tensors: Sequence[Any]) -> Any:
    """Join along the second axis, vectors as columns."""
    columns = [x if x.ndim > 1 else ops.reshape(x, shape=(math.prod(x.shape), 1)) for x in tensors]
    return cat(columns, 1)


def block_diag(*tensors: Any) -> Any:
    """Put matrices along the diagonal of one, zero elsewhere.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.block_diag(tgb.tensor([[1, 2]]), tgb.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    if any(x.ndim > 2 for x in tensors):
        raise RuntimeError(
            f"block_diag: matrices are expected, not shapes {[tuple(x.shape) for x in tensors]}"
        )
    blocks = [atleast_2d(x) for x in _alike(list(tensors))]
    width = sum(block.shape[1] for block in blocks)
    rows, before = [], 0
    for block in blocks:
        n = block.shape[1]
        rows.append(ops.pad(block, widths=((0, 0), (before, width - before - n))))
        before += n
    return cat(rows, 0)


# --------------------------------------------------------------------------------- common grids


def broadcast_shapes(*shapes: Any) -> Any:
    """Give the shape to which tensors of these shapes broadcast.

    Raises
    ------
    RuntimeError
        If they don't.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.broadcast_shapes((3, 1), (2,))
    tinygrad_bp.Size([3, 2])
    """
    sizes = [tuple(s) if isinstance(s, (tuple, list)) else (int(s),) for s in shapes]
    try:
        return Size(np.broadcast_shapes(*sizes))
    except ValueError as error:
        raise ShapeError(f"broadcast_shapes: {error}") from None


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """Expand tensors to their common shape.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> a, b = tgb.broadcast_tensors(tgb.zeros(3, 1), tgb.zeros(2))
    >>> a.shape, b.shape
    (tinygrad_bp.Size([3, 2]), tinygrad_bp.Size([3, 2]))
    """
    given = _given(tensors)
    shape = broadcast_shapes(*(tuple(x.shape) for x in given))
    return tuple(expand(x, shape) for x in given)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """Spread vectors over a common grid.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> rows, columns = tgb.meshgrid(tgb.arange(2), tgb.arange(2), indexing="ij")
    >>> rows
    tensor([[0, 0],
            [1, 1]])
    """
    given = _given(tensors)
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'meshgrid: indexing has to be "ij" or "xy", not {indexing!r}')
    if any(x.ndim > 1 for x in given):
        raise RuntimeError(
            f"meshgrid: vectors are expected, not shapes {[tuple(x.shape) for x in given]}"
        )
    if not given:
        raise ShapeError("meshgrid: expected at least one vector")
    if len({x.dtype for x in given}) > 1:
        raise RuntimeError("meshgrid: all vectors have to be of one dtype")
    vectors = [atleast_1d(x) for x in given]
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


def _vectors(tensors: list[Any], what: str) -> list[Any]:
    for x in tensors:
        if x.ndim != 1:
            raise RuntimeError(f"{what}: a vector is expected, not a tensor of {tuple(x.shape)}")
    return tensors


def cartesian_prod(*tensors: Any) -> Any:
    """Give every choice of one element from each vector, as rows; one vector stays as it is.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cartesian_prod(tgb.tensor([1, 2]), tgb.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    vectors = _vectors(_given(tensors), "cartesian_prod")
    if len(vectors) == 1:
        return vectors[0]
    return stack([ops.reshape(x, shape=(-1,)) for x in meshgrid(*_alike(vectors))], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """Give every choice of `r` elements of a vector, in its order, as rows.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.combinations(tgb.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    (vector,) = _vectors([input], "combinations")
    if r < 0:
        raise RuntimeError(f"combinations: r can't be negative, but is {r}")
    if r == 0:
        return input.new_zeros(0)
    n = len(vector)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    count = math.comb(n + r - 1 if with_replacement else n, r) if n or not with_replacement else 0
    flat = itertools.chain.from_iterable(choose(range(n), r))
    chosen = np.fromiter(flat, np.int64, count * r).reshape(count, r)
    return index_ops.index(vector, chosen, template=(index_ops.ARRAY,))
