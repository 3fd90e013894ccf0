"""Limiting gradients."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...functions.reduce import norm
from ...functions.shape import stack
from ...inplace import change
from ...mode import modes, no_grad
from ...rules.elementwise import multiply
from ...tensor import Tensor, wrap

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_",
    "get_total_norm",
]  # fmt: skip


def _listed(tensors: Any) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters: Any) -> list[Tensor]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


def get_total_norm(
    tensors: Iterable[Tensor] | Tensor,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Return the norm of all elements of all tensors, as if they were one vector.

    Raises
    ------
    RuntimeError
        If it is not finite and `error_if_nonfinite`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.utils.get_total_norm([tgb.tensor([3.0]), tgb.tensor([4.0])])
    tensor(5.)
    """
    p = float(norm_type)
    if modes.trace is not None and not error_if_nonfinite:
        return _noted_norm(_listed(tensors), p)  # type: ignore[no-any-return]
    arrays = [t._array for t in _listed(tensors)]
    if not arrays:
        return wrap(np.zeros((), np.float32))
    with np.errstate(all="ignore"):  # a norm that is not finite is an answer
        parts = [_norm(array.reshape(-1), p) for array in arrays]
        kind = np.result_type(*[array.real.dtype for array in arrays])
        total = np.asarray(np.linalg.norm(np.asarray(parts), p), kind)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {p} of the gradients is {total}, so it cannot be used to "
            "clip them. To go on with gradients that are not finite, set error_if_nonfinite=False."
        )
    return wrap(total)


def _noted_norm(tensors: list[Tensor], p: float) -> Any:
    """Do the same in operations of tensors, for a step that is being compiled."""
    if not tensors:
        return wrap(np.zeros((), np.float32))
    with no_grad():
        parts = [norm(t, p) for t in tensors]
        return parts[0] if len(parts) == 1 else norm(stack(parts), p)


def _norm(flat: Any, p: float) -> float:
    if p != 2:
        return float(np.linalg.norm(flat, p)) if flat.size else 0.0
    if flat.dtype.kind == "c":
        flat = np.ascontiguousarray(flat).view(flat.real.dtype)
    # One pass and no temporary; where the squares leave the range, scaled by the largest.
    square = float(np.dot(flat, flat))
    if 1e-30 < square < 1e30:
        return math.sqrt(square)
    top = float(np.abs(flat).max(initial=0))
    if not 0 < top < float("inf"):
        return top
    scaled = flat / flat.dtype.type(top)
    return top * math.sqrt(np.dot(scaled, scaled))


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients, so that their common norm is at most `max_norm`.

    g ← g · min(1, max_norm / (‖g‖ + 1e-6))

    Parameters
    ----------
    parameters : iterable of Tensor
    max_norm : float
    norm_type : float
        The order of the norm; may be inf.
    error_if_nonfinite : bool
        Raise for a norm that is not finite, instead of passing it on to the gradients.
    foreach : optional
        Accepted and ignored.

    Returns
    -------
    Tensor
        The norm before, of all gradients as one vector.

    Raises
    ------
    RuntimeError
        See `error_if_nonfinite`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.zeros(2, requires_grad=True)
    >>> w.grad = tgb.tensor([30.0, 40.0])
    >>> tgb.nn.utils.clip_grad_norm_([w], 1.0), w.grad
    (tensor(50.), tensor([0.6000, 0.8000]))

    Notes
    -----
    Pascanu, Mikolov and Bengio, "On the Difficulty of Training Recurrent Neural Networks", 2013.
    """
    gradients = _gradients(parameters)
    total = get_total_norm(gradients, norm_type, error_if_nonfinite)
    _scale(gradients, max_norm, total)
    return total


def _scale(gradients: list[Tensor], max_norm: float, total: Any) -> None:
    if modes.trace is not None:
        with no_grad():
            scale = (float(max_norm) / (total + 1e-6)).clamp(max=1.0)
            for gradient in gradients:
                change(gradient, multiply, scale.to(gradient.dtype))
        return
    factor = float(max_norm) / (float(total) + 1e-6)
    if not factor >= 1:  # also where the norm is NaN, which then shows in all gradients
        with np.errstate(all="ignore"):
            for gradient in gradients:
                np.multiply(gradient._array, factor, out=gradient._array)
                gradient.storage.touch()


def clip_grads_with_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale all gradients as :func:`clip_grad_norm_` does, by a norm that is known already.

    Parameters
    ----------
    parameters : iterable of Tensor
    max_norm : float
    total_norm : Tensor
        From :func:`get_total_norm`.
    foreach : optional
        Accepted and ignored.
    """
    _scale(_gradients(parameters), max_norm, total_norm)


def clip_grad_norm(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Do :func:`clip_grad_norm_` under its former name, which PyTorch deprecated."""
    warnings.warn(
        "nn.utils.clip_grad_norm is now deprecated in favor of nn.utils.clip_grad_norm_.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(
    parameters: Iterable[Tensor] | Tensor, clip_value: float, foreach: bool | None = None
) -> None:
    """Limit each element of the gradients to [−clip_value, clip_value].

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.zeros(2, requires_grad=True)
    >>> w.grad = tgb.tensor([30.0, -0.5])
    >>> tgb.nn.utils.clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([ 1.0000, -0.5000])
    """
    bound = float(clip_value)
    for gradient in _gradients(parameters):
        np.clip(gradient._array, -bound, bound, out=gradient._array)
        gradient.storage.touch()
