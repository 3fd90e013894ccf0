"""What a run found, as the pictures and the report read it; and its record on disk."""

from __future__ import annotations

import io
import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tgb

from . import folder as files
from .network import Array
from .settings import Settings
from .sources import Columns
from .training import Epoch, predict

#: how a run can end -> how the report says so
ENDINGS = {
    "completed": "All epochs were run.",
    "interrupted": "Stopped by Ctrl-C: this is what was done until then.",
    "diverged": "The loss was no longer a finite number, so the run ended early. "
    "A smaller learning rate helps.",
}


def versions() -> dict[str, str]:
    """Return the versions that the numbers may depend on."""
    return {
        "tinygrad_bp": tgb.__version__,
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


@dataclass
class Outcome:
    """A run: what was asked, what was measured, how it ended.

    Attributes
    ----------
    settings : Settings
    data : Columns
    folder : Path
    epochs : list of Epoch
        Never empty where a report is written; the first is before the first update.
    ending : str
        A key of `ENDINGS`.
    seconds : float
        Of training and comparing.
    """

    settings: Settings
    data: Columns
    folder: Path
    epochs: list[Epoch] = field(default_factory=list)
    ending: str = "interrupted"
    seconds: float = 0.0

    @property
    def last(self) -> Epoch:
        """The last epoch whose numbers are finite: the pictures show its weights."""
        return [epoch for epoch in self.epochs if epoch.finite][-1]

    @property
    def largest(self) -> Epoch:
        """The epoch with the largest gradient difference, of those whose numbers are finite."""
        finite = [epoch for epoch in self.epochs if epoch.finite]
        return max(finite, key=lambda epoch: (not epoch.agrees, epoch.difference))

    @property
    def agrees(self) -> bool:
        """Whether all six gradients agreed after every epoch whose numbers are finite."""
        return all(epoch.agrees for epoch in self.epochs if epoch.finite)

    @property
    def layers(self) -> tuple[int, int, int]:
        """How many inputs, hidden units and classes there are."""
        return len(self.data.X_train), self.settings.hidden, 10

    def probabilities(self) -> Array:
        """Return what the last epoch's network says to the test images, (c, m)."""
        return predict(self.last.weights, self.data.X_test)

    def save_numbers(self) -> None:
        """Write ``metrics.jsonl``: the same settings give the same bytes."""
        lines = [json.dumps(epoch.record(), allow_nan=False) for epoch in self.epochs]
        files.write(self.folder / "metrics.jsonl", "\n".join([*lines, ""]))

    def save_record(self) -> None:
        """Write ``run.json`` and ``weights.npz``."""
        record: dict[str, Any] = {
            "command": self.settings.command,
            "settings": asdict(self.settings),
            "data": self.data.source._asdict(),
            "versions": versions(),
            "ending": self.ending,
            "seconds": round(self.seconds, 3),
            "last_epoch": self.last.record(),
            "gradients_agree": self.agrees,
        }
        text = json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False)
        files.write(self.folder / "run.json", f"{text}\n")
        archive = io.BytesIO()
        arrays: dict[str, Any] = {**self.last.weights}
        np.savez(archive, **arrays)
        files.write(self.folder / "weights.npz", archive.getvalue())
