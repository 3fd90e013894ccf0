"""Learning-rate schedules by name, fitted to the length of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..optim import lr_scheduler

__all__ = ["SCHEDULES", "schedule_of"]


def _warmup_cosine(optimizer: Any, updates: int) -> Any:
    warm = max(1, updates // 20)
    return lr_scheduler.SequentialLR(
        optimizer,
        [
            lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=warm),
            lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, updates - warm)),
        ],
        milestones=[warm],
    )


def _one_cycle(optimizer: Any, updates: int) -> Any:
    highest = [group["lr"] for group in optimizer.param_groups]
    return lr_scheduler.OneCycleLR(optimizer, max_lr=highest, total_steps=updates + 1)


#: name -> a function of the optimizer and the number of updates; all are stepped every update,
#: but for "plateau", which is stepped every epoch with the validation's loss.
SCHEDULES: dict[str, Callable[[Any, int], Any]] = {
    "constant": lambda optimizer, updates: None,
    "cosine": lambda optimizer, updates: lr_scheduler.CosineAnnealingLR(optimizer, T_max=updates),
    "warmup-cosine": _warmup_cosine,
    "one-cycle": _one_cycle,
    "linear": lambda optimizer, updates: lr_scheduler.LinearLR(
        optimizer, start_factor=1.0, end_factor=0.0, total_iters=updates
    ),
    "step": lambda optimizer, updates: lr_scheduler.StepLR(
        optimizer, step_size=max(1, updates // 3), gamma=0.1
    ),
    "exponential": lambda optimizer, updates: lr_scheduler.ExponentialLR(
        optimizer, gamma=0.01 ** (1 / max(1, updates))
    ),
    "plateau": lambda optimizer, updates: lr_scheduler.ReduceLROnPlateau(optimizer),
}


def schedule_of(given: Any, optimizer: Any, updates: int) -> tuple[Any, bool]:
    """Return a scheduler, or None, and whether it is stepped every update (else every epoch).

    Parameters
    ----------
    given : None, str, scheduler, or callable
        A name of `SCHEDULES`; a scheduler of `optimizer`, stepped every epoch as in PyTorch's
        examples; or a function of the optimizer that returns one.
    updates : int
        That the run makes.
    """
    if given is None:
        return None, False
    if isinstance(given, str):
        if given not in SCHEDULES:
            raise ValueError(f"no schedule {given!r}: there are {', '.join(SCHEDULES)}")
        return SCHEDULES[given](optimizer, updates), given != "plateau"
    if callable(given) and not hasattr(given, "step"):
        given = given(optimizer)
    if not hasattr(given, "step") or not hasattr(given, "state_dict"):
        raise TypeError(f"schedule is a name or an lr_scheduler; not a {type(given).__name__}")
    if getattr(given, "optimizer", optimizer) is not optimizer:
        raise ValueError("the scheduler was made for another optimizer than the trainer's")
    per_update = isinstance(given, (lr_scheduler.OneCycleLR, lr_scheduler.CyclicLR))
    return given, per_update
