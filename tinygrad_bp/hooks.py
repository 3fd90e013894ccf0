"""Hooks on the gradients of tensors."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .changes import changes
from .mode import modes

__all__ = ["RemovableHandle", "register_post_accumulate_hook", "register_tensor_hook"]

Wrap = Callable[[Any], Any]

_numbers = itertools.count()


class RemovableHandle:
    """Takes a hook away again; also at the end of a ``with`` block."""

    def __init__(self, hooks: dict[int, Any]) -> None:
        self.id = next(_numbers)
        self._hooks = hooks

    def remove(self) -> None:
        """Take the hook away."""
        changes.count += 1
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def register_tensor_hook(tensor: Any, hook: Callable[[Any], Any], wrap: Wrap) -> RemovableHandle:
    """See :meth:`tinygrad_bp.Tensor.register_hook`; `wrap` makes a tensor of an array."""
    node = tensor.node
    if node is None:
        raise RuntimeError("register_hook on a tensor that does not require a gradient")
    shape = tensor._array.shape

    def run(gradient: Any) -> Any:
        plain = not hasattr(gradient, "_array")
        # A copy: the array may be another tensor's gradient too, or the user's seed.
        given = wrap(np.array(gradient)) if plain else gradient
        recording = modes.grad
        modes.grad = not plain
        try:
            result = hook(given)
        finally:
            modes.grad = recording
        if result is None:
            result = given
        if not hasattr(result, "_array") or result._array.shape != shape:
            raise RuntimeError(
                f"a gradient hook has to return None or a tensor of shape {shape}, not {result!r}"
            )
        return result._array if plain else result

    handle = RemovableHandle(node.more.hooks)
    node.more.hooks[handle.id] = run
    return handle


def register_post_accumulate_hook(tensor: Any, hook: Callable[[Any], Any]) -> RemovableHandle:
    """See :meth:`tinygrad_bp.Tensor.register_post_accumulate_grad_hook`."""
    node = tensor.node
    if node is None or node.op is not None:
        raise RuntimeError("post-accumulate hooks belong on leaves that require a gradient")
    owner = weakref.ref(tensor)  # the node must not keep its tensor alive

    def run() -> None:
        living = owner()
        if living is not None:
            hook(living)

    handle = RemovableHandle(node.more.post_hooks)
    node.more.post_hooks[handle.id] = run
    return handle
