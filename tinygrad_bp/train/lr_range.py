"""Which learning rate to begin with: a short run in which it grows from update to update."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .batches import Batches
from .callbacks import copied_state
from .randomness import positions, restore
from .resuming import generators

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .trainer import Trainer

__all__ = ["LRRange", "lr_range"]

_SMOOTH = 0.9  # of the running mean of the loss
_BLOWN = 4.0  # times the smallest loss: it diverges from here on


@dataclass(frozen=True)
class LRRange:
    """What the loss did while the learning rate grew.

    Attributes
    ----------
    rates, losses : ndarray
        Of each update; the loss is a running mean (0.9).
    """

    rates: np.ndarray[Any, Any]
    losses: np.ndarray[Any, Any]

    @property
    def suggestion(self) -> float:
        """The rate at which the loss fell most steeply over log(rate), before it was smallest."""
        low = int(self.losses.argmin())
        if low < 2:
            return float(self.rates[0])
        slopes = np.gradient(self.losses[: low + 1], np.log(self.rates[: low + 1]))
        return float(self.rates[int(slopes.argmin())])

    def __str__(self) -> str:
        low = self.rates[int(self.losses.argmin())]
        return (
            f"tried {len(self.rates)} rates from {self.rates[0]:.1e} to {self.rates[-1]:.1e}: "
            f"the loss is smallest at {low:.1e} and falls most steeply at {self.suggestion:.1e}"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the loss over the rate (extra ``viz``)."""
        if ax is None:
            try:
                from matplotlib.figure import Figure
            except ImportError:
                raise ImportError(
                    'LRRange.plot needs matplotlib: pip install "tinygrad_bp[viz]"'
                ) from None
            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        ax.plot(self.rates, self.losses)
        ax.axvline(self.suggestion, linestyle=":", color="0.4")
        ax.annotate(f" {self.suggestion:.1e}", (self.suggestion, self.losses.max()))
        ax.set_xscale("log")
        ax.set_xlabel("learning rate")
        ax.set_ylabel("loss (running mean)")
        ax.spines[["top", "right"]].set_visible(False)
        return ax


def lr_range(trainer: Trainer, batches: Batches, low: float, high: float, steps: int) -> LRRange:
    """Run updates with rates from `low` to `high`, each larger by the same factor.

    Model, optimizer and random streams are put back afterwards.
    """
    if not 0 < low < high or steps < 5:
        raise ValueError(f"rates go from low to high, both positive, in 5 steps or more: not "
                         f"{low:g}, {high:g}, {steps}")  # fmt: skip
    model, optimizer = copied_state(trainer.model), trainer.optimizer
    kept = optimizer.state_dict()
    kept = {"state": {k: {n: v.clone() if hasattr(v, "clone") else v for n, v in s.items()}
                      for k, s in kept["state"].items()},
            "param_groups": [dict(g) for g in kept["param_groups"]]}  # fmt: skip
    streams = positions(*generators(trainer, batches))
    rates: list[float] = []
    losses: list[float] = []
    mean = 0.0
    training = trainer.model.training
    trainer.model.train()
    passes = itertools.chain.from_iterable(batches.epoch(n) for n in itertools.count())
    try:
        for i, batch in zip(range(steps), passes, strict=False):
            rate = low * (high / low) ** (i / (steps - 1))
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = trainer.learn([batch])
            mean = _SMOOTH * mean + (1 - _SMOOTH) * loss
            smooth = mean / (1 - _SMOOTH ** (i + 1))
            if not math.isfinite(smooth) or (i > 5 and smooth > _BLOWN * min(losses)):
                break
            rates.append(rate)
            losses.append(smooth)
    finally:
        trainer.model.load_state_dict(model)
        trainer.model.train(training)
        optimizer.load_state_dict(kept)
        restore(streams, *generators(trainer, batches))
    if not rates:
        raise RuntimeError(f"the loss is not finite at the rate {low:g} already: look at the data")
    return LRRange(np.array(rates), np.array(losses))
