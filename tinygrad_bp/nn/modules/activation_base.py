"""What several activation functions have in common."""

from __future__ import annotations

from .module import Module

__all__ = ["InPlace"]


class InPlace(Module):
    """An activation that may change its input itself."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Show `inplace` where it is set."""
        return "inplace=True" if self.inplace else ""
