"""Machine code on disk, from one run to the next.

An entry is an object file behind its own checksum, under a name that says all it was made from: the
text, the translator, the version of LLVM and the processor. So an old entry is never found, a torn
or altered one is seen and made anew, and two processes that write the same one write the same
bytes. The folder is the user's alone; in one that others may write to, nothing is read or written.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

__all__ = ["folder", "load", "save"]

_MAGIC = b"tinygrad_bp machine code 1\n"
_DIGEST = 32
#: Bytes of all entries together, beyond which the ones not used for the longest time go.
LIMIT = 256 << 20


def folder() -> Path | None:
    """Return the folder; None if there is none that is safe.

    It is ``$TINYGRAD_BP_CACHE``, or `tinygrad_bp` in the user's cache folder; with an empty
    ``$TINYGRAD_BP_CACHE`` nothing is kept.
    """
    named = os.environ.get("TINYGRAD_BP_CACHE")
    if named == "":
        return None
    if named is None:
        root = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
        path = (Path(root) if root else Path.home() / ".cache") / "tinygrad_bp"
    else:
        path = Path(named)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path if _mine(os.stat(path)) else None
    except OSError:
        return None


def _mine(found: os.stat_result) -> bool:
    """Whether a file or folder is the user's, and nobody else may write to it."""
    if not hasattr(os, "getuid"):  # Windows keeps users' folders apart
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest() + ".o"


def _seal(key: str, code: bytes) -> bytes:
    return hashlib.sha256(_MAGIC + key.encode() + b"\0" + code).digest()


def load(key: str) -> bytes | None:
    """Return the code that was saved under a key; None if there is none, or it is not whole."""
    where = folder()
    if where is None:
        return None
    path = where / _name(key)
    try:
        # Not through a link: what it points to may be somebody else's.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(file.fileno())
            if not (stat.S_ISREG(found.st_mode) and _mine(found)):
                return None
            data = file.read()
        os.utime(path)
    except OSError:
        return None
    head = len(_MAGIC) + _DIGEST
    code = data[head:]
    whole = data[: len(_MAGIC)] == _MAGIC and data[len(_MAGIC) : head] == _seal(key, code)
    return code if whole else None


def save(key: str, code: bytes) -> None:
    """Save code; silently not, where that can't be done."""
    where = folder()
    if where is None:
        return
    try:
        # In a file of its own, of mode 0600, that takes the name only when it is whole.
        handle, temporary = tempfile.mkstemp(prefix="new-", dir=where)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + _seal(key, code) + code)
            os.replace(temporary, where / _name(key))
        except BaseException:
            os.unlink(temporary)
            raise
        _trim(where)
    except OSError:
        return


def _trim(where: Path) -> None:
    """Remove the oldest entries beyond the limit, and what a killed process left unfinished."""
    files = []
    for entry in os.scandir(where):
        if entry.name.endswith(".o") or entry.name.startswith("new-"):
            found = entry.stat(follow_symlinks=False)
            files.append((found.st_mtime, found.st_size, entry.path))
    total = sum(size for _, size, _ in files)
    newest = max((t for t, _, _ in files), default=0.0)
    for time, size, path in sorted(files):
        stale = os.path.basename(path).startswith("new-") and time < newest - 3600
        if total > LIMIT or stale:
            os.unlink(path)
            total -= size
