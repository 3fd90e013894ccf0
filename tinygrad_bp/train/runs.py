"""The folder of a run: a fresh one by default, with files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["RECORD", "fresh", "named", "shown", "write"]

#: The file by which a folder is known for that of a run.
RECORD = "run.json"

Files = Mapping[str, bytes | str]


def fresh(out: Path, stem: str, files: Files | None = None) -> Path:
    """Create the next of ``stem-001``, ``stem-002``, … in the folder `out`.

    With `files`, the folder appears with them in it: no moment at which it is there without.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as out:
    ...     fresh(Path(out), "digits").name, fresh(Path(out), "digits").name
    ('digits-001', 'digits-002')
    """
    out.mkdir(parents=True, exist_ok=True)
    numbers = [
        int(match[1])
        for path in out.iterdir()
        if (match := re.fullmatch(rf"{re.escape(stem)}-(\d+)", path.name))
    ]
    number = max(numbers, default=0)
    while True:
        number += 1
        folder = out / f"{stem}-{number:03d}"
        try:
            _create(folder, files)
        except FileExistsError:  # another run was faster
            continue
        return folder


def named(out: Path, name: str, overwrite: bool, written: Iterable[str],
          files: Files | None = None) -> Path:  # fmt: skip
    """Create the folder `name` in `out`, or take away what an earlier run wrote there.

    Parameters
    ----------
    written : iterable of str
        The files and folders that a run writes: with `overwrite`, they alone are taken away.
    files
        As for :func:`fresh`.

    Raises
    ------
    FileExistsError
        It exists, and `overwrite` is false or it holds no run.
    """
    folder = out / name
    if not os.path.lexists(folder):
        out.mkdir(parents=True, exist_ok=True)
        _create(folder, files)
        return folder
    if not overwrite:
        raise FileExistsError(f"{folder} exists; take another name, or add --overwrite")
    # Only what a run wrote is replaced: a name typed wrongly costs nobody their files.
    if not (folder / RECORD).is_file():
        raise FileExistsError(f"{folder} exists and is not the folder of a run")
    # The record goes last: until then this is the old run, of which less and less is left.
    for file in sorted(written, key=lambda file: file == RECORD):
        path = folder / file
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif file != RECORD or RECORD not in (files or {}):
            path.unlink(missing_ok=True)
    for file, content in (files or {}).items():
        write(folder / file, content)
    return folder


def write(path: Path, content: bytes | str) -> None:
    """Write a file so that `path` never holds a part of it, whenever the program is stopped."""
    scratch = path.with_name(f".{path.name}.part")
    try:
        scratch.write_bytes(content.encode() if isinstance(content, str) else content)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


def shown(path: Path) -> str:
    """Write a path from the present folder, if it lies in it."""
    try:
        return os.fspath(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return os.fspath(path)


def _create(folder: Path, files: Files | None) -> None:
    if not files:
        folder.mkdir()
        return
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        scratch.chmod(0o777 & ~_umask())
        for name, content in files.items():
            write(scratch / name, content)
        # Renaming onto an empty folder would replace it, and onto a full one is an error.
        with contextlib.suppress(OSError):
            if not os.path.lexists(folder):
                scratch.rename(folder)
        if scratch.exists():
            raise FileExistsError(f"{folder} exists")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
