"""Checkpoints: the whole state of a run, in files that are there whole or not at all.

A file is written beside its place, synced, and renamed; it carries a checksum of every array. The
last ones are kept, so that there is one to fall back to when the newest was damaged on its way.
"""

from __future__ import annotations

import contextlib
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

from ..serialization import CorruptFileError, load, save
from ..serialization.tree import NeedsCodeError, flatten
from .locks import FolderLock

__all__ = ["CheckpointWarning", "Checkpoints"]

#: The layout of a state; another one is not read.
VERSION = 1

_NAME = re.compile(r"checkpoint-(\d{8,})\.safetensors")


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written, or was damaged."""


class Checkpoints:
    """The checkpoints of a run in a folder.

    Parameters
    ----------
    folder : path
        Made when the first is written.
    keep : int
        How many of the last are kept; two or more, so that one is left when one is damaged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     checkpoints = Checkpoints(folder)
    ...     _ = checkpoints.save({"epoch": 1}, 100)
    ...     checkpoints.load()["epoch"]
    1
    """

    def __init__(self, folder: Any, keep: int = 2) -> None:
        if keep < 1:
            raise ValueError(f"keep at least one checkpoint, not {keep}")
        self.folder, self.keep = Path(folder), keep
        self._damaged: set[Path] = set()
        self._lock = FolderLock(self.folder)

    def files(self) -> list[Path]:
        """Return the files, the newest first."""
        if not self.folder.is_dir():
            return []
        found = [p for p in self.folder.iterdir() if _NAME.fullmatch(p.name)]
        return sorted(found, key=_number, reverse=True)

    def hold(self, make: bool = False) -> None:
        """Keep other runs from the folder until :meth:`release`; perhaps make it.

        Raises
        ------
        RuntimeError
            If another run is there.
        """
        if make:
            with contextlib.suppress(OSError):  # which saving will tell of
                self.folder.mkdir(parents=True, exist_ok=True)
        if self.folder.is_dir() and self._lock.acquire() and make:
            for left in self.folder.glob(".checkpoint-*.safetensors.*"):  # by a run that was killed
                with contextlib.suppress(OSError):
                    left.unlink()

    def release(self) -> None:
        """Let other runs use the folder."""
        self._lock.release()

    def save(self, state: dict[str, Any], updates: int) -> bool:
        """Write a state after so many updates; say whether that went well.

        What was written last has the highest number: of a run that begins anew in the folder of
        another one, it is higher than that of its updates. A full disk, or one that can't be
        written to, is warned of: it is no reason to lose the training, and the last checkpoint is
        still there.

        Raises
        ------
        TypeError
            For a state that could be pickled only, and would not load again.
        """
        _check_plain(state)
        older = [_number(path) for path in self.files() if path not in self._damaged]
        number = max([updates, *(n + 1 for n in older)])
        path = self.folder / f"checkpoint-{number:08d}.safetensors"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save({"version": VERSION, **state}, path)
        except OSError as error:
            warnings.warn(
                f"the checkpoint {path} could not be written ({error.strerror or error}); training "
                "goes on, and the one before is kept",
                CheckpointWarning, stacklevel=2,
            )  # fmt: skip
            return False
        self._damaged.discard(path)
        with contextlib.suppress(OSError):
            for old in self._damaged:
                old.unlink(missing_ok=True)
            for old in self.files()[self.keep :]:
                old.unlink(missing_ok=True)
        return True

    def load(self) -> dict[str, Any] | None:
        """Return the newest state that is whole; None if there is none.

        Raises
        ------
        ValueError
            For one of another version of this package.
        """
        for path in self.files():
            try:
                state = load(path)
            except (CorruptFileError, pickle.UnpicklingError, EOFError, OSError) as error:
                warnings.warn(
                    f"the checkpoint {path} is damaged ({error}): going back to the one before",
                    CheckpointWarning, stacklevel=2,
                )  # fmt: skip
                self._damaged.add(path)
                continue
            if not isinstance(state, dict) or state.get("version") != VERSION:
                raise ValueError(f"{path} is no checkpoint of this version of tinygrad_bp.train")
            found: dict[str, Any] = state
            return found
        return None


def _number(path: Path) -> int:
    return int(path.name.split("-")[1].split(".")[0])


def _check_plain(state: dict[str, Any]) -> None:
    for name, part in state.items():
        named = part if name == "callbacks" else [[name, part]]
        for what, inner in named:
            try:
                flatten(inner)
            except NeedsCodeError as error:
                raise TypeError(
                    f"the state of {what} holds {error}, which can't be loaded again without "
                    "running code: a state_dict has numbers, texts, tensors, arrays and containers"
                ) from None
