"""From LLVM's text to code that can be called; without loading LLVM, where that can be done.

Another process compiles (`helper`), and this one puts the code into memory (`loader`). Where either
can't be, LLVM does it here.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from .helper import AbsentError, compiled_elsewhere
from .loader import Loaded, UnfamiliarError, familiar

__all__ = ["Library", "compiled", "host"]

#: What tells processors apart, in the system's description of them.
_TELLING = ("vendor_id", "cpu family", "model", "stepping", "flags")


@functools.cache
def host() -> str:
    """Say what code is made for, and by which version: code for another is of no use here."""
    described = _described() if familiar() else None
    if described is None:
        from . import llvm

        return llvm.host()
    return described


def _described() -> str | None:
    """Say so without LLVM; None where the system does not tell."""
    from llvmlite import __version__  # which loads no LLVM

    found: dict[str, str] = {}
    try:
        with Path("/proc/cpuinfo").open() as file:
            for line in iter(file.readline, "\n"):
                if not line:
                    break
                key, _, value = line.partition(":")
                found[key.strip()] = value.strip()
    except OSError:
        return None
    if not all(found.get(key) for key in _TELLING):
        return None
    flags = " ".join(f"+{flag}" for flag in sorted(found["flags"].split()))
    named = " ".join(found[key] for key in _TELLING[:-1])
    return f"llvmlite {__version__} x86_64-linux {named} {flags}"


def compiled(text: str) -> bytes:
    """Optimize, and make an object file of it."""
    try:
        return compiled_elsewhere(text)
    except AbsentError:
        from . import llvm

        return llvm.optimized(text)


class Library:
    """An object file in memory; its code goes when this does."""

    def __init__(self, code: bytes) -> None:
        self._held: Any
        try:
            self._held = Loaded(code)
        except UnfamiliarError:
            from . import llvm

            self._held = llvm.Engine(code)

    def address(self, name: str) -> int:
        """Return where a function begins."""
        address: int = self._held.address(name)
        if not address:
            raise ImportError(f"no function {name}")
        return address
