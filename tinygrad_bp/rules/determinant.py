"""Determinants of square matrices, in batches.

The gradient of a determinant is the matrix of cofactors, det(A) A⁻ᵀ. Found from the singular
values it is right for singular matrices too, and so is its own gradient: with A = U S Vᵀ and
σ = det(U V) = ±1 the cofactors are σ U diag(Π_{k≠i} sₖ) Vᵀ; the second derivative has the
products without two of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import primitive
from .decompositions import svd_parts
from .shape import broadcast_to
from .solve import adjoint, as_diagonal, diagonal_of, inv


def _others(s: Any) -> Any:
    """Return P with P_ij = Π s_k over all k other than i and j, for each row s; 0 where i = j."""
    n = s.shape[-1]
    eye = np.eye(n, dtype=bool)
    left_out = eye[:, None, :] | eye[None, :, :]
    products = np.where(left_out, s[..., None, None, :] * 0 + 1, s[..., None, None, :]).prod(-1)
    return np.where(eye, products * 0, products)


def _cofactors_x(g: Any, x: Any) -> Any:
    u, s, v = svd_parts(x)
    products = _others(s)
    inner = adjoint(u) @ g @ v
    rows = products @ diagonal_of(inner)[..., None]
    core = as_diagonal(rows[..., 0]) - products * inner.swapaxes(-1, -2)
    side = np.sign(det(u @ adjoint(v)))[..., None, None]
    return side * (u @ core @ adjoint(v))


@primitive(x=_cofactors_x)
def cofactors(x: Any) -> Any:
    """Give the gradient of the determinant, of singular matrices too."""
    u, s, vt = np.linalg.svd(x)
    n = s.shape[-1]
    products = np.where(np.eye(n, dtype=bool), s.dtype.type(1), s[..., None, :]).prod(-1)
    side = np.linalg.det(u @ vt)[..., None, None].astype(x.dtype)
    return side * np.conjugate((u * products[..., None, :].astype(x.dtype)) @ vt)


@primitive(x=lambda g, x: g[..., None, None] * cofactors(x))
def det(x: Any) -> Any:
    """Give the determinant."""
    return np.asarray(np.linalg.det(x))


det.holomorphic = True  # a polynomial: the engine makes the rule of complex numbers of this one


@primitive(quiet=True, x=lambda g, x: g[..., None, None] * adjoint(inv(x)))
def logabsdet(x: Any) -> Any:
    """Give log |det A|, which does not overflow."""
    return np.asarray(np.linalg.slogdet(x)[1])


@primitive(x=lambda g, x_shape: broadcast_to(g[..., None, None] * 0, shape=x_shape))
def sign_of_det(x: Any) -> Any:
    """Give the sign of the determinant."""
    return np.asarray(np.linalg.slogdet(x)[0])
