"""`torch._dynamo`, as far as scripts name it: what stands for it here is `tinygrad_bp.compiler`."""

from __future__ import annotations

from .compiler.config import config
from .compiler.control import disable, is_compiling, reset

__all__ = ["config", "disable", "is_compiling", "reset"]
