"""The recorded graph: its nodes, and hooks that wait for several gradients."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..graph import Node, Packed
from ..mode import modes, no_grad
from ..tensor import Tensor, wrap

__all__ = [
    "Node", "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip


class saved_tensors_hooks:  # noqa: N801  PyTorch's name
    """Pack what is kept for backward, and unpack it there, in a with-block.

    The graph then holds what `pack_hook` returns: a smaller type, or the name of a file.

    Parameters
    ----------
    pack_hook : callable
        Gets a tensor, detached, and returns anything.
    unpack_hook : callable
        Gets that, and returns a tensor of the same values.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.ones(2, requires_grad=True)
    >>> with tgb.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(), tgb.from_numpy):
    ...     loss = (x * x).sum()
    >>> loss.backward()
    >>> x.grad
    tensor([2., 2.])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any],
                 unpack_hook: Callable[[Any], Tensor]) -> None:  # fmt: skip
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook
        self._before: list[Any] = []

    def __enter__(self) -> None:
        self._before.append(modes.packing)
        modes.packing = self._pack_all

    def __exit__(self, *error: Any) -> None:
        modes.packing = self._before.pop()

    def _pack_all(self, saved: tuple[Any, ...], kept: Any) -> tuple[tuple[Any, ...], Packed]:
        left, packed = list(saved), Packed()
        for slot, _ in kept:
            packed[slot] = self._pack(saved[slot])
            left[slot] = None
        return tuple(left), packed

    def _pack(self, array: Any) -> Callable[[], Any]:
        outer, modes.packing = modes.packing, None  # what the hook itself computes stays unpacked
        try:
            with no_grad():
                small = self.pack_hook(wrap(array))
        finally:
            modes.packing = outer

        def unpack() -> Any:
            with no_grad():
                value = self.unpack_hook(small)
            if not isinstance(value, Tensor):
                raise TypeError(
                    "saved_tensors_hooks: unpack_hook has to return a Tensor, not a "
                    f"{type(value).__name__}"
                )
            return value._array

        return unpack


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
