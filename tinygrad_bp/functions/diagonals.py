"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

from ..rules import reduce as reduce_ops
from ..rules import shape as ops
from ..rules.index import concatenate
from ._axes import axis_of, with_out


def _two_axes(dim1: int, dim2: int, ndim: int, what: str) -> tuple[int, int]:
    a, b = axis_of(dim1, ndim), axis_of(dim2, ndim)
    if a == b:
        raise RuntimeError(f"{what}: dim1={dim1} and dim2={dim2} name the same axis")
    return a, b


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """Take a diagonal of each matrix; it becomes the last axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.diagonal(x)
    tensor([1., 4.])
    """
    a, b = _two_axes(dim1, dim2, input.ndim, "diagonal")
    return ops.diagonal(input, offset=offset, axis1=a, axis2=b)


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Put the last axis on a diagonal of otherwise zero matrices.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.diag_embed(tgb.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if not input.ndim:
        raise IndexError("diag_embed: at least 1 dimension is expected")
    a, b = _two_axes(dim1, dim2, input.ndim + 1, "diag_embed")
    n = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for axis in sorted((a, b)):
        shape.insert(axis, n)
    return ops.embed_diagonal(input, shape=tuple(shape), offset=offset, axis1=a, axis2=b)


@with_out
def diag(input: Any, diagonal: int = 0) -> Any:
    """Make a diagonal matrix of a vector, or copy the diagonal of a matrix.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.diag(tgb.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim == 2:
        return ops.copy(ops.diagonal(input, offset=diagonal, axis1=0, axis2=1))
    raise RuntimeError(f"diag: expected a vector or a matrix, not {input.ndim} dimensions")


def diagflat(input: Any, offset: int = 0) -> Any:
    """Make a diagonal matrix of all elements."""
    return diag_embed(ops.reshape(input, shape=(input.numel(),)), offset)


def trace(input: Any) -> Any:
    """Add the diagonal of a matrix up.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.trace(x)
    tensor(5.)
    """
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, not {input.ndim} dimensions")
    return reduce_ops.sum(ops.diagonal(input, offset=0, axis1=0, axis2=1))


def _matrices(input: Any, what: str) -> Any:
    if input.ndim < 2:
        raise RuntimeError(f"{what}: at least 2 dimensions are expected, not {input.ndim}")
    return input


@with_out
def tril(input: Any, diagonal: int = 0) -> Any:
    """Keep what lies on and below a diagonal, zero elsewhere.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.tril(tgb.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """
    return ops.tril(_matrices(input, "tril"), k=diagonal)


@with_out
def triu(input: Any, diagonal: int = 0) -> Any:
    """Keep what lies on and above a diagonal, zero elsewhere.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.triu(tgb.ones(2, 2))
    tensor([[1., 1.],
            [0., 1.]])
    """
    return ops.triu(_matrices(input, "triu"), k=diagonal)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Give the powers of each element of a vector as a row: x^(N−1), …, x, 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.vander(tgb.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    if x.ndim != 1:
        raise RuntimeError(f"vander: a vector is expected, not a tensor of {tuple(x.shape)}")
    n = x.shape[0] if N is None else N
    if n < 0:
        raise RuntimeError(f"vander: N can't be negative, but is {n}")
    column = ops.reshape(x, shape=(x.shape[0], 1))
    if n == 0:
        return ops.broadcast_to(column[:, :0], shape=(x.shape[0], 0))
    ones = reduce_ops.full_like(column, value=1)
    factors = [ones, ops.broadcast_to(column, shape=(x.shape[0], n - 1))]
    powers = reduce_ops.cumprod(concatenate(*factors, axis=1), axis=1)
    return powers if increasing else ops.flip(powers, axis=(1,))
