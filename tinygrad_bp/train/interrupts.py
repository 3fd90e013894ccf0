"""Ctrl-C while a model is trained: the update under way is finished first."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["deferred"]


@contextlib.contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """Note the first Ctrl-C instead of raising at once; the second raises.

    Yields a function that says whether there was one. Signals reach the main thread only: in
    another one, and where SIGINT is ignored, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # someone else has a plan with it
        yield lambda: False
        return
    came = threading.Event()

    def note(number: int, frame: Any) -> None:
        if came.is_set():
            raise KeyboardInterrupt
        came.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGINT, before)
