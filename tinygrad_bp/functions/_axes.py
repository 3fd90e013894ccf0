"""Axes as PyTorch names them (`dim`), checked and counted from the front."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["axes_of", "axis_of", "numpy_names"]


def axis_of(where: Any, ndim: int, what: str = "dim") -> int:
    """Count an axis from the front.

    Raises
    ------
    IndexError
        If there is no such axis. A zero-dimensional tensor has the axes 0 and -1, as in PyTorch.
    """
    dim = int(where)
    n = max(ndim, 1)
    if not -n <= dim < n:
        raise IndexError(
            f"{what}={dim} is out of range: for {ndim} dimension(s) it has to lie in "
            f"[{-n}, {n - 1}]"
        )
    return dim % n


def axes_of(dim: Any, ndim: int) -> tuple[int, ...] | None:
    """Return axes for a reduction: None (all of them) for None and for ()."""
    if dim is None:
        return None
    if not isinstance(dim, (tuple, list)):
        dim = (dim,)
    axes = tuple(axis_of(d, ndim) for d in dim)
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"dim={tuple(dim)} names an axis twice")
    return (axes if ndim else ()) or None


def numpy_names(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function accept NumPy's `axis` and `keepdims` too, as PyTorch does."""

    @functools.wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            if "axis" in kwargs:
                kwargs["dim"] = kwargs.pop("axis")
            if "keepdims" in kwargs:
                kwargs["keepdim"] = kwargs.pop("keepdims")
        return function(*args, **kwargs)

    return renamed
