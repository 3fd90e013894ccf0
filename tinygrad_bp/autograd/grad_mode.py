"""The switches for recording, under the name of PyTorch's module."""

from __future__ import annotations

from ..mode import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = ["enable_grad", "inference_mode", "no_grad", "set_grad_enabled"]
