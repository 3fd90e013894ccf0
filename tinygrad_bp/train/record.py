"""What a run was asked to do and how it ended, as ``run.json`` keeps it."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import datasets
from ..datasets import DataError, Encoding, Examples
from ..version import __version__
from .runs import RECORD, write

__all__ = ["Record", "RunError", "versions"]

VERSION = 1


class RunError(ValueError):
    """A folder holds no run, or a damaged one."""


def versions() -> dict[str, str]:
    """Return the versions that the numbers may depend on."""
    return {
        "tinygrad_bp": __version__,
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


@dataclass
class Record:
    """A run.

    Attributes
    ----------
    command : str
        The command line that gives these numbers again.
    data : dict
        "path", and the options of :func:`tinygrad_bp.datasets.read`.
    model : dict
        "name", and the options of :func:`tinygrad_bp.train.models.build`; "shape" and "outputs".
    training : dict
        The options of the Trainer, of ``fit``, and of stopping early.
    encoding : dict
        How the data were encoded.
    ending : str
        "running", "completed", "early stopping", "diverged" or "interrupted".
    results : dict
        Of the parts of the data: the loss and the metrics of each.
    """

    command: str
    data: dict[str, Any]
    model: dict[str, Any]
    training: dict[str, Any]
    encoding: dict[str, Any]
    ending: str = "running"
    seconds: float = 0.0
    results: dict[str, dict[str, float | None]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=versions)

    def json(self) -> str:
        """Return it as JSON."""
        text = json.dumps({"version": VERSION, **asdict(self)}, indent=2, allow_nan=False,
                          ensure_ascii=False)  # fmt: skip
        return f"{text}\n"

    def save(self, folder: Path) -> None:
        """Write it into the folder of the run."""
        write(folder / RECORD, self.json())

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Read it from the folder of a run.

        Raises
        ------
        RunError
        """
        path = folder / RECORD
        if not path.is_file():
            raise RunError(f"{folder} is not the folder of a run: it has no {RECORD}")
        try:
            if path.stat().st_size > 1 << 26:
                raise ValueError("it is larger than any record of a run")
            given = json.loads(path.read_text(encoding="utf-8"))
            if given.pop("version") != VERSION:
                raise ValueError("another version wrote it")
            record = cls(**given)
            kinds: dict[str, Any] = {"command": str, "ending": str, "seconds": (int, float)}
            for name in cls.__dataclass_fields__:
                if not isinstance(getattr(record, name), kinds.get(name, dict)):
                    raise TypeError(f"{name!r} is of another kind")
            texts = (record.data["path"], record.model["name"])
            if not all(isinstance(text, str) for text in texts):
                raise TypeError("a path is of another kind")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise RunError(f"{path} is no record of a run of `tinygrad-bp train`, or a damaged one "
                           f"({error})") from None  # fmt: skip
        return record

    def read(self) -> Examples:
        """Return the data that the run learns from."""
        options: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in self.data.items()
        }
        path = options.pop("path")
        try:
            return datasets.read(path, **options)
        except TypeError as error:
            raise DataError(f"{path}: options that can't be read with: {error}") from None

    def decoded(self, folder: Path) -> Encoding:
        """Return how the data were encoded."""
        return Encoding.from_dict(self.encoding, folder / RECORD)
