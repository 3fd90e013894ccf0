"""Norms of vectors and matrices, the condition number and the rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtype import float16
from ..functions._axes import axes_of, axis_of, named, numpy_names, with_out
from ..functions.shape import movedim, reshape, unsqueeze
from ..messages import ShapeError
from ..rules import elementwise as ew
from ..rules import reduce as red
from ..rules.complex import real
from ..rules.decompositions import eigh_parts, svd_parts
from ..rules.shape import cast
from ._checks import floating, matrices, square
from .solvers import invert

_INF = float("inf")


@named(input="x")
@numpy_names
def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *,
                dtype: Any = None) -> Any:  # fmt: skip
    """Give (Σ |x|^p)^(1/p) of all elements, or over the axes `dim`.

    Parameters
    ----------
    x : Tensor
    ord : float
        The exponent p. ``inf`` and ``-inf`` take the largest and the smallest |x|, 0 counts what is
        not zero.
    dim : int or tuple of int, optional
    keepdim : bool
        Leave the axes in place with length 1.
    dtype : dtype, optional
        Convert first.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.vector_norm(tgb.tensor([3.0, 4.0]))
    tensor(5.)
    """
    floating("linalg.vector_norm", x)
    if dtype is not None:
        x = cast(x, dtype=np.dtype(dtype))
    if x.dtype == float16:  # whose powers overflow
        return vector_norm(x.float(), ord, dim, keepdim).half()
    axis, p = axes_of(dim, x.ndim), float(ord)
    if (p < 0 or p == _INF) and 0 in x.shape:
        axes = range(x.ndim) if axis is None else axis
        if 0 in [x.shape[i] for i in axes]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor of shape "
                f"{tuple(x.shape)} because the operation does not have an identity"
            )
    size = ew.absolute(x)
    if p == 2:
        return ew.root(red.sum(ew.square(size), axis=axis, keepdims=keepdim))
    if p == _INF:
        return red.amax(size, axis=axis, keepdims=keepdim)
    if p == -_INF:
        return red.amin(size, axis=axis, keepdims=keepdim)
    if p == 0:
        return red.sum(ew.sign(size), axis=axis, keepdims=keepdim)
    if p == 1:
        return red.sum(size, axis=axis, keepdims=keepdim)
    return red.pnorm(size, p=p, axis=axis, keepdims=keepdim)


def _singular_values(A: Any) -> Any:
    values = svd_parts(A)[1]
    return real(values) if A.is_complex() else values


@named(input="A")
@numpy_names
def matrix_norm(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *,
                dtype: Any = None) -> Any:  # fmt: skip
    """Give a norm of the matrices that two axes make up.

    ``"fro"`` is the root of the sum of squares, ``"nuc"`` the sum of the singular values, 2 and -2
    the largest and the smallest of these; 1 and -1 the largest and the smallest sum of a column's
    absolute values, inf and -inf that of a row's.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.matrix_norm(tgb.tensor([[1.0, -2.0], [3.0, 0.0]]), ord=1)
    tensor(4.)
    """
    what = "linalg.matrix_norm"
    matrices(what, A, low=True)
    if dtype is not None:
        A = cast(A, dtype=np.dtype(dtype))
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(f"{what}: dim must be a 2-tuple, got {dim!r}")
    rows, columns = (axis_of(d, A.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"{what}: dims must be different, got {tuple(dim)}")
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim)
    if ord == "nuc" or (not isinstance(ord, str) and abs(ord) == 2):
        values = _singular_values(movedim(A, (rows, columns), (-2, -1)))
        out = (
            red.sum(values, axis=-1) if ord == "nuc"
            else (red.amax if ord > 0 else red.amin)(values, axis=(-1,))
        )  # fmt: skip
    elif not isinstance(ord, str) and abs(ord) in (1, _INF):
        along, across = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = red.sum(ew.absolute(A), axis=along)
        left = across - (along < across)
        out = (red.amax if ord > 0 else red.amin)(sums, axis=(left,))
    else:
        raise RuntimeError(
            f"{what}: order {ord!r} not supported; it may be 'fro', 'nuc', 1, -1, 2, -2, inf, -inf"
        )
    if keepdim:
        for axis in sorted((rows, columns)):
            out = unsqueeze(out, axis)
    return out


@named(input="A")
@numpy_names
def norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *,
         dtype: Any = None) -> Any:  # fmt: skip
    """Give a vector norm or a matrix norm, whichever `ord` and `dim` speak of.

    Without `ord` it is the 2-norm of the (flattened) tensor. With two axes, or a tensor of two axes
    and an `ord`, it is :func:`matrix_norm`, else :func:`vector_norm`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> tgb.linalg.norm(A), tgb.linalg.norm(A, ord=2)
    (tensor(5.), tensor(4.))
    """
    what = "linalg.norm"
    floating(what, A)
    dims = (dim,) if isinstance(dim, int) else None if dim is None else tuple(dim)
    if ord is None:
        return vector_norm(A, 2, dims, keepdim, dtype=dtype)
    if dims is None and A.ndim not in (1, 2):
        raise ShapeError(
            f"{what}: without dim, and with ord={ord!r}, the input must be 1D or 2D, got the shape "
            f"{tuple(A.shape)}"
        )
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"{what}: dim must be an int, a 1-tuple or a 2-tuple, got {dim!r}")
    if (len(dims) if dims is not None else A.ndim) == 2:
        return matrix_norm(A, ord, dims or (0, 1), keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(f"{what}: order {ord!r} is for matrices; the input's axes are {dims}")
    return vector_norm(A, ord, dims, keepdim, dtype=dtype)


@named(input="A")
@with_out
def cond(A: Any, p: Any = None) -> Any:
    """Give the condition number ‖A‖ ‖A⁻¹‖; of a singular matrix it is infinite.

    Parameters
    ----------
    A : Tensor (…, n, n), or (…, m, n) for p = 2, -2
    p : {None, "fro", "nuc", inf, -inf, 1, -1, 2, -2}
        The norm; None is 2, the quotient of the largest and the smallest singular value.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> A = tgb.tensor([[3.0, 0.0], [0.0, 1.0]])
    >>> tgb.linalg.cond(A)
    tensor(3.)
    """
    what = "linalg.cond"
    matrices(what, A)
    if p is None or (not isinstance(p, str) and abs(p) == 2):
        values = _singular_values(A)
        first, last = values[..., 0], values[..., -1]
        return last / first if p == -2 else first / last
    square(what, A)
    inverse, info = invert(what, A)
    out = matrix_norm(A, p) * matrix_norm(inverse, p)
    return ew.where(info != 0, np.full(info.shape, _INF, np.dtype(out.dtype)), out)


@named(input="A")
@with_out
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None,
                rtol: Any = None) -> Any:  # fmt: skip
    """Count the singular values above max(atol, rtol · the largest).

    `rtol` is by default max(m, n) times the precision of the dtype, or 0 where `atol` is given
    (`tol` is an older name of that). For a symmetric matrix (`hermitian`) the absolute eigenvalues
    are counted, of its lower triangle.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linalg.matrix_rank(tgb.ones(3, 3))
    tensor(1)
    """
    matrices("linalg.matrix_rank", A)
    A = A.detach()
    values = magnitudes(A, hermitian)
    limit = tolerance(A, values, tol if tol is not None else atol, rtol)
    return red.sum(cast(values > limit[..., None], dtype=np.dtype("int64")), axis=-1)


def magnitudes(A: Any, hermitian: bool) -> Any:
    """Return the singular values, by the eigenvalues for a symmetric matrix."""
    if hermitian:
        square("linalg.matrix_rank", A)
        return ew.absolute(eigh_parts(A)[0])
    return _singular_values(A)


def tolerance(A: Any, values: Any, atol: Any, rtol: Any) -> Any:
    """Return, for each matrix, what counts as zero: max(atol, rtol · the largest value)."""
    m, n = A.shape[-2:]
    kind = np.dtype(values.dtype)
    if rtol is None:
        given = atol is not None and (hasattr(atol, "shape") or atol > 0)
        rtol = 0.0 if given else max(m, n) * float(np.finfo(kind).eps)
    largest = (
        red.amax(values, axis=(-1,))
        if values.shape[-1]
        else reshape(red.sum(values, axis=-1), shape=values.shape[:-1])
    )
    limit = largest * rtol
    return limit if atol is None else ew.maximum(limit, atol)
