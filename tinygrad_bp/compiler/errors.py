"""What can't be compiled, and what to do about it."""

from __future__ import annotations

from typing import Any

from ..source import describe, user_line

__all__ = ["CompileWarning", "TraceError", "refuse"]


class TraceError(RuntimeError):
    """A step can't be compiled; the message names the line and the remedy."""


class CompileWarning(UserWarning):
    """A step runs, but not compiled."""


def refuse(what: str, remedy: str, line: Any = None) -> TraceError:
    """Make the error for what happens at a line of the user's code (by default the current one)."""
    return TraceError(f"tgb.compile: {what}, at {describe(line or user_line())}. {remedy}")
