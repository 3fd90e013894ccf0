"""How often any module was changed: what was specialised on modules looks again when it moved."""

from __future__ import annotations

__all__ = ["changes"]


class Changes:
    """A count of attributes set on modules, of parameters, submodules and hooks registered."""

    count = 0


changes = Changes()
