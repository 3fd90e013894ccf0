"""Decompositions of matrices, in batches: Cholesky, QR, eigenvalues, singular values, inverses.

An operation of the table has one output, a decomposition two or three. Its factors are of one dtype
and share a length, so that they are packed into one array: the eigenvalues are a row above the
eigenvectors, say. What a caller takes out are slices, views of that array, which the graph knows
already; and a rule that names `out` keeps all factors by it, with their history. So one node is
recorded, one decomposition computed, and the second derivative comes with the first.

The formulas are Giles (An extended collection of matrix derivative results, 2008) for symmetric
eigenproblems, Townsend (Differentiating the singular value decomposition, 2016), Walter and Lehmann
(Algorithmic differentiation of linear algebra functions with application in optimum experimental
design, 2012) for QR, Murray (Differentiation of the Cholesky decomposition, 2016), and Golub and
Pereyra (The differentiation of pseudo-inverses and nonlinear least squares problems, 1973).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import constant, primitive
from .complex import conjugate, real
from .solve import (
    LinAlgError,
    adjoint,
    as_diagonal,
    diagonal_of,
    dtype_of,
    ratio,
    solve,
    solve_triangular,
)  # fmt: skip


def _halved(x: Any) -> Any:
    """Keep the lower triangle, and half of the diagonal."""
    n = x.shape[-1]
    return x * (np.tril(np.ones((n, n), dtype_of(x))) - np.eye(n, dtype=dtype_of(x)) / 2)


def _cholesky_x(g: Any, out: Any) -> Any:
    inner = _halved(adjoint(out) @ g)
    left = solve_triangular(adjoint(out), inner, upper=True)
    whole = adjoint(solve_triangular(adjoint(out), adjoint(left), upper=True))
    return (whole + adjoint(whole)) / 2


@primitive(x=_cholesky_x)
def cholesky(x: Any) -> Any:
    """Give the lower triangle L of A = L Lᵀ; the upper triangle of A is not read.

    The gradient is that of a function of symmetric matrices, as in PyTorch: symmetric itself.
    """
    try:
        return np.linalg.cholesky(x)
    except np.linalg.LinAlgError:
        info = cholesky_info(x)
        at = tuple(int(i) for i in np.argwhere(info)[0])
        which = f" (batch element {', '.join(map(str, at))})" if at else ""
        raise LinAlgError(
            f"linalg.cholesky{which}: the leading minor of order {int(info[at])} is not positive: "
            "the input is not positive-definite. Remedy: add a small multiple of the identity"
        ) from None


def cholesky_by_rows(x: Any) -> tuple[Any, Any]:
    """Factor as far as it goes; return L, and the order of the first minor that is not positive."""
    lower, n = np.tril(x), x.shape[-1]
    info = np.zeros(x.shape[:-2], np.int32)
    for j in range(n):
        row = lower[..., j : j + 1, :j]
        column = lower[..., j:, j : j + 1] - lower[..., j:, :j] @ np.conjugate(row.swapaxes(-1, -2))
        square = column[..., :1, :].real
        good = (square > 0) & (info[..., None, None] == 0)
        info = np.where((info == 0) & ~good[..., 0, 0], j + 1, info).astype(np.int32)
        root = np.sqrt(np.where(good, square, 1))
        lower[..., j:, j : j + 1] = np.where(good, column / root, lower[..., j:, j : j + 1])
    return lower, info


def cholesky_info(x: Any) -> Any:
    """Return the order of the first leading minor that is not positive, 0 where all are."""
    return cholesky_by_rows(x)[1]


# ---------------------------------------------------------------------------------------------- QR


def qr_parts(x: Any) -> tuple[Any, Any]:
    """Return Q and R of the reduced decomposition."""
    m = x.shape[-2]
    packed = qr(x)
    return packed[..., :m].swapaxes(-1, -2), packed[..., m:]


def _qr_x(g: Any, out: Any, x_shape: tuple[int, ...]) -> Any:
    m, n = x_shape[-2:]
    k = min(m, n)
    q, r = out[..., :m].swapaxes(-1, -2), out[..., m:]
    of_q, of_r = g[..., :m].swapaxes(-1, -2), g[..., m:]
    parts = []
    if n > k:  # further columns: R₂ = Qᵀ X₂, and X₂ = Q R₂
        parts = [q @ of_r[..., k:]]
        of_q = of_q + q @ (r[..., k:] @ adjoint(of_r[..., k:]))
        r, of_r = r[..., :k], of_r[..., :k]
    inner = np.triu(of_r @ adjoint(r) - adjoint(q) @ of_q)
    both = inner + adjoint(inner)
    symmetric = both - as_diagonal(diagonal_of(both)) / 2
    whole = adjoint(solve_triangular(r, adjoint(q @ symmetric + of_q), upper=True))
    return np.concatenate([whole, *parts], axis=-1) if parts else whole


@primitive(x=_qr_x)
def qr(x: Any) -> Any:
    """Give (Qᵀ R): k rows of Q transposed, and of R."""
    q, r = np.linalg.qr(x)
    return np.concatenate((q.swapaxes(-1, -2), r), axis=-1)


@constant
def qr_complete(x: Any) -> Any:
    """Give (Qᵀ R) with a square Q."""
    q, r = np.linalg.qr(x, mode="complete")
    return np.concatenate((q.swapaxes(-1, -2), r), axis=-1)


@constant
def qr_raw(x: Any) -> Any:
    """Give R and, below it, the vectors of the reflections, and as a last row their factors τ."""
    h, tau = np.linalg.qr(x, mode="raw")
    out = np.zeros((*x.shape[:-2], x.shape[-2] + 1, x.shape[-1]), x.dtype)
    out[..., :-1, :] = h.swapaxes(-1, -2)
    out[..., -1, : tau.shape[-1]] = tau
    return out


# ------------------------------------------------------------------------------- symmetric matrices


def eigh_parts(x: Any) -> tuple[Any, Any]:
    """Return the eigenvalues in order, and the eigenvectors as columns."""
    packed = eigh(x)
    return packed[..., 0, :], packed[..., 1:, :]


def _skew(x: Any) -> Any:
    return x - adjoint(x)


def _off_diagonal(x: Any) -> Any:
    """Set the diagonal to 0 (that of a skew matrix is: but for rounding, of complex numbers)."""
    return x * (1 - np.eye(x.shape[-1], dtype=dtype_of(x)))


def _eigh_x(g: Any, out: Any) -> Any:
    values, vectors = out[..., :1, :], out[..., 1:, :]
    turned = adjoint(vectors)
    gaps = values - values.swapaxes(-1, -2)
    # Vectors stay orthonormal: they can but turn into one another.
    inner = ratio(_off_diagonal(_skew(turned @ g[..., 1:, :])) / 2, gaps)
    return vectors @ (as_diagonal(g[..., 0, :]) + inner) @ turned


@primitive(x=_eigh_x)
def eigh(x: Any) -> Any:
    """Give the eigenvalues, and below them the eigenvectors; the upper triangle is not read.

    The gradient is that of a function of symmetric matrices. It has the gaps between eigenvalues in
    denominators: it is infinite where two of them are equal and a gradient of vectors arrives.
    """
    values, vectors = np.linalg.eigh(x)
    return np.concatenate((values[..., None, :].astype(vectors.dtype), vectors), axis=-2)


# ---------------------------------------------------------------------------------- singular values


def svd_parts(x: Any) -> tuple[Any, Any, Any]:
    """Return U, s and V (not transposed) of the reduced decomposition A = U diag(s) Vᵀ."""
    packed, m = svd(x), x.shape[-2]
    return packed[..., :m, :], packed[..., m, :], packed[..., m + 1 :, :]


def _svd_x(g: Any, out: Any, x_shape: tuple[int, ...]) -> Any:
    m, n = x_shape[-2:]
    u, s, v = out[..., :m, :], out[..., m : m + 1, :], out[..., m + 1 :, :]
    of_u, of_s, of_v = g[..., :m, :], g[..., m, :], g[..., m + 1 :, :]
    # (s_j − s_i)(s_j + s_i) loses fewer digits than the difference of squares.
    gaps = (s - s.swapaxes(-1, -2)) * (s + s.swapaxes(-1, -2))
    left, right = adjoint(u) @ of_u, adjoint(v) @ of_v
    core = as_diagonal(of_s) + ratio(_off_diagonal(_skew(left)), gaps) * s
    core = core + ratio(_off_diagonal(_skew(right)), gaps) * s.swapaxes(-1, -2)
    if dtype_of(out).kind == "c":  # each pair of complex vectors turns by a common angle
        angles = diagonal_of(_skew(left)) - diagonal_of(_skew(right))
        core = core + as_diagonal(ratio(angles / 4, s[..., 0, :]))
    whole = u @ core @ adjoint(v)
    # What leaves the space that the columns span.
    if m > min(m, n):
        whole = whole + ratio(of_u - u @ left, s) @ adjoint(v)
    if n > min(m, n):
        whole = whole + u @ adjoint(ratio(of_v - v @ right, s))
    return whole


@primitive(x=_svd_x)
def svd(x: Any) -> Any:
    """Give U, below it a row of singular values, and below that V, of the same k columns."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    v = np.conjugate(vt.swapaxes(-1, -2))
    return np.concatenate((u, s[..., None, :].astype(u.dtype), v), axis=-2)


@constant
def svd_rest(x: Any, *, right: bool = False) -> Any:
    """Give the columns that complete U (or V) to a square matrix: any that are orthogonal to it."""
    m, n = x.shape[-2:]
    u, _, vt = np.linalg.svd(x, full_matrices=True)
    rest = np.conjugate(vt.swapaxes(-1, -2)) if right else u
    return rest[..., min(m, n) :].copy()


def _pinv_x(g: Any, x: Any, out: Any) -> Any:
    p, turned, of = out, adjoint(out), adjoint(g)
    outer = of - x @ (p @ of)
    inner = of - (of @ p) @ x
    return outer @ p @ turned + turned @ p @ inner - turned @ g @ turned


@primitive(x=_pinv_x)
def pinv(x: Any, cutoff: Any, *, hermitian: bool = False) -> Any:
    """Give the pseudoinverse; singular values up to the cutoff (one a matrix) count as zero.

    Of a symmetric matrix (`hermitian`) only the lower triangle is read; the gradient is that of a
    general one, as in PyTorch.
    """
    if hermitian:
        values, vectors = np.linalg.eigh(x)
        keep = np.abs(values) > cutoff[..., None]
        inverse = np.where(keep, 1 / np.where(keep, values, 1), 0)[..., None, :].astype(x.dtype)
        return (vectors * inverse) @ np.conjugate(vectors.swapaxes(-1, -2))
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    keep = s > cutoff[..., None]
    inverse = np.where(keep, 1 / np.where(keep, s, 1), 0).astype(x.dtype)
    return np.conjugate((u * inverse[..., None, :]) @ vt).swapaxes(-1, -2)


# --------------------------------------------------------------------------------- general matrices


def eig_parts(x: Any) -> tuple[Any, Any]:
    """Return the eigenvalues and the eigenvectors (columns) of general matrices: complex ones."""
    packed = eig(x)
    return packed[..., 0, :], packed[..., 1:, :]


def _eig_x(g: Any, out: Any, x_dtype: Any) -> Any:
    values, vectors = out[..., :1, :], out[..., 1:, :]
    turned = adjoint(vectors)
    inner = turned @ g[..., 1:, :]
    # The vectors are kept at length 1: what would change their lengths does not flow.
    lengths = real(diagonal_of(inner))[..., None, :]
    gaps = conjugate(values - values.swapaxes(-1, -2))
    tangent = inner - (turned @ vectors) * lengths
    tangent = ratio(tangent - as_diagonal(diagonal_of(tangent)), gaps)
    whole = solve(turned, (as_diagonal(g[..., 0, :]) + tangent) @ turned)
    return whole if np.dtype(x_dtype).kind == "c" else real(whole)


@primitive(x=_eig_x)
def eig(x: Any) -> Any:
    """Give the complex eigenvalues, and below them the eigenvectors, of length 1."""
    values, vectors = np.linalg.eig(x)
    kind = np.result_type(x.dtype, np.complex64)
    return np.concatenate((values[..., None, :], vectors), axis=-2).astype(kind)


__all__ = [
    "cholesky", "cholesky_by_rows", "eig", "eig_parts", "eigh", "eigh_parts", "pinv", "qr",
    "qr_complete", "qr_parts", "qr_raw", "svd", "svd_parts", "svd_rest",
]  # fmt: skip
