"""The folder of a run: a fresh one by default, with files that are there whole or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path

#: file -> what it is, in the order in which a reader wants them
FILES = {
    "report.html": "everything on one page: open it in a browser",
    "backward.html": "one backward pass, step by step: open it, too",
    "curves.png": "loss and accuracy after each epoch",
    "misclassified.png": "test digits that the network gets wrong",
    "graph.svg": "the graph that autograd recorded",
    "graph.png": "the same as a bitmap",
    "metrics.jsonl": "the numbers of each epoch, a line of JSON each",
    "run.json": "what was run, and how it ended",
    "weights.npz": "W1, b1, W2, b2 after the last epoch: numpy.load",
}


def fresh(out: Path, data: str) -> Path:
    """Create the next of ``digits-001``, ``digits-002``, … in the folder `out`.

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
        if (match := re.fullmatch(rf"{data}-(\d+)", path.name))
    ]
    number = max(numbers, default=0)
    while True:
        number += 1
        folder = out / f"{data}-{number:03d}"
        try:
            folder.mkdir()
        except FileExistsError:  # another run was faster
            continue
        return folder


def named(out: Path, name: str, overwrite: bool) -> Path:
    """Create the folder `name` in `out`, or take away what an earlier run wrote there.

    Raises
    ------
    FileExistsError
        It exists, and `overwrite` is false or it holds no run.
    """
    folder = out / name
    if os.path.lexists(folder):
        if not overwrite:
            raise FileExistsError(f"{folder} exists; take another name, or add --overwrite")
        # Only what a run wrote is replaced: a name typed wrongly costs nobody their files.
        if not (folder / "run.json").is_file():
            raise FileExistsError(f"{folder} exists and is not the folder of a run")
        for file in FILES:
            (folder / file).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
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
