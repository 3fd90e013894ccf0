"""What the two forms of weight and spectral normalisation have in common."""

from __future__ import annotations

from typing import Any

from ...functions.reduce import norm
from ...mode import no_grad
from ..distances import normalize

__all__ = ["matrix_of", "norm_except", "power_iteration", "scaled"]


def norm_except(v: Any, dim: int | None) -> Any:
    """Return the norm of the slices along one axis (all others are reduced), or of the whole."""
    if dim is None or dim == -1:
        return norm(v)
    others = tuple(i for i in range(v.ndim) if i != dim % v.ndim)
    return norm(v, 2, others, keepdim=True) if others else v.abs()


def scaled(v: Any, g: Any, dim: int | None) -> Any:
    """Give g v / ‖v‖."""
    return v * (g / norm_except(v, dim))


def matrix_of(weight: Any, dim: int) -> Any:
    """Lay the weight out as a matrix, with the axis `dim` for its rows."""
    if dim:
        weight = weight.transpose(0, dim) if weight.ndim == 2 else weight.movedim(dim, 0)
    return weight.reshape(weight.shape[0], -1)


def power_iteration(matrix: Any, u: Any, v: Any, times: int, eps: float) -> None:
    """Turn u and v, in place, towards the singular vectors of the largest singular value."""
    with no_grad():
        matrix = matrix.detach()
        for _ in range(times):
            u.copy_(normalize(matrix.mv(v), dim=0, eps=eps))
            v.copy_(normalize(matrix.T.mv(u), dim=0, eps=eps))
