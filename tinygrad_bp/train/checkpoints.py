"""Checkpoints: the whole state of a run, in files that are there whole or not at all.

A file is written beside its place, synced, and renamed; it carries a checksum of every array. The
last ones are kept, so that there is one to fall back to when the newest was damaged on its way.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from ..serialization import CorruptFileError, load, save

__all__ = ["CheckpointWarning", "Checkpoints"]

#: The layout of a state; another one is not read.
VERSION = 1

_NAME = re.compile(r"checkpoint-(\d{8})\.safetensors")


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

    def files(self) -> list[Path]:
        """Return the files, the newest first."""
        if not self.folder.is_dir():
            return []
        return sorted((p for p in self.folder.iterdir() if _NAME.fullmatch(p.name)), reverse=True)

    def save(self, state: dict[str, Any], updates: int) -> bool:
        """Write a state after so many updates; say whether that went well.

        A full disk, or one that can't be written to, is warned of: it is no reason to lose the
        training, and the last checkpoint is still there.
        """
        path = self.folder / f"checkpoint-{updates:08d}.safetensors"
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
            except (CorruptFileError, EOFError, OSError) as error:
                warnings.warn(
                    f"the checkpoint {path} is damaged ({error}): going back to the one before",
                    CheckpointWarning, stacklevel=2,
                )  # fmt: skip
                continue
            if not isinstance(state, dict) or state.get("version") != VERSION:
                raise ValueError(f"{path} is no checkpoint of this version of tinygrad_bp.train")
            found: dict[str, Any] = state
            return found
        return None
