"""Callbacks: what is done around epochs and updates. The protocol, and stopping early."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["Callback", "EarlyStopping"]


class Callback:
    """Base of the callbacks: override what is needed.

    They are called in the order in which they were given. ``trainer.stop(reason)`` ends the
    training after the update under way; with ``final=True`` a run that is resumed does not go on
    from there. What a callback remembers between calls belongs into its
    ``state_dict``, so that a run that is resumed goes on as if it had never been stopped.

    Examples
    --------
    >>> from tinygrad_bp.train import Callback
    >>> class Announce(Callback):
    ...     def on_epoch_end(self, trainer, row):
    ...         print(row["epoch"], f"{row['loss']:.2f}")
    """

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Be called before the first epoch, and when a run is resumed."""

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Be called before an epoch; ``trainer.epoch`` is its number, from 0."""

    def on_update_end(self, trainer: Trainer, loss: float) -> None:
        """Be called after an update of the parameters, with the loss of its batch."""

    def on_epoch_end(self, trainer: Trainer, row: dict[str, Any]) -> None:
        """Be called with the row of an epoch that is complete; columns can be added to it."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """Be called when the training has ended, however it did."""

    def state_dict(self) -> dict[str, Any]:
        """Return what is to be kept in a checkpoint: numbers, texts, tensors, containers."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""


class EarlyStopping(Callback):
    """Stop when a column of the history has not become better for some epochs.

    Parameters
    ----------
    monitor : str
        A column: "val_loss" by default.
    patience : int
        Epochs without improvement that are waited for.
    min_delta : float
        What counts as an improvement.
    higher : bool, optional
        Whether more is better; known for the metrics, False for losses.
    restore_best : bool
        Put the parameters and buffers of the best epoch back in the end.

    References
    ----------
    L. Prechelt, "Early stopping - but when?", Neural Networks: Tricks of the Trade, 1998.
    """

    def __init__(self, monitor: str = "val_loss", patience: int = 10, min_delta: float = 0.0,
                 higher: bool | None = None, restore_best: bool = True) -> None:  # fmt: skip
        if patience < 0:
            raise ValueError(f"patience counts epochs: not {patience}")
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.higher, self.restore_best = higher, restore_best
        self.best, self.best_epoch, self.waited = math.nan, 0, 0
        self._weights: dict[str, Any] | None = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Find out which direction is better."""
        if self.higher is None:
            plain = self.monitor.removeprefix("val_")
            kinds = {m.name: m.higher_is_better for m in trainer.metrics}
            self.higher = kinds.get(plain, False)
        if not trainer.resumed:
            self.best, self.best_epoch, self.waited, self._weights = math.nan, 0, 0, None

    def on_epoch_end(self, trainer: Trainer, row: dict[str, Any]) -> None:
        """Compare with the best epoch so far."""
        if self.monitor not in row:
            raise KeyError(
                f"EarlyStopping watches {self.monitor!r}, and the history has {', '.join(row)}: "
                "give fit(validation=…), or monitor another column"
            )
        value = float(row[self.monitor])
        gain = (value - self.best) if self.higher else (self.best - value)
        if math.isfinite(value) and (math.isnan(self.best) or gain > self.min_delta):
            self.best, self.best_epoch, self.waited = value, int(row["epoch"]), 0
            if self.restore_best:
                self._weights = copied_state(trainer.model)
            return
        self.waited += 1
        if self.waited > self.patience:
            trainer.stop("early stopping", final=True)

    def on_fit_end(self, trainer: Trainer) -> None:
        """Put the best parameters back."""
        if self._weights is not None:
            trainer.model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the best epoch, its value and parameters."""
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited,
                "weights": copy.copy(self._weights)}  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the best epoch of a checkpoint."""
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.waited, self._weights = state["waited"], state["weights"]


def copied_state(model: Any) -> dict[str, Any]:
    """Return a copy of a model's parameters and buffers."""
    return {name: value.detach().clone() if hasattr(value, "detach") else copy.deepcopy(value)
            for name, value in model.state_dict().items()}  # fmt: skip
