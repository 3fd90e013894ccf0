"""PyTorch's names around compiling: what scripts say to `torch.compiler` and `torch._dynamo`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..mode import modes
from ..nn.modules.module import Module
from .step import STEPS

__all__ = [
    "cudagraph_mark_step_begin",
    "disable",
    "is_compiling",
    "is_dynamo_compiling",
    "list_backends",
    "reset",
]


def is_compiling() -> bool:
    """Whether a step is being traced just now: code that is not for a program can ask."""
    return modes.trace is not None


is_dynamo_compiling = is_compiling


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Mark a function, or a module, that is to run as it is and never as part of a program.

    A step that calls it can't be compiled: it raises, or falls back where that is asked for.

    Parameters
    ----------
    fn : callable or Module
        Left out, a decorator is returned.
    recursive : bool
        Accepted; what the function calls is not compiled either.
    reason : str, optional
        Said in the message.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> @tgb.compiler.disable
    ... def report(x):
    ...     return x.sum().item()
    >>> report(tgb.ones(3))
    3.0
    """
    if fn is None:
        return functools.partial(disable, recursive=recursive, reason=reason)
    if isinstance(fn, Module):
        fn.forward = disable(fn.forward, recursive, reason=reason)  # type: ignore[method-assign]
        return fn
    return _disabled(fn, reason)


def _disabled(fn: Callable[..., Any], reason: str | None) -> Callable[..., Any]:
    name = getattr(fn, "__name__", type(fn).__name__)
    why = f" ({reason})" if reason else ""

    @functools.wraps(fn)
    def as_it_is(*args: Any, **kwargs: Any) -> Any:
        if modes.trace is not None:
            modes.trace.refuse(
                f"'{name}' is marked as not to be compiled{why}",
                "Call it outside of the step; or use fallback=True.",
            )
        return fn(*args, **kwargs)

    return as_it_is


def reset() -> None:
    """Forget all programs: each step is traced again when it is called next."""
    for step in list(STEPS):
        step.reset()


def list_backends(exclude_tags: Any = None) -> list[str]:
    """Return the names that `compile` takes as `backend`."""
    from .backends import BACKENDS

    return list(BACKENDS)


def cudagraph_mark_step_begin() -> None:
    """Do nothing: there are no CUDA graphs."""
