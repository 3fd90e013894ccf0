"""The whole state of a run: what it is made of, and what tells it from another run's."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ..random import Generator
from .batches import Batches
from .randomness import positions, restore

if TYPE_CHECKING:
    from .callbacks import Callback
    from .trainer import Trainer

__all__ = ["differences", "generators", "identity", "lacking", "restore_run", "state_of",
           "targets_of"]  # fmt: skip

_OPEN_ENDED = ("constant", "plateau")  # schedules that don't depend on the length of a run


def generators(trainer: Trainer, *passes: Batches | None) -> list[Generator]:
    """Return the streams of a trainer and of what it passes over, each once."""
    found = [trainer.generator]
    for batches in passes:
        for one in () if batches is None else batches.generators:
            if not any(one is other for other in found):
                found.append(one)
    return found


def targets_of(batches: Batches, trainer: Trainer) -> Any:
    """Return all targets of arrays; of a loader, those of its first batch, before any transform.

    Where the classes are counted, a batch does not do: all are gone through.
    """
    target = getattr(batches, "target", None)
    if target is not None:
        return target
    batches = getattr(batches, "plain", batches)
    streams = generators(trainer, batches)
    before = positions(*streams)
    few = None if isinstance(trainer.objective.class_weight, str) else 1
    targets = [batch.target.numpy() for batch in islice(batches.epoch(0), few)]
    restore(before, *streams)
    return np.concatenate(targets)


def identity(trainer: Trainer, train: Batches, epochs: int, schedule: Any) -> dict[str, Any]:
    """Return what has to be the same in a run that goes on."""
    kind = schedule if isinstance(schedule, str) else type(trainer.scheduler).__name__
    fitted = isinstance(schedule, str) and schedule not in _OPEN_ENDED
    return {
        **train.fingerprint(),
        "accumulate": trainer.accumulate,
        "model": {name: list(value.shape) if hasattr(value, "shape") else []
                  for name, value in trainer.model.state_dict().items()},
        "optimizer": type(trainer.optimizer).__name__,
        "groups": [len(group["params"]) for group in trainer.optimizer.param_groups],
        "schedule": kind,
        "epochs of the schedule": epochs if fitted else None,
        "metrics": [metric.name for metric in trainer.metrics],
    }  # fmt: skip


def differences(kept: dict[str, Any], own: dict[str, Any]) -> str:
    """Say in which respects two identities differ; nothing if they don't."""
    told = []
    for name in dict.fromkeys([*kept, *own]):
        there, here = kept.get(name), own.get(name)
        if there == here:
            continue
        if name == "crc32":
            told.append("the numbers of the data")
        elif isinstance(there, dict) and isinstance(here, dict):
            names = [k for k in dict.fromkeys([*there, *here]) if there.get(k) != here.get(k)]
            k = names[0]
            told.append(f"the {name} (as to {k!r}: {there.get(k)} there, {here.get(k)} here)")
        else:
            told.append(f"{name} ({there} there, {here} here)")
    return "; ".join(told)


def state_of(trainer: Trainer, streams: list[Generator], **more: Any) -> dict[str, Any]:
    """Return everything that a run needs in order to go on, as plain data and tensors."""
    return {
        "model": trainer.model.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
        "scheduler": None if trainer.scheduler is None else trainer.scheduler.state_dict(),
        "callbacks": [[type(c).__name__, c.state_dict()] for c in trainer.callbacks],
        "now": positions(*streams),
        "history": trainer.history.state_dict(),
        **more,
    }


def lacking(trainer: Trainer, state: dict[str, Any]) -> str:
    """Say which callback with a state is only on one side; nothing if none is."""
    pairs, left = _matched(trainer.callbacks, state["callbacks"])
    here = [type(c).__name__ for c, kept in pairs if kept is None and c.state_dict()]
    there = [name for name, kept in left if kept]
    told = [f"the callback {name}, which the checkpoint has no state of" for name in here]
    return "; ".join(told + [f"no callback {name}, which the checkpoint has" for name in there])


def restore_run(trainer: Trainer, state: dict[str, Any]) -> None:
    """Put a model, an optimizer and what is around them into the state of a checkpoint."""
    trainer.model.load_state_dict(state["model"])
    trainer.optimizer.load_state_dict(state["optimizer"])
    if trainer.scheduler is not None:
        trainer.scheduler.load_state_dict(state["scheduler"])
    for callback, kept in _matched(trainer.callbacks, state["callbacks"])[0]:
        if kept is not None:
            callback.load_state_dict(kept)
    trainer.history.load_state_dict(state["history"])


def _matched(callbacks: list[Callback], kept: list[Any]) -> tuple[list[Any], list[Any]]:
    """Pair callbacks with their states by the names of their classes, in order."""
    left, pairs = list(kept), []
    for callback in callbacks:
        found = next((one for one in left if one[0] == type(callback).__name__), None)
        if found is not None:
            left.remove(found)
        pairs.append((callback, None if found is None else found[1]))
    return pairs, left
