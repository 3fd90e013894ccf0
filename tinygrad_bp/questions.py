"""Questions about tensors, as functions."""

from __future__ import annotations

from typing import Any

from .memory import TypedStorage, UntypedStorage
from .tensor import Tensor

__all__ = ["is_complex", "is_floating_point", "is_nonzero", "is_signed", "is_storage", "numel"]


def numel(input: Tensor) -> int:
    """Return the number of elements."""
    return input.numel()


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are of a floating-point type."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Whether the elements are of a complex type."""
    return input.is_complex()


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
