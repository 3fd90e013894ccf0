"""A module whose forward pass is compiled."""

from __future__ import annotations

from typing import Any

from ..nn.modules.module import Module
from .step import CompiledStep

__all__ = ["CompiledModule"]


class CompiledModule(Module):
    """A module around another one, whose forward pass it runs as a program.

    As in PyTorch, the module itself is the submodule `_orig_mod`, and everything else that is
    asked of this one is asked of that.
    """

    def __init__(self, module: Module, step: CompiledStep) -> None:
        super().__init__()
        self._orig_mod = module
        vars(self)["step"] = step
        vars(self)["training"] = module.training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the compiled forward pass."""
        return self.step(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "_orig_mod":
                raise
            return getattr(self._orig_mod, name)
