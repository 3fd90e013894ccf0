"""The names that linear algebra has at the top of PyTorch, some with other arguments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..functions._axes import named, with_out
from ..functions.linalg import matmul
from ..functions.reduce import mean
from ..messages import ShapeError
from ..random import default_generator
from ..rules import decompositions as ops
from ..rules.solve import adjoint
from . import decompositions as dec
from . import solvers
from ._checks import matrices, stretched
from .least_squares import pinv
from .products import det, logdet, matrix_exp, matrix_power, slogdet

__all__ = [
    "chain_matmul", "cholesky", "det", "geqrf", "inverse", "logdet", "lu", "lu_solve",
    "matrix_exp", "matrix_power", "orgqr", "ormqr", "pca_lowrank", "pinverse", "qr", "slogdet",
    "svd", "svd_lowrank", "triangular_solve",
]  # fmt: skip


class SVDV(NamedTuple):
    """Singular vectors, singular values, singular vectors: all vectors as columns."""

    U: Any
    S: Any
    V: Any


class TriangularSolution(NamedTuple):
    """The solution, and a copy of the triangular matrix."""

    solution: Any
    cloned_coefficient: Any


class Reflections(NamedTuple):
    """R with the vectors of reflections below it, and their factors."""

    a: Any
    tau: Any


inverse, orgqr = solvers.inv, dec.householder_product


def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """Give the pseudoinverse, as :func:`linalg.pinv` does with ``rtol=rcond``."""
    return pinv(input, rcond)


@with_out
def cholesky(input: Any, upper: bool = False) -> Any:
    """Factor as :func:`linalg.cholesky`."""
    return dec.cholesky(input, upper=upper)


@with_out
def qr(input: Any, some: bool = True) -> Any:
    """Factor as :func:`linalg.qr`, reduced or (``some=False``) complete."""
    return dec.qr(input, "reduced" if some else "complete")


@with_out
def svd(input: Any, some: bool = True, compute_uv: bool = True) -> SVDV:
    """Factor as :func:`linalg.svd`, but give V in place of Vᴴ; zeros without `compute_uv`."""
    U, S, Vh = dec.svd(input, not some)
    if not compute_uv:
        m, n = input.shape[-2:]
        zeros = [input.new_zeros(*input.shape[:-2], k, k) for k in (m, n)]
        return SVDV(zeros[0], S, zeros[1])
    return SVDV(U, S, adjoint(Vh))


def lu(A: Any, pivot: bool = True, get_infos: bool = False) -> Any:
    """Factor as :func:`linalg.lu_factor`; with `get_infos` as :func:`linalg.lu_factor_ex`."""
    factors = dec.lu_factor_ex(A, pivot=pivot, check_errors=not get_infos)
    return factors if get_infos else dec.LUFactors(*factors[:2])


@named(input="b")
@with_out
def lu_solve(b: Any, LU_data: Any, LU_pivots: Any) -> Any:
    """Solve A X = b from the factors of A, as :func:`linalg.lu_solve` does."""
    return solvers.lu_solve(LU_data, LU_pivots, b)


@named(input="b")
@with_out
def triangular_solve(b: Any, A: Any, upper: bool = True, transpose: bool = False,
                     unitriangular: bool = False) -> TriangularSolution:  # fmt: skip
    """Solve A X = b, or Aᵀ X = b, for triangular A."""
    matrices("triangular_solve", b, A)
    turned = A.mT if transpose else A
    X = solvers.solve_triangular(turned, b, upper=upper != transpose, unitriangular=unitriangular)
    return TriangularSolution(X, stretched(A, tuple(X.shape[:-2])).clone())


@with_out
def geqrf(input: Any) -> Reflections:
    """Factor Q R, with Q left as reflections for :func:`orgqr` and :func:`ormqr`; no gradient."""
    matrices("geqrf", input)
    packed = ops.qr_raw(input)
    k = min(input.shape[-2:])
    return Reflections(packed[..., :-1, :], packed[..., -1, :k])


@named(input2="tau", input3="other")
@with_out
def ormqr(input: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False) -> Any:
    """Multiply `other` with the Q of reflections, or its transpose, from the left or the right."""
    matrices("ormqr", input, other)
    if other.shape[-2 if left else -1] != input.shape[-2]:
        raise ShapeError(
            f"ormqr: Q has {input.shape[-2]} rows, other the shape {tuple(other.shape)}"
        )
    if not left:
        # C Q = (Qᵀ Cᵀ)ᵀ
        turned = dec.reflect(input, tau, adjoint(other), backward=transpose)
        return adjoint(turned)
    return dec.reflect(input, tau, other, backward=not transpose)


@with_out
def chain_matmul(*matrices: Any) -> Any:
    """Multiply matrices, as :func:`linalg.multi_dot` does."""
    from .products import multi_dot

    if len(matrices) == 1 and isinstance(matrices[0], (list, tuple)):
        matrices = tuple(matrices[0])
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


def _basis(A: Any, q: int, niter: int, M: Any) -> Any:
    """Find orthonormal columns that span nearly what A does, by subspace iteration.

    Halko, Martinsson and Tropp, Finding structure with randomness, SIAM Review 53, 2011, 4.4.
    """

    def times(x: Any, transposed: bool) -> Any:
        B = A if M is None else A - M
        return matmul(adjoint(B) if transposed else B, x)

    drawn = default_generator.numpy.standard_normal((A.shape[-1], q))
    start = A.new_tensor(drawn.astype(np.dtype(A.dtype)))
    Q = dec.qr(times(start, False)).Q
    for _ in range(niter):
        Q = dec.qr(times(Q, True)).Q
        Q = dec.qr(times(Q, False)).Q
    return Q


def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None) -> SVDV:
    """Approximate the `q` largest singular values of A (of A − M) and their vectors.

    Parameters
    ----------
    A : Tensor (…, m, n)
    q : int
        A little more than the rank that is sought.
    niter : int
        How often the subspace is iterated.
    M : Tensor, optional
        Subtracted from A: of its mean, say.

    References
    ----------
    Halko, Martinsson and Tropp, Finding structure with randomness, SIAM Review 53, 2011.
    """
    matrices("svd_lowrank", A)
    q, niter = 6 if q is None else q, 2 if niter is None else niter
    m, n = A.shape[-2:]
    turned = m < n
    if turned:
        A, M = adjoint(A), None if M is None else adjoint(M)
    Q = _basis(A, q, niter, M)
    small = matmul(adjoint(Q), A if M is None else A - M)
    U, S, Vh = dec.svd(small, False)
    U, V = matmul(Q, U), adjoint(Vh)
    return SVDV(V, S, U) if turned else SVDV(U, S, V)


def pca_lowrank(A: Any, q: int | None = None, center: bool = True, niter: int = 2) -> SVDV:
    """Find the first `q` principal components of the rows of A, as columns of V.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> U, S, V = tgb.pca_lowrank(tgb.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]), q=1)
    >>> V.shape, S
    (tinygrad_bp.Size([2, 1]), tensor([2.]))
    """
    m, n = A.shape[-2:]
    q = min(6, m, n) if q is None else q
    if not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than {min(m, n)}")
    if not center:
        return svd_lowrank(A, q, niter)
    return svd_lowrank(A - mean(A, -2, keepdim=True), q, niter)
