"""The recorded graph: its nodes, and hooks that wait for several gradients."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..graph import Node
from ..tensor import Tensor

__all__ = ["Node", "increment_version", "register_multi_grad_hook", "save_on_cpu"]


@contextlib.contextmanager
def save_on_cpu(pin_memory: bool = False, device_type: str = "cuda") -> Iterator[None]:
    """Keep what backward needs on the CPU, in a with-block: it is there anyway."""
    yield


def increment_version(tensor: Any) -> None:
    """Tell autograd that a tensor (or each of several) was changed by other code."""
    for each in [tensor] if isinstance(tensor, Tensor) else tensor:
        each.storage.touch()


class _Handle:
    """Takes several hooks away at once."""

    def __init__(self, handles: list[Any]) -> None:
        self._handles = handles

    def remove(self) -> None:
        """Take the hooks away."""
        for handle in self._handles:
            handle.remove()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable[[Any], Any], *,
                             mode: str = "all") -> Any:  # fmt: skip
    """Call a function when the gradients of several tensors are known.

    Parameters
    ----------
    tensors : sequence of Tensor
    fn : callable
        With ``mode="all"`` called with the list of gradients once all of them are there; with
        "any" called with the first one.
    mode : {"all", "any"}

    Returns
    -------
    RemovableHandle
        With a method ``remove()``.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    found: dict[int, Tensor] = {}

    def collect(place: int) -> Callable[[Tensor], None]:
        def hook(gradient: Tensor) -> None:
            first = not found
            found[place] = gradient
            if mode == "any" and first:
                fn(gradient)
            if len(found) == len(tensors):
                gradients = [found[i] for i in range(len(tensors))]
                found.clear()
                if mode == "all":
                    fn(gradients)

        return hook

    return _Handle([tensor.register_hook(collect(i)) for i, tensor in enumerate(tensors)])
