"""Inverses, linear systems, the exponential and LU of matrices, in batches.

With dA⁻¹ = −A⁻¹ dA A⁻¹, a gradient G of the inverse becomes −A⁻ᵀ G A⁻ᵀ, and so on (Giles, An
extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008). Of a complex matrix the transpose is conjugated, too.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import constant, primitive
from .complex import conjugate
from .elimination import eliminate, permutation, substitute


class LinAlgError(RuntimeError):
    """A matrix for which the operation has no answer: a singular one, say."""


def adjoint(x: Any) -> Any:
    """Transpose the matrices; conjugate too, where there is something to conjugate."""
    turned = x.swapaxes(-1, -2)
    return conjugate(turned) if np.dtype(x.dtype).kind == "c" else turned


def dtype_of(x: Any) -> Any:
    """Return NumPy's dtype of an array, a tensor, a formula."""
    return np.dtype(x.dtype)


def diagonal_of(x: Any) -> Any:
    """Take the diagonal of each square matrix, as a row each."""
    return (x * np.eye(x.shape[-1], dtype=dtype_of(x))).sum(-2)


def as_diagonal(x: Any) -> Any:
    """Put each row on the diagonal of a matrix."""
    return x[..., None, :] * np.eye(x.shape[-1], dtype=dtype_of(x))


def ratio(x: Any, y: Any) -> Any:
    """Divide, with 0 / 0 = 0: what does not flow stays 0, where a spectrum is degenerate too."""
    nothing = (x == 0) & (y == 0)
    return np.where(nothing, x * 0, x / np.where(nothing, y * 0 + 1, y))


def singular_message(what: str, info: Any) -> str:
    """Say which matrix of a batch was singular, and where it was noticed."""
    info = np.asarray(info)
    at = tuple(int(i) for i in np.argwhere(info)[0])
    which = f" (batch element {', '.join(map(str, at))})" if at else ""
    return (
        f"{what}{which}: the diagonal element {int(info[at])} of U is zero: the input matrix is "
        "singular. Remedy: add a multiple of the identity to it, or use linalg.pinv or linalg.lstsq"
    )


def zero_pivots(lu: Any) -> Any:
    """Return, for each matrix, the number from 1 of the first zero on the diagonal of U, or 0."""
    zero = np.diagonal(lu, axis1=-2, axis2=-1) == 0
    first = zero.argmax(-1) + 1 if zero.shape[-1] else np.zeros(zero.shape[:-1], int)
    return np.where(zero.any(-1), first, 0).astype(np.int32)


def _regular(what: str) -> Callable[..., Any]:
    """Let NumPy's complaint about a singular matrix become ours, which says where it is."""

    def decorate(forward: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(forward)
        def checked(a: Any, *others: Any) -> Any:
            try:
                return forward(a, *others)
            except np.linalg.LinAlgError:
                info = zero_pivots(eliminate(a, pivoting=True)[0])
                if not info.any():  # rounding hid the zero from us: the last step it is
                    info = np.full(a.shape[:-2], a.shape[-1])
                raise LinAlgError(singular_message(what, info)) from None

        return checked

    return decorate


_invert, _solve = _regular("linalg.inv")(np.linalg.inv), _regular("linalg.solve")(np.linalg.solve)


@primitive(x=lambda g, out: -(adjoint(out) @ g @ adjoint(out)))
def inv(x: Any) -> Any:
    """Give A⁻¹."""
    return _invert(x)


@primitive(
    promotion="same",
    a=lambda g, a, out: -(solve(adjoint(a), g) @ adjoint(out)),
    b=lambda g, a: solve(adjoint(a), g),
)
def solve(a: Any, b: Any) -> Any:
    """Give X of A X = B, for batches of one shape; B is a matrix."""
    return _solve(a, b)


def _triangle(x: Any, upper: bool, unit: bool) -> Any:
    return np.triu(x, int(unit)) if upper else np.tril(x, -int(unit))


def _solve_triangular_b(g: Any, a: Any, upper: bool, unit: bool) -> Any:
    return solve_triangular(adjoint(a), g, upper=not upper, unit=unit)


@primitive(
    promotion="same",
    quiet=True,
    a=lambda g, a, out, *, upper, unit: (
        -_triangle(_solve_triangular_b(g, a, upper, unit) @ adjoint(out), upper, unit)
    ),
    b=lambda g, a, *, upper, unit: _solve_triangular_b(g, a, upper, unit),
)
def solve_triangular(a: Any, b: Any, *, upper: bool, unit: bool = False) -> Any:
    """Give X of A X = B for a triangular A (with ones on its diagonal: `unit`); B is a matrix."""
    return substitute(a, b, upper=upper, unit=unit)


def _cholesky_solve_l(g: Any, l: Any, out: Any) -> Any:
    # Of (L Lᵀ)⁻¹ B, for an L that may be full, as in PyTorch.
    outer = cholesky_solve(g, l) @ adjoint(out)
    return -(outer + adjoint(outer)) @ l


@primitive(promotion="same", quiet=True, b=lambda g, l: cholesky_solve(g, l), l=_cholesky_solve_l)
def cholesky_solve(b: Any, l: Any) -> Any:
    """Give X of L Lᵀ X = B; the upper triangle of L is not read."""
    return substitute(adjoint(l), substitute(l, b, upper=False), upper=True)


# -------------------------------------------------------------------------------------- exponential

_PADE = tuple(
    math.factorial(26 - k) * math.factorial(13)
    / (math.factorial(26) * math.factorial(k) * math.factorial(13 - k))
    for k in range(14)
)  # fmt: skip
_REACH = {"f": 3.925724783138660, "d": 5.371920351148152}


def _matrix_exp_x(g: Any, x: Any) -> Any:
    # exp of the block matrix (Aᵀ G; 0 Aᵀ) has the gradient in its upper right corner (Mathias, A
    # chain rule for matrix functions and applications, SIAM J. Matrix Anal. Appl. 17, 1996).
    n = x.shape[-1]
    turned = adjoint(x)
    upper = np.concatenate([turned, g], axis=-1)
    lower = np.concatenate([turned * 0, turned], axis=-1)
    return matrix_exp(np.concatenate([upper, lower], axis=-2))[..., :n, n:]


@primitive(x=_matrix_exp_x)
def matrix_exp(x: Any) -> Any:
    """Give Σ Aᵏ / k!.

    By a Padé approximant of degree 13, after halving the matrix until it is small, and squaring the
    answer as often (Higham, The scaling and squaring method for the matrix exponential revisited,
    SIAM Review 51, 2009).
    """
    if not x.size:
        return x.copy()
    size = np.abs(x).sum(-2).max(-1)
    reach = _REACH.get(x.dtype.char, _REACH["d"])
    with np.errstate(divide="ignore"):
        halvings = np.ceil(np.log2(size / reach)).clip(0, 1000)[..., None, None]
    a = (x / np.exp2(halvings)).astype(x.dtype)
    eye, c = np.eye(x.shape[-1], dtype=x.dtype), [x.dtype.type(c) for c in _PADE]
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a @ (
        a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2) + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * eye
    )
    even = a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2) + c[6] * a6 + c[4] * a4 + c[2] * a2 + eye
    out = np.linalg.solve(even - odd, even + odd)
    for k in range(int(halvings.max())):
        out = np.where(halvings > k, out @ out, out)
    return out


# ------------------------------------------------------------------------------ LU, with its pivots


@constant
def lu_pivots(x: Any) -> Any:
    """Find the exchanges of rows, numbered from 0, that partial pivoting makes."""
    return eliminate(x, pivoting=True)[1]


@constant
def row_order(pivots: Any, *, rows: int) -> Any:
    """Turn exchanges of rows, numbered from 0, into the order in which they leave the rows."""
    return permutation(pivots, rows)


def _lu_x(g: Any, out: Any) -> Any:
    """Pull a gradient back through X = L U (Walter and Lehmann; de Hoog, Anderssen and Lukas)."""
    m, n = out.shape[-2:]
    k = min(m, n)
    packed, core = out[..., :k, :k], g[..., :k, :k]
    lower = np.tril(packed, -1) + np.eye(k, dtype=dtype_of(out))
    upper = np.triu(packed)
    parts = []
    if n > k:  # the columns to the right: U₂ = L⁻¹ X₂
        right = out[..., :, k:]
        outer = solve_triangular(adjoint(lower), g[..., :, k:], upper=True, unit=True)
        core = core - np.tril(outer @ adjoint(right), -1)
        parts = [outer]
    if m > k:  # the rows below: L₂ = X₂ U⁻¹
        below = out[..., k:, :]
        outer = adjoint(solve_triangular(upper, adjoint(g[..., k:, :]), upper=True))
        core = core - np.triu(adjoint(below) @ outer)
        parts = [outer]
    inner = np.tril(adjoint(lower) @ np.tril(core, -1), -1) + np.triu(
        np.triu(core) @ adjoint(upper)
    )
    half = solve_triangular(adjoint(lower), inner, upper=True, unit=True)
    whole = adjoint(solve_triangular(upper, adjoint(half), upper=True))
    return np.concatenate([whole, *parts], axis=-1 if n > k else -2) if parts else whole


@primitive(x=_lu_x, quiet=True)
def lu(x: Any) -> Any:
    """Give L and U in one matrix, of rows that are in the right order already."""
    return eliminate(x, pivoting=False)[0]


__all__ = [
    "LinAlgError", "adjoint", "as_diagonal", "cholesky_solve", "diagonal_of", "dtype_of", "inv",
    "lu", "lu_pivots", "matrix_exp", "ratio", "row_order", "singular_message", "solve",
    "solve_triangular", "zero_pivots",
]  # fmt: skip
