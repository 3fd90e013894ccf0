"""Axes as PyTorch names them (`dim`), checked and counted from the front."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from operator import index
from typing import Any

from ..inplace import receive

__all__ = [
    "axes_of", "axis_of", "hand_over", "named", "numpy_names", "reordered", "several", "sizes_of",
    "with_out",
]  # fmt: skip


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
    """Let a function accept NumPy's `axis` and `keepdims`, and `out`, as PyTorch does."""

    @functools.wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            return function(*args)
        if "axis" in kwargs:
            kwargs["dim"] = kwargs.pop("axis")
        if "keepdims" in kwargs:
            kwargs["keepdim"] = kwargs.pop("keepdims")
        out = kwargs.pop("out", None)
        result = function(*args, **kwargs)
        return result if out is None else hand_over(out, result)

    return renamed


def named(**keywords: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function accept PyTorch's keywords (left) for what its formula calls otherwise."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def translated(*args: Any, **kwargs: Any) -> Any:
            for theirs, ours in keywords.items():
                if theirs in kwargs:
                    kwargs[ours] = kwargs.pop(theirs)
            return function(*args, **kwargs)

        return translated

    return decorate


def with_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function accept ``out=``, a tensor (or a tuple of them) that takes the result."""

    @functools.wraps(function)
    def receiving(*args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None) if kwargs else None
        result = function(*args, **kwargs)
        return result if out is None else hand_over(out, result)

    return receiving


def hand_over(out: Any, result: Any) -> Any:
    """Write a result (or several) into the tensors that the caller gave for it."""
    if not isinstance(out, (tuple, list)):
        return receive(out, result)
    for target, part in zip(out, result, strict=True):
        receive(target, part)
    return type(result)(*out) if hasattr(result, "_fields") else tuple(out)


def reordered(what: str, order: str, extra: tuple[Any, ...]) -> tuple[Any]:
    """Read the last argument of an order that PyTorch once had, a number before a tensor; warn.

    Optimizers in old scripts say ``w.add_(-lr, w.grad)`` and ``v.addcmul_(1 - beta2, g, g)``.
    """
    if len(extra) != 1:
        raise TypeError(f"{what}: too many arguments; they are ({order})")
    warnings.warn(
        f"this order of the arguments of {what} is deprecated: it takes ({order})",
        UserWarning,
        stacklevel=4,
    )
    return extra


def sizes_of(sizes: Any) -> tuple[int, ...]:
    """Read lengths or axes given as one number or as a sequence of them."""
    if isinstance(sizes, (tuple, list)):
        return tuple(map(index, sizes))
    return (index(sizes),)


def several(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let the second parameter be given as several arguments too: ``x.permute(1, 0)``."""

    @functools.wraps(function)
    def accepting(input: Any, *sizes: Any, **named: Any) -> Any:
        if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
            (sizes,) = sizes
        elif not sizes and named:
            return function(input, **named)
        return function(input, tuple(map(index, sizes)), **named)

    return accepting
