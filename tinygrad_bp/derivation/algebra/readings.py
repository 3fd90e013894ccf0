"""The table of what operations mean in algebra: an operation -> how it is read."""

from __future__ import annotations

from collections.abc import Callable

from ...op import Op
from .forms import Form

__all__ = ["Reading", "Readings"]

#: ``reading(reader, part, *operands, **attributes)``; None where it does not apply.
Reading = Callable[..., Form | None]


class Readings(dict[Op, Reading]):
    """A part of the table; ``@READINGS(op)`` enters a function."""

    def __call__(self, *ops: Op) -> Callable[[Reading], Reading]:
        """Enter a function as the reading of these operations."""

        def enter(reading: Reading) -> Reading:
            self.update(dict.fromkeys(ops, reading))
            return reading

        return enter
