"""Which line of the user's code did it: cheap to remember, spelled out only in a message."""

from __future__ import annotations

import linecache
import os
import sys
import threading
from types import CodeType, FrameType
from typing import Any

__all__ = ["Line", "describe", "user_line"]

#: A place in code: its code object and the offset of the instruction. Never a frame, which would
#: keep all local variables of the caller alive.
Line = tuple[CodeType, int]

_inside: dict[str, bool] = {}  # file name -> whether it belongs to this package
_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Caller(threading.local):
    """The user's line while code of this package alone runs below it; None: look for it.

    A layer of ours sets it for the operations inside, since looking through the frames of a
    Sequential of Linears for every one of them would cost a tenth of a small network's step.
    """

    line: Line | None = None


caller = Caller()


def user_line() -> Line | None:
    """Return the innermost line that runs outside this package, or None if there is none."""
    line = caller.line
    if line is not None:
        return line
    frame: FrameType | None = sys._getframe(2)
    try:
        while _inside[frame.f_code.co_filename]:  # type: ignore[union-attr]
            frame = frame.f_back  # type: ignore[union-attr]
    except KeyError:  # a file that is seen for the first time
        file = frame.f_code.co_filename  # type: ignore[union-attr]
        _inside[file] = file.startswith(_PACKAGE)
        return user_line()
    except AttributeError:  # no frame is left
        return None
    return frame.f_code, frame.f_lasti  # type: ignore[union-attr]


def is_ours(function: Any) -> bool:
    """Whether a function is code of this package."""
    return function.__code__.co_filename.startswith(_PACKAGE)  # type: ignore[no-any-return]


def location(line: Line) -> tuple[str, int]:
    """Return (file name, line number) of a remembered place."""
    code, offset = line
    number = code.co_firstlineno
    for start, end, at in code.co_lines():
        if start <= offset < end and at is not None:
            number = at
    return code.co_filename, number


def describe(line: Line | None) -> str:
    """Spell a remembered place out: file, line number, function and the text of the line."""
    if line is None:
        return "an unknown line"
    file, number = location(line)
    text = linecache.getline(file, number).strip()
    name = line[0].co_name
    where = f"{file}:{number}" + ("" if name == "<module>" else f", in {name}")
    return f"{where}: `{text}`" if text else where
