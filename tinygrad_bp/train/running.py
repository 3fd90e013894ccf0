"""What is measured of a pass while it is under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .batches import Batches
from .metrics import Metric
from .updates import Seen, Updates

__all__ = ["Running", "evaluating", "measured"]


class Running:
    """The weighted mean of the loss, and the metrics, over the batches so far."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._loss = self._weight = 0.0
        for metric in self._metrics:
            metric.reset()

    def add(self, seen: Seen) -> None:
        """Add a batch."""
        self._loss += seen.loss * seen.weight
        self._weight += seen.weight
        for metric in self._metrics:
            metric.update(seen.output, seen.target)

    def values(self) -> dict[str, float]:
        """Return the loss and the metrics by name."""
        loss = self._loss / self._weight if self._weight else float("nan")
        return {"loss": loss, **{m.name: m.compute() for m in self._metrics}}

    def state_dict(self) -> dict[str, Any]:
        """Return the sums, for a checkpoint."""
        return {"loss": self._loss, "weight": self._weight,
                "metrics": [m.state_dict() for m in self._metrics]}  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with sums from a checkpoint."""
        self._loss, self._weight = state["loss"], state["weight"]
        for metric, kept in zip(self._metrics, state["metrics"], strict=True):
            metric.load_state_dict(kept)


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Put a model into evaluation mode, and each of its modules back into what it was."""
    training = [m for m in model.modules() if m.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def measured(steps: Updates, batches: Batches, metrics: list[Metric],
             under_way: Running | None) -> dict[str, float]:  # fmt: skip
    """Return the loss and the metrics of a pass in evaluation mode.

    The metrics have one set of sums: those of an epoch that is `under_way` are put back.
    """
    kept = None if under_way is None else under_way.state_dict()
    running = Running(metrics)
    try:
        with evaluating(steps.model):
            for batch in batches.epoch(0):
                running.add(steps.judge(batch))
        return running.values()
    finally:
        if under_way is not None and kept is not None:
            under_way.load_state_dict(kept)
