"""One run at a time in a folder: a lock that is gone with its process, however that ended."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO, Any

__all__ = ["FolderLock"]

_NAME = ".lock"
_taken = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_own: set[Path] = set()  # of this process, in which the system's lock would be given twice


class FolderLock:
    """The right to write to a folder.

    Parameters
    ----------
    folder : path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: IO[bytes] | None = None
        self._key = Path(os.path.realpath(folder))

    def acquire(self) -> bool:
        """Take it, if that is possible there at all; say whether it was.

        Raises
        ------
        RuntimeError
            If another run has it.
        """
        if self._file is not None:
            return True
        if self._key in _own:
            raise RuntimeError(self._message())
        try:
            file = (self.folder / _NAME).open("ab")
        except OSError:  # a folder that can't be written to: saving will tell
            return False
        try:
            _lock(file)
        except OSError as error:
            file.close()
            if error.errno in _taken:
                raise RuntimeError(self._message()) from None
            return False  # a file system without locks
        self._file = file
        _own.add(self._key)
        return True

    def release(self) -> None:
        """Give it back."""
        if self._file is not None:
            self._file.close()
            self._file = None
            _own.discard(self._key)

    def _message(self) -> str:
        return (
            f"another run writes its checkpoints to {self.folder}: wait until it has ended, or "
            "take another folder"
        )


def _lock(file: IO[Any]) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    import fcntl

    # A record lock: unlike one of flock's, it is not inherited by worker processes, which may
    # outlive a run that was killed.
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
