"""The history of a run for TensorBoard, by the library tensorboardX."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .callbacks import Callback

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write each epoch's numbers as event files (extra ``train``).

    Training and validation of a number are in one diagram: ``loss/training``, ``loss/validation``.

    Parameters
    ----------
    folder : path
        Look at it with ``tensorboard --logdir folder``.
    """

    def __init__(self, folder: Any) -> None:
        try:
            import tensorboardX
        except ImportError:
            raise ImportError(
                'TensorBoard needs tensorboardX: pip install "tinygrad_bp[train]"'
            ) from None
        self.folder, self._library = Path(folder), tensorboardX
        self._writer: Any = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Open a file; what an earlier one has of later epochs is not shown any more."""
        self._writer = self._library.SummaryWriter(
            str(self.folder), purge_step=trainer.epoch + 1 if trainer.resumed else None
        )

    def on_epoch_end(self, trainer: Trainer, row: dict[str, Any]) -> None:
        """Write the numbers of an epoch."""
        for name, value in row.items():
            if name == "epoch" or not math.isfinite(value):
                continue
            plain = name.removeprefix("val_")
            paired = f"val_{plain}" in row
            part = ("/validation" if name != plain else "/training") if paired else ""
            self._writer.add_scalar(f"{plain}{part}", value, row["epoch"])
        self._writer.flush()

    def on_fit_end(self, trainer: Trainer) -> None:
        """Close the file."""
        self._writer.close()
        self._writer = None
