"""Determinants, powers, the exponential, and products that belong to linear algebra."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..functions._axes import axis_of, named, numpy_names, with_out
from ..functions.diagonals import diagonal as _diagonal
from ..functions.diagonals import tril
from ..functions.joining import cat
from ..functions.linalg import cross as _cross
from ..functions.linalg import matmul
from ..functions.shape import unsqueeze
from ..messages import ShapeError
from ..rules import determinant as det_ops
from ..rules import elementwise as ew
from ..rules import reduce as red
from ..rules import solve as ops
from ..rules.complex import conjugate
from ..rules.shape import broadcast_to
from ._checks import eye_like, square
from .solvers import inv

__all__ = [
    "SlogDet", "cross", "det", "diagonal", "logdet", "matrix_exp", "matrix_power", "multi_dot",
    "slogdet", "vander", "vecdot",
]  # fmt: skip


class SlogDet(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Any
    logabsdet: Any


@with_out
def det(A: Any) -> Any:
    """Give the determinant of square matrices; the gradient is right for singular ones too.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.det(tgb.tensor([[2.0, 0.0], [0.0, 3.0]]))
    tensor(6.)
    """
    square("linalg.det", A)
    return det_ops.det(A)


@with_out
def slogdet(A: Any) -> SlogDet:
    """Give the sign and log |det A|, which neither overflows nor vanishes.

    Of a singular matrix they are 0 and −∞.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[3.0, 0.0], [0.0, 1.0]])
    >>> tgb.linalg.slogdet(A)
    SlogDet(sign=tensor(1.), logabsdet=tensor(1.0986))
    """
    square("linalg.slogdet", A)
    size = det_ops.logabsdet(A)
    if A.is_complex():  # the sign is a direction, with a gradient
        return SlogDet(det_ops.det(A) * ew.exp(-size), size)
    return SlogDet(det_ops.sign_of_det(A), size)


def logdet(input: Any) -> Any:
    """Give log det A: NaN where the determinant is negative."""
    square("logdet", input)
    return det_ops.logabsdet(input) + ew.log(det_ops.sign_of_det(input).detach())


@named(input="A")
def matrix_exp(A: Any) -> Any:
    """Give the matrix exponential Σ Aᵏ / k!.

    References
    ----------
    Higham, The scaling and squaring method for the matrix exponential revisited, 2009.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.matrix_exp(tgb.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    square("linalg.matrix_exp", A)
    return ops.matrix_exp(A)


@named(input="A")
@with_out
def matrix_power(A: Any, n: int) -> Any:
    """Multiply a square matrix n times with itself; a negative n takes the inverse.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.matrix_power(tgb.tensor([[1.0, 1.0], [1.0, 0.0]]), 5)
    tensor([[8., 5.],
            [5., 3.]])
    """
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        square("linalg.matrix_power", A)
    if n < 0:
        A, n = inv(A), -n
    if n == 0:
        return tril(A, -A.shape[-1]) + eye_like(A, A.shape[-1])  # zeros with a history, and 1
    result = None
    while n:
        n, odd = divmod(n, 2)
        if odd:
            result = A if result is None else matmul(result, A)
        if n:
            A = matmul(A, A)
    return result.clone() if result is A else result


@with_out
def multi_dot(tensors: Sequence[Any]) -> Any:
    """Multiply matrices in the order of the fewest multiplications; the ends may be vectors.

    References
    ----------
    Cormen, Leiserson, Rivest and Stein, Introduction to Algorithms, 3rd ed., 15.2.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.multi_dot([tgb.ones(2, 3), tgb.ones(3, 4), tgb.ones(4)])
    tensor([12., 12.])
    """
    what, chain = "linalg.multi_dot", list(tensors)
    if len(chain) < 2:
        raise RuntimeError(f"{what}: expected at least 2 tensors, got {len(chain)}")
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    if row:
        chain[0] = unsqueeze(chain[0], 0)
    if column:
        chain[-1] = unsqueeze(chain[-1], -1)
    for i, x in enumerate(chain):
        if x.ndim != 2:
            raise ShapeError(f"{what}: tensor {i} must be a matrix, got {tuple(tensors[i].shape)}")
    for i in range(len(chain) - 1):
        if chain[i].shape[1] != chain[i + 1].shape[0]:
            raise ShapeError(
                f"{what}: tensors {i} and {i + 1} cannot be multiplied: "
                f"{tuple(tensors[i].shape)} and {tuple(tensors[i + 1].shape)}"
            )
    sizes = [chain[0].shape[0], *(x.shape[1] for x in chain)]

    @functools.cache
    def best(i: int, j: int) -> tuple[int, int]:
        """Return the cost of the product of matrices i to j, and after which one to split it."""
        if i == j:
            return 0, i
        return min(
            (best(i, k)[0] + best(k + 1, j)[0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
            for k in range(i, j)
        )

    def product(i: int, j: int) -> Any:
        k = best(i, j)[1]
        return chain[i] if i == j else matmul(product(i, k), product(k + 1, j))

    out = product(0, len(chain) - 1)
    if row:
        out = out[0]
    return out[..., 0] if column else out


@numpy_names
def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Give Σ x̄ y along an axis, broadcasting the others.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.vecdot(tgb.ones(2, 3), tgb.ones(2, 3))
    tensor([3., 3.])
    """
    if x.dtype != y.dtype:
        raise RuntimeError(
            f"linalg.vecdot: expected vectors of one dtype, got {x.dtype.name} and {y.dtype.name}"
        )
    product = ew.multiply(conjugate(x) if x.is_complex() else x, y)
    return red.sum(product, axis=axis_of(dim, product.ndim))


@numpy_names
def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """Give the vector that is orthogonal to two vectors of 3 components, along an axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.cross(tgb.tensor([1.0, 0.0, 0.0]), tgb.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    return _cross(input, other, dim)


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Take a diagonal of the matrices that two axes make up; a view."""
    return _diagonal(A, offset, dim1, dim2)


def vander(x: Any, *, N: int | None = None) -> Any:
    """Give the powers 0, …, N − 1 of the elements, along a new last axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.vander(tgb.tensor([2, 3]))
    tensor([[1, 2],
            [1, 3]])
    """
    n = (x.shape[-1] if x.ndim else 1) if N is None else N
    if n < 1:
        raise RuntimeError(f"linalg.vander: N must be greater than 0, got {n}")
    x = x if x.ndim else unsqueeze(x, 0)
    column = unsqueeze(x, -1)
    ones = red.full_like(column, value=1)
    if n == 1:
        return ones
    powers = red.cumprod(broadcast_to(column, shape=(*x.shape, n - 1)), axis=x.ndim)
    return cat([ones.to(powers.dtype), powers], -1)
