"""Inverses and solutions of linear systems."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..functions._axes import named, with_out
from ..functions.shape import movedim, reshape, squeeze, unsqueeze
from ..messages import ShapeError
from ..rules import solve as ops
from ..rules.complex import conjugate
from ..rules.index import take_along_axis
from ..rules.shape import broadcast_to
from ..rules.solve import LinAlgError
from ._checks import (
    eye_like,
    floating,
    integers,
    matrices,
    same_dtype,
    square,
    stretched,
    together,
)  # fmt: skip


class Inverse(NamedTuple):
    """The inverse, and for each matrix the number of the pivot that is zero (or 0)."""

    inverse: Any
    info: Any


class Solution(NamedTuple):
    """The solution, and for each matrix the number of the pivot that is zero (or 0)."""

    result: Any
    info: Any


@with_out
def inv(A: Any) -> Any:
    """Give the inverse of square matrices.

    Parameters
    ----------
    A : Tensor (…, n, n)

    Raises
    ------
    LinAlgError
        For a singular matrix.

    Notes
    -----
    To solve A X = B, :func:`solve` is faster and more exact than ``inv(A) @ B``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.inv(tgb.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    square("linalg.inv", A)
    return ops.inv(A)


@with_out
def inv_ex(A: Any, *, check_errors: bool = False) -> Inverse:
    """Give the inverse, and whether there is one; a singular matrix does not raise."""
    square("linalg.inv", A)
    inverse, info = invert("linalg.inv", A, check_errors)
    return Inverse(inverse, integers(A, info))


def invert(what: str, A: Any, check_errors: bool = False) -> tuple[Any, Any]:
    """Return the inverses, infinite ones of singular matrices, and which those are (an array)."""
    try:
        return ops.inv(A), np.zeros(A.shape[:-2], np.int32)
    except LinAlgError:
        if check_errors:
            raise
    factors, pivots, info = _factor(A)
    return _solve_factored(factors, pivots, A.new_tensor(eye_like(A, A.shape[-1]))), info


def _factor(A: Any) -> tuple[Any, Any, Any]:
    """Return L and U in one, the pivots (from 0) and the numbers of zero pivots."""
    pivots = ops.lu_pivots(A)
    factors = ops.lu(take_rows(A, ops.row_order(pivots, rows=A.shape[-2])))
    return factors, pivots, ops.zero_pivots(np.asarray(factors.detach()))


def take_rows(A: Any, order: Any) -> Any:
    """Put the rows of each matrix in an order (…, rows)."""
    places = unsqueeze(order, -1)
    batch = np.broadcast_shapes(tuple(A.shape[:-2]), tuple(places.shape[:-2]))
    shape = (*batch, *A.shape[-2:])
    return take_along_axis(
        stretched(A, batch), broadcast_to(places, shape=shape), axis=len(shape) - 2
    )


def _solve_factored(factors: Any, pivots: Any, B: Any, transposed: bool = False) -> Any:
    """Solve A X = B, or Aᵀ X = B, for P A = L U."""
    order = ops.row_order(pivots, rows=factors.shape[-1])
    if transposed:
        turned, X = together("linalg.lu_solve", factors.mT, B)
        X = ops.solve_triangular(turned, X, upper=False)
        X = ops.solve_triangular(turned, X, upper=True, unit=True)
        return take_rows(X, order.argsort(-1))
    factors, X = together("linalg.lu_solve", factors, take_rows(B, order))
    X = ops.solve_triangular(factors, X, upper=False, unit=True)
    return ops.solve_triangular(factors, X, upper=True)


def _operands(what: str, A: Any, B: Any, left: bool) -> tuple[Any, Any, bool]:
    """Check A X = B; return A, B as matrices of one batch, and whether B was a vector (or many)."""
    square(what, A)
    floating(what, B)
    same_dtype(what, A, B)
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if vector and not left:
        raise ShapeError(f"{what}: with left=False, B must be a matrix, not {tuple(B.shape)}")
    if vector:
        B = unsqueeze(B, -1)
    rows = B.shape[-2 if left else -1]
    if rows != A.shape[-1]:
        raise ShapeError(
            f"{what}: incompatible shapes of A and B for the equation {'AX' if left else 'XA'} = B:"
            f" {tuple(A.shape)} and {tuple(B.shape)}"
        )
    if not left:
        A, B = A.mT, B.mT
    A, B = together(what, A, B)
    return A, B, vector


def _shaped(X: Any, left: bool, vector: bool) -> Any:
    return squeeze(X, -1) if vector else X if left else X.mT


@with_out
def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """Solve A X = B (X A = B with ``left=False``) for square matrices A.

    Parameters
    ----------
    A : Tensor (…, n, n)
    B : Tensor (…, n, k), or vectors (…, n)
    left : bool

    Raises
    ------
    LinAlgError
        For a singular matrix.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[2.0, 1.0], [1.0, 3.0]])
    >>> tgb.linalg.solve(A, tgb.tensor([3.0, 4.0]))
    tensor([1., 1.])
    """
    A, B, vector = _operands("linalg.solve", A, B, left)
    return _shaped(ops.solve(A, B), left, vector)


@with_out
def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Solution:
    """Solve as :func:`solve`; a singular matrix gives infinities, and its number in `info`."""
    A, B, vector = _operands("linalg.solve", A, B, left)
    try:
        X, info = ops.solve(A, B), np.zeros(A.shape[:-2], np.int32)
    except LinAlgError:
        if check_errors:
            raise
        factors, pivots, info = _factor(A)
        X = _solve_factored(factors, pivots, B)
    return Solution(_shaped(X, left, vector), integers(A, info))


@named(input="A")
@with_out
def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True,
                     unitriangular: bool = False) -> Any:  # fmt: skip
    """Solve A X = B (X A = B with ``left=False``) for triangular A; its other half is not read.

    With `unitriangular` the diagonal is taken to be 1. A zero on the diagonal gives infinities.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[2.0, 1.0], [0.0, 4.0]])
    >>> tgb.linalg.solve_triangular(A, tgb.tensor([[4.0], [8.0]]), upper=True)
    tensor([[1.],
            [2.]])
    """
    what = "linalg.solve_triangular"
    square(what, A)
    matrices(what, B)
    same_dtype(what, A, B)
    if B.shape[-2 if left else -1] != A.shape[-1]:
        raise ShapeError(f"{what}: incompatible shapes {tuple(A.shape)} and {tuple(B.shape)}")
    if not left:
        A, B, upper = A.mT, B.mT, not upper
    A, B = together(what, A, B)
    return _shaped(ops.solve_triangular(A, B, upper=upper, unit=unitriangular), left, False)


@with_out
def lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False) -> Any:
    """Solve A X = B from what :func:`lu_factor` gave of A (of Aᴴ with `adjoint`)."""
    what = "linalg.lu_solve"
    square(what, LU)
    matrices(what, B)
    same_dtype(what, LU, B)
    if B.shape[-2 if left else -1] != LU.shape[-1]:
        raise ShapeError(f"{what}: incompatible shapes {tuple(LU.shape)} and {tuple(B.shape)}")
    # X A = B is Aᵀ Xᵀ = Bᵀ: one more transposition. Aᴴ is Aᵀ between conjugates.
    turned = adjoint and LU.is_complex()
    B = conjugate(B) if turned else B
    X = _solve_factored(LU, pivots.detach() - 1, B if left else B.mT, transposed=adjoint == left)
    X = X if left else X.mT
    return conjugate(X) if turned else X


@named(input="B", input2="L")
@with_out
def cholesky_solve(B: Any, L: Any, upper: bool = False) -> Any:
    """Solve A X = B from the Cholesky factor of A: A = L Lᵀ, or Uᵀ U with `upper`."""
    what = "cholesky_solve"
    square(what, L)
    matrices(what, B)
    same_dtype(what, L, B)
    if B.shape[-2] != L.shape[-1]:
        raise ShapeError(f"{what}: incompatible shapes {tuple(B.shape)} and {tuple(L.shape)}")
    L, B = together(what, L, B)
    return ops.cholesky_solve(B, ops.adjoint(L) if upper else L)


@named(input="L")
@with_out
def cholesky_inverse(L: Any, upper: bool = False) -> Any:
    """Invert A from its Cholesky factor."""
    square("cholesky_inverse", L)
    identity = L.new_tensor(np.broadcast_to(eye_like(L, L.shape[-1]), tuple(L.shape)).copy())
    return cholesky_solve(identity, L, upper)


@named(input="A")
@with_out
def tensorinv(A: Any, ind: int = 2) -> Any:
    """Invert the map that ``tensordot(A, X, ind)`` is, from the last axes to the first `ind`.

    Raises
    ------
    RuntimeError
        If the first `ind` axes and the others do not have equally many elements.
    """
    what, shape = "linalg.tensorinv", tuple(A.shape)
    if ind <= 0:
        raise RuntimeError(f"{what}: expected a strictly positive integer for 'ind', got {ind}")
    n, k = math.prod(shape[:ind]), math.prod(shape[ind:])
    if n != k:
        raise ShapeError(
            f"{what}: expected self to satisfy prod(A.shape[ind:]) == prod(A.shape[:ind]), got "
            f"{shape} with ind={ind}"
        )
    return reshape(inv(reshape(A, n, k)), *shape[ind:], *shape[:ind])


@named(input="A", other="B")
@with_out
def tensorsolve(A: Any, B: Any, dims: Any = None) -> Any:
    """Solve ``tensordot(A, X, X.ndim) = B``; the axes `dims` of A are moved to its end first."""
    if dims is not None:
        A = movedim(A, tuple(dims), tuple(range(A.ndim - len(tuple(dims)), A.ndim)))
    n, shape = B.numel(), tuple(A.shape[B.ndim :])
    if math.prod(shape) != n:
        raise ShapeError(
            "linalg.tensorsolve: expected self to satisfy the requirement "
            f"prod(A.shape[ind:]) == prod(A.shape[:ind]), got A {tuple(A.shape)} and B "
            f"{tuple(B.shape)}"
        )
    return reshape(solve(reshape(A, n, n), reshape(B, n)), *shape)
