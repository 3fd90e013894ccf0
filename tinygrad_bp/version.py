"""The version, and those of what PyTorch is built with: nothing of it."""

from __future__ import annotations

import sys

__all__ = ["__version__", "cuda", "debug", "hip", "xpu"]

__version__: str = sys.modules["tinygrad_bp"].__version__
debug = False
cuda: str | None = None
hip: str | None = None
xpu: str | None = None
