"""LLVM in a process of its own: what it takes is gone with it.

A process that trains would keep LLVM's memory, as much as many a network takes, for a few seconds
of use. So another process compiles. It is started when there is something to compile, compiles
what comes next too, and ends by itself some seconds later.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from struct import Struct

__all__ = ["AbsentError", "compiled_elsewhere"]

#: As in `llvm`, which only the other process imports.
HEAD = Struct("<q?")

#: Seconds in which the other process has to be there; it takes a tenth of one.
PATIENCE = 30.0

#: A script's folder would be searched for modules, where ours hide others of the same names.
_BEGIN = (
    "import runpy, sys; sys.path.append(sys.argv[1]); "
    "runpy.run_path(sys.argv[2], run_name='__main__')"
)


class AbsentError(RuntimeError):
    """No other process can compile here."""


class Helper:
    """The other process. It belongs to the process that started it, and not to forks of that."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def compiled(self, text: str) -> bytes:
        """Have an object file made."""
        with self.lock:
            # It may have ended between two texts: just now, too.
            for attempt in range(2):
                if self._process is None or attempt:
                    self._start()
                try:
                    good, answer = self._ask(text.encode())
                    break
                except (OSError, EOFError) as error:
                    self.end()
                    if attempt:
                        raise AbsentError(str(error)) from error
                except BaseException:  # an interrupt: the answer would be taken for the next one's
                    self.end()
                    raise
        if not good:
            raise RuntimeError(answer.decode())
        return answer

    def _start(self) -> None:
        library = find_spec("llvmlite")
        own = Path(__file__).with_name("llvm.py")
        frozen = getattr(sys, "frozen", False)
        if os.name != "posix" or frozen or not sys.executable or not own.is_file():
            raise AbsentError("no other Python can be started here")
        if library is None or library.origin is None:
            raise AbsentError("llvmlite is not installed")
        root = str(Path(library.origin).parent.parent)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BEGIN, root, str(own)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for the process that trains
            )  # fmt: skip
            assert self._process.stdout is not None
            if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
                raise EOFError("it does not answer")
            self._read()
        except (OSError, EOFError, ValueError) as error:
            self.end()
            raise AbsentError(str(error)) from error
        except BaseException:
            self.end()
            raise

    def _ask(self, text: bytes) -> tuple[bool, bytes]:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(HEAD.pack(len(text), True) + text)
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> tuple[bool, bytes]:
        assert self._process is not None
        assert self._process.stdout is not None
        head = self._process.stdout.read(HEAD.size)
        if len(head) < HEAD.size:
            raise EOFError("it has ended")
        size, good = HEAD.unpack(head)
        answer = self._process.stdout.read(size)
        if len(answer) < size:
            raise EOFError("it has ended")
        return good, answer

    def end(self) -> None:
        """End the other process, and wait for that."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            _close(process)

    def leave(self) -> None:
        """Forget the other process, in a fork: it is not this one's to end."""
        process, self._process = self._process, None
        if process is not None:
            process.returncode = 0
            _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # of a text that was not taken
                pipe.close()


_helper = Helper()


def _forked() -> None:
    global _helper
    _helper.leave()
    _helper = Helper()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
atexit.register(lambda: _helper.end())


def compiled_elsewhere(text: str) -> bytes:
    """Make an object file of LLVM's text, in another process.

    Raises
    ------
    AbsentError
        If there can be no other process, or it ended twice.
    RuntimeError
        If LLVM does not take the text.
    """
    return _helper.compiled(text)
