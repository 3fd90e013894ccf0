"""Questions about tensors, as functions."""

from __future__ import annotations

from typing import Any

from .memory import TypedStorage, UntypedStorage
from .tensor import Tensor

__all__ = [
    "detach", "get_device", "is_complex", "is_conj", "is_floating_point", "is_neg", "is_nonzero",
    "is_signed", "is_storage", "numel",
]  # fmt: skip


def numel(input: Tensor) -> int:
    """Return the number of elements."""
    return input.numel()


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are of a floating-point type."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Whether the elements are of a complex type."""
    return input.is_complex()


def is_conj(input: Tensor) -> bool:
    """Whether the conjugate is still to be computed: it never is, here."""
    return input.is_conj()


def is_neg(input: Tensor) -> bool:
    """Whether the negative is still to be computed: it never is, here."""
    return input.is_neg()


def get_device(input: Tensor) -> int:
    """Return the number of the device: -1 for the CPU."""
    return input.get_device()  # type: ignore[no-any-return]


def detach(input: Tensor) -> Tensor:
    """Return a tensor of the same values and memory, cut off from the graph."""
    return input.detach()


def is_signed(input: Tensor) -> bool:
    """Whether the elements may be negative."""
    return input.dtype.is_signed


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not zero.

    Raises
    ------
    RuntimeError
        If there is not exactly one.
    """
    return bool(input)


def is_storage(obj: Any) -> bool:
    """Whether an object is the memory of a tensor."""
    return isinstance(obj, (TypedStorage, UntypedStorage))
