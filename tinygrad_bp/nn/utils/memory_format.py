"""PyTorch's hints about the order of elements in memory, which change no values."""

from __future__ import annotations

from typing import TypeVar

from ..modules.module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

_Module = TypeVar("_Module", bound=Module)


def convert_conv2d_weight_memory_format(module: _Module, memory_format: object) -> _Module:
    """Return the module: elements are always in the order of the axes here."""
    return module


def convert_conv3d_weight_memory_format(module: _Module, memory_format: object) -> _Module:
    """Return the module: elements are always in the order of the axes here."""
    return module
