"""A word on what the compiler is at, where that takes long.

Below two seconds nothing is said. After them a thread writes which pass is at work: LLVM, which
takes most of the time, can't be asked in between.
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any

__all__ = ["Progress", "at"]

#: Seconds of silence.
PATIENCE = 2.0


class _Here(threading.local):
    progress: Progress | None = None  # of what this thread compiles


_here = _Here()


def at(stage: str) -> None:
    """Say what is done from now on, in the thread that compiles."""
    if _here.progress is not None:
        _here.progress.move(stage)


class Progress:
    """A context in which a step is compiled.

    Parameters
    ----------
    name : str
        Of the step.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._stage = "noting its operations"
        self._done = False
        self._spoke = False
        self._news = threading.Condition()

    def __enter__(self) -> Progress:
        self._before, _here.progress = _here.progress, self
        self._began = time.perf_counter()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:  # fmt: skip
        _here.progress = self._before
        with self._news:
            self._done = True
            self._news.notify()
        self._watcher.join()
        if self._spoke:
            seconds = time.perf_counter() - self._began
            how = "compiled in" if kind is None else "given up after"
            self._say(f"{how} {seconds:.1f} s", last=True)

    def move(self, stage: str) -> None:
        """Come to another stage."""
        with self._news:
            self._stage = stage
            self._news.notify()

    def _watch(self) -> None:
        said: str | None = None
        with self._news:
            self._news.wait_for(lambda: self._done, PATIENCE)
            while not self._done:
                if self._stage != said:
                    said = self._stage
                    self._say(f"{said} …")
                self._news.wait()

    def _say(self, what: str, last: bool = False) -> None:
        stream: Any = sys.stderr
        text = f"tgb.compile: {self.name}: {what}"
        self._spoke = True
        try:
            if stream.isatty():  # one line, written over
                stream.write(f"\r\x1b[K{text}" + "\n" * last)
            else:
                stream.write(f"{text}\n")
            stream.flush()
        except (AttributeError, OSError, ValueError):  # there is none, or it is closed
            return
