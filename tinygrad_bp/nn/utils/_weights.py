"""What the two forms of weight and spectral normalisation have in common."""

from __future__ import annotations

from typing import Any

from ...functions.reduce import norm
from ...mode import no_grad
from ..distances import normalize

__all__ = ["find_hook", "matrix_of", "norm_except", "power_iteration", "remove_hook", "scaled"]


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


def find_hook(module: Any, kind: type, name: str) -> int | None:
    """Return under which number a module keeps the hook of a kind for a weight."""
    for number, (_, hook, *_) in module._call_hooks.items():
        if isinstance(hook, kind) and hook.name == name:  # type: ignore[attr-defined]
            return int(number)
    return None


def remove_hook(module: Any, kind: type, name: str, what: str) -> Any:
    """Take a hook away, and make its weight an ordinary parameter again."""
    number = find_hook(module, kind, name)
    if number is None:
        raise ValueError(f"{what} of '{name}' not found in {module}")
    module._call_hooks.pop(number)[1].remove(module)
    return module
