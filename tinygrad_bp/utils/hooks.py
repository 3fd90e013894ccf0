"""PyTorch's place for what a registered hook is taken away with."""

from __future__ import annotations

from ..hooks import RemovableHandle

__all__ = ["RemovableHandle"]
