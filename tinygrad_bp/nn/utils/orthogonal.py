"""Orthogonal matrices from matrices without constraint, by three maps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...creation import eye, zeros_like
from ...functions.shape import cat
from ...linalg import householder_product, matrix_exp, solve
from ...random import default_generator
from ...tensor import wrap
from ..modules.module import Module

__all__ = ["_Orthogonal"]


def _orthonormal(matrix: Any) -> Any:
    """Make the columns orthonormal, with the signs of a QR decomposition whose R is positive."""
    q, r = np.linalg.qr(matrix)
    return q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]


class _Orthogonal(Module):
    """The parametrization behind :func:`parametrizations.orthogonal`.

    Of a matrix with more columns than rows the transpose is mapped, so that "tall" matrices are all
    that has to be thought of. With a `base` B the result is B times the map, which begins at the
    identity: the map's derivative is the same wherever training has come.
    """

    base: Any

    def __init__(self, weight: Any, orthogonal_map: str, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = tuple(weight.shape)
        self.orthogonal_map = orthogonal_map
        self.trivialized = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        """Map a matrix to an orthogonal one."""
        wide = X.shape[-2] < X.shape[-1]
        tall = X.mT if wide else X
        if self.orthogonal_map == "householder":
            q = _reflections(tall)
        else:
            q = _of_skew(tall, self.orthogonal_map)
        if self.trivialized:
            q = self.base @ q
        return q.mT if wide else q

    def right_inverse(self, Q: Any) -> Any:
        """Find the matrix that is mapped to (about) this one."""
        if tuple(Q.shape) != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {tuple(Q.shape)}."
            )
        values = Q.detach()._array
        wide = values.shape[-2] < values.shape[-1]
        tall = values.swapaxes(-2, -1) if wide else values
        if self.trivialized:
            self.base = wrap(_completed(tall))
            start = zeros_like(Q.detach())
            places = np.arange(min(values.shape[-2:]))
            start._array[..., places, places] = -1  # of which the reflections make the identity
            return start
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        found = _reflectors(tall)
        return wrap(found.swapaxes(-2, -1).copy() if wide else found)


def _of_skew(tall: Any, how: str) -> Any:
    """Map a skew matrix A: by e^A, or by Cayley's (I − A/2)⁻¹ (I + A/2)."""
    n, k = tall.shape[-2:]
    lower = tall.tril()
    if n != k:
        lower = cat([lower, lower.new_zeros(*lower.shape[:-1], n - k)], -1)
    skew = lower - (lower.mT.conj() if lower.is_complex() else lower.mT)
    if how == "matrix_exp":
        q = matrix_exp(skew)
    else:
        one = eye(n, dtype=skew.dtype)
        q = solve(one - 0.5 * skew, one + 0.5 * skew)
    return q[..., :k]


def _reflections(tall: Any) -> Any:
    """Multiply reflections, whose vectors lie below the diagonal; on it are signs, not learned."""
    vectors = tall.tril(-1)
    tau = 2.0 / (1.0 + (vectors * vectors).sum(-2))
    signs = tall.detach().diagonal(0, -2, -1).trunc()
    return householder_product(vectors, tau) * signs.unsqueeze(-2)


def _completed(tall: Any) -> Any:
    """Make a square orthogonal matrix that begins with these columns, made orthonormal."""
    n, k = tall.shape[-2:]
    if n == k:
        gram = tall.swapaxes(-2, -1).conj() @ tall
        near = 10 * n * np.finfo(tall.dtype).eps
        return tall.copy() if np.abs(gram - np.eye(n)).max() <= near else _orthonormal(tall)
    drawn = default_generator.numpy.standard_normal((*tall.shape[:-1], n - k))
    return _orthonormal(np.concatenate([tall, drawn.astype(tall.dtype)], -1))


def _reflectors(tall: Any) -> Any:
    """Find vectors and signs whose :func:`_reflections` are the orthonormalised columns."""
    k = tall.shape[-1]
    rest = np.array(tall)
    out = np.zeros_like(rest)
    for j in range(k):
        x = rest[..., j:, j]
        length = np.sqrt(np.add.reduce(x * x, -1))
        alpha = -np.copysign(length, x[..., 0])
        # The reflection I − τ v vᵀ with v₀ = 1 takes x to (α, 0, …).
        flat = np.abs(x[..., 1:]).max(-1, initial=0) == 0
        first = np.where(flat, 1, x[..., 0] - alpha)
        v = x / first[..., None]
        v[..., 0] = 1
        v[..., 1:] *= ~flat[..., None]
        tau = 2 / np.add.reduce(v * v, -1)
        block = rest[..., j:, j:]
        along = tau[..., None] * np.einsum("...i,...ij->...j", v, block)
        block -= v[..., :, None] * along[..., None, :]
        out[..., j + 1 :, j] = v[..., 1:]
        # Where there is nothing below, it is reflected all the same: that costs a sign.
        out[..., j, j] = np.sign(block[..., 0, 0])
    return out
