"""Decompositions: Cholesky, QR, LU, eigenvalues and singular values."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..functions._axes import named, with_out
from ..functions.diagonals import tril, triu
from ..functions.joining import cat
from ..messages import ShapeError
from ..rules import decompositions as ops
from ..rules import solve as solve_ops
from ..rules.complex import conjugate, real
from ..rules.solve import LinAlgError
from ._checks import eye_like, integers, matrices, square
from .solvers import take_rows


class CholeskyEx(NamedTuple):
    """The triangle, and the order of the first minor that is not positive (or 0)."""

    L: Any
    info: Any


class QR(NamedTuple):
    """Orthonormal columns, and an upper triangle."""

    Q: Any
    R: Any


class Eigh(NamedTuple):
    """Eigenvalues in ascending order, eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class Eig(NamedTuple):
    """Eigenvalues in no order, eigenvectors as columns; complex."""

    eigenvalues: Any
    eigenvectors: Any


class SVD(NamedTuple):
    """Singular vectors, singular values in descending order, singular vectors as rows."""

    U: Any
    S: Any
    Vh: Any


class LUFactors(NamedTuple):
    """L and U in one matrix, and which row was exchanged with each, counted from 1."""

    LU: Any
    pivots: Any


class LUFactorsInfo(NamedTuple):
    """As :class:`LUFactors`, with the number of the first pivot that is zero (or 0)."""

    LU: Any
    pivots: Any
    info: Any


class PLU(NamedTuple):
    """A permutation, a lower triangle with ones on its diagonal, and an upper triangle."""

    P: Any
    L: Any
    U: Any


@named(input="A")
@with_out
def cholesky(A: Any, *, upper: bool = False) -> Any:
    """Factor a symmetric positive-definite matrix: A = L Lᵀ, or Uᵀ U with `upper`.

    Only that triangle of A is read. The gradient is symmetric, that of a function of symmetric
    matrices.

    Parameters
    ----------
    A : Tensor (…, n, n)
    upper : bool

    Raises
    ------
    LinAlgError
        If A is not positive-definite.

    References
    ----------
    Murray, Differentiation of the Cholesky decomposition, 2016.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.cholesky(tgb.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    square("linalg.cholesky", A)
    if upper:
        return solve_ops.adjoint(ops.cholesky(solve_ops.adjoint(A)))
    return ops.cholesky(A)


@named(input="A")
@with_out
def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> CholeskyEx:
    """Factor as :func:`cholesky`; a matrix that is not positive-definite does not raise.

    Its factor is correct as far as the leading minors are positive, and constant.
    """
    try:
        factor = cholesky(A, upper=upper)
        return CholeskyEx(factor, integers(A, np.zeros(A.shape[:-2])))
    except LinAlgError:
        if check_errors:
            raise
    array = np.asarray(A.detach())
    array = np.conjugate(array.swapaxes(-1, -2)) if upper else array
    lower, info = ops.cholesky_by_rows(array)
    factor = A.new_tensor(lower)
    return CholeskyEx(solve_ops.adjoint(factor) if upper else factor, integers(A, info))


@with_out
def qr(A: Any, mode: str = "reduced") -> QR:
    """Factor A = Q R into orthonormal columns and an upper triangle.

    Parameters
    ----------
    A : Tensor (…, m, n)
    mode : {"reduced", "complete", "r"}
        "reduced" gives k = min(m, n) columns of Q and rows of R; "complete" all m of them, for
        which there is no gradient where m > n; "r" gives R, and an empty Q.

    References
    ----------
    Walter and Lehmann, Algorithmic differentiation of linear algebra functions, 2012.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> Q, R = tgb.linalg.qr(A)
    >>> tgb.allclose(Q @ R, A, atol=1e-5)
    True
    """
    matrices("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"linalg.qr: mode {mode!r} is none of 'reduced', 'complete', 'r'")
    m, n = A.shape[-2:]
    if mode == "complete" and m > n:
        packed = ops.qr_complete(A)
        return QR(packed[..., :m].mT, packed[..., m:])
    Q, R = ops.qr_parts(A)
    return QR(A.new_tensor(np.empty(0, np.dtype(A.dtype))) if mode == "r" else Q, R)


@named(input="A")
@with_out
def eigh(A: Any, UPLO: str = "L") -> Eigh:
    """Give the eigenvalues, ascending, and the eigenvectors of symmetric matrices.

    Only the lower ("L") or upper ("U") triangle of A is read. An eigenvector is fixed but for its
    sign: a loss should not depend on that. Its gradient is infinite where eigenvalues are equal.

    References
    ----------
    Giles, An extended collection of matrix derivative results, 2008, 3.1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.eigh(tgb.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    square("linalg.eigh", A)
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"linalg.eigh: expected UPLO argument to be 'L' or 'U', got {UPLO!r}")
    values, vectors = ops.eigh_parts(A if UPLO.upper() == "L" else solve_ops.adjoint(A))
    return Eigh(_real_if(A, values), vectors)


def _real_if(A: Any, values: Any) -> Any:
    return real(values) if A.is_complex() else values


@named(input="A")
@with_out
def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """Give the eigenvalues of symmetric matrices, ascending; differentiable where equal, too.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[3.0, 0.0], [0.0, 1.0]])
    >>> tgb.linalg.eigvalsh(A)
    tensor([1., 3.])
    """
    return eigh(A, UPLO).eigenvalues


@named(input="A")
@with_out
def eig(A: Any) -> Eig:
    """Give the complex eigenvalues and eigenvectors (of length 1) of square matrices.

    An eigenvector is fixed but for a factor of absolute value 1: a loss should not depend on that.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[0.0, -1.0], [1.0, 0.0]])
    >>> values, vectors = tgb.linalg.eig(A)
    >>> values.imag
    tensor([ 1., -1.])
    """
    square("linalg.eig", A)
    return Eig(*ops.eig_parts(A))


@named(input="A")
@with_out
def eigvals(A: Any) -> Any:
    """Give the complex eigenvalues of square matrices."""
    return eig(A).eigenvalues


@with_out
def svd(A: Any, full_matrices: bool = True, *, driver: str | None = None) -> SVD:
    """Factor A = U diag(S) Vᴴ, with singular values in descending order.

    Parameters
    ----------
    A : Tensor (…, m, n)
    full_matrices : bool
        Give square U and Vᴴ; their further columns and rows have no gradient.
    driver : str, optional
        Accepted as in PyTorch, where it chooses a method on a GPU.

    References
    ----------
    Townsend, Differentiating the singular value decomposition, 2016.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.svd(tgb.tensor([[0.0, 2.0], [1.0, 0.0]])).S
    tensor([2., 1.])
    """
    matrices("linalg.svd", A)
    U, S, V = ops.svd_parts(A)
    m, n = A.shape[-2:]
    if full_matrices and m > n:
        U = cat([U, ops.svd_rest(A.detach())], -1)
    if full_matrices and n > m:
        V = cat([V, ops.svd_rest(A.detach(), right=True)], -1)
    return SVD(U, _real_if(A, S), solve_ops.adjoint(V))


@with_out
def svdvals(A: Any, *, driver: str | None = None) -> Any:
    """Give the singular values in descending order; differentiable where equal, too.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[3.0, 0.0], [0.0, 1.0]])
    >>> tgb.linalg.svdvals(A)
    tensor([3., 1.])
    """
    return svd(A, False, driver=driver).S


@with_out
def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> LUFactorsInfo:
    """Factor as :func:`lu_factor`, and say which pivot is the first to be zero."""
    what = "linalg.lu_factor"
    matrices(what, A)
    m, n = A.shape[-2:]
    k = min(m, n)
    if pivot:
        exchanges = ops_pivots = solve_ops.lu_pivots(A.detach())
        rows = take_rows(A, solve_ops.row_order(ops_pivots, rows=m))
    else:
        exchanges, rows = np.broadcast_to(np.arange(k), (*A.shape[:-2], k)), A
    factors = solve_ops.lu(rows)
    info = solve_ops.zero_pivots(np.asarray(factors.detach()))
    if check_errors and info.any():
        raise LinAlgError(solve_ops.singular_message(what, info))
    return LUFactorsInfo(factors, integers(A, np.asarray(exchanges) + 1), integers(A, info))


@with_out
def lu_factor(A: Any, *, pivot: bool = True) -> LUFactors:
    """Factor P A = L U, packed for :func:`lu_solve`: L below the diagonal, U on and above it.

    Returns
    -------
    named tuple (LU, pivots)
        Row j was exchanged with row ``pivots[j] - 1``, one after the other.
    """
    return LUFactors(*lu_factor_ex(A, pivot=pivot)[:2])


@with_out
def lu(A: Any, *, pivot: bool = True) -> PLU:
    """Factor A = P L U with partial pivoting: P a permutation, the diagonal of L ones.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[1.0, 2.0], [4.0, 4.0]])
    >>> P, L, U = tgb.linalg.lu(A)
    >>> L, U
    (tensor([[1.0000, 0.0000],
            [0.2500, 1.0000]]), tensor([[4., 4.],
            [0., 1.]]))
    """
    factors, pivots = lu_factor(A, pivot=pivot)
    P, L, U = lu_unpack(factors, pivots)
    return PLU(P if pivot else A.new_tensor(np.empty(0, np.dtype(A.dtype))), L, U)


@with_out
def lu_unpack(LU_data: Any, LU_pivots: Any, unpack_data: bool = True,
              unpack_pivots: bool = True) -> PLU:  # fmt: skip
    """Spell out what :func:`lu_factor` packed: A = P L U."""
    m, n = LU_data.shape[-2:]
    k = min(m, n)
    P = L = U = LU_data.new_tensor(np.empty(0, np.dtype(LU_data.dtype)))
    if unpack_pivots:
        order = solve_ops.row_order(np.asarray(LU_pivots) - 1, rows=m)
        P = LU_data.new_tensor(
            (np.arange(m)[:, None] == order[..., None, :]).astype(np.dtype(LU_data.dtype))
        )
    if unpack_data:
        L = tril(LU_data[..., :k], -1) + np.eye(m, k, dtype=np.dtype(LU_data.dtype))
        U = triu(LU_data[..., :k, :])
    return PLU(P, L, U)


@named(input="A")
@with_out
def householder_product(A: Any, tau: Any) -> Any:
    """Multiply the reflections 1 − τᵢ vᵢ vᵢᴴ, as a QR decomposition leaves them below its R.

    Parameters
    ----------
    A : Tensor (…, m, n)
        Column i holds vᵢ below its diagonal, where vᵢ itself is 1.
    tau : Tensor (…, k)

    Returns
    -------
    Tensor (…, m, n)
        The first n columns of the product.
    """
    what = "linalg.householder_product"
    matrices(what, A)
    m, n = A.shape[-2:]
    k = tau.shape[-1]
    if n > m or k > n:
        raise ShapeError(f"{what}: expected shapes (m, n), (k) with m >= n >= k, got "
                         f"{tuple(A.shape)} and {tuple(tau.shape)}")  # fmt: skip
    # Zeros with a history: without reflections, too, the product belongs to the graph.
    start = tril(A, -m) + eye_like(A, m)[:, :n]
    return reflect(A, tau, start, backward=True)


def reflect(A: Any, tau: Any, other: Any, backward: bool) -> Any:
    """Apply the reflections of A to the columns of `other`, the last one first if `backward`."""
    k = tau.shape[-1]
    vectors = tril(A[..., :k], -1) + np.eye(A.shape[-2], k, dtype=np.dtype(A.dtype))
    for i in range(k)[:: -1 if backward else 1]:
        v = vectors[..., i : i + 1]
        factor = tau[..., i, None, None]
        factor = factor if backward or not A.is_complex() else conjugate(factor)
        other = other - (factor * v) @ (solve_ops.adjoint(v) @ other)
    return other
