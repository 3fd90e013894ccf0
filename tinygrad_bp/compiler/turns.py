"""One Python thread at a time in a compiled step: its memory is there once."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

__all__ = ["Turns"]

_all: weakref.WeakSet[Any] = weakref.WeakSet()


class Turns:
    """What threads take turns at.

    Attributes
    ----------
    turn : RLock
        Whose holder may run; a step may be called within itself.
    """

    def __init__(self) -> None:
        self.turn = threading.RLock()
        _all.add(self)


def _forked() -> None:
    """Let a fork run steps that another thread was in: that thread is not there to leave."""
    for one in list(_all):
        one.turn = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
