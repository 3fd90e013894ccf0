"""Schedulers made of schedulers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, current, set_option, warn_of_verbose
from .plateau import ReduceLROnPlateau

__all__ = ["ChainedScheduler", "SequentialLR"]


class _Composed(LRScheduler):
    """Several schedulers of one optimizer."""

    _schedulers: Sequence[LRScheduler]

    def _check(self, schedulers: Sequence[Any], optimizer: Optimizer | None) -> Optimizer:
        name = type(self).__name__
        if len(schedulers) < 1:
            raise ValueError(f"{name} expects at least one scheduler, but got no scheduler")
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(f"{name}: number {i} should have `optimizer` as its attribute")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{name} does not support ReduceLROnPlateau (number {i}): its step needs the "
                    "metric"
                )
            optimizer = optimizer or scheduler.optimizer
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, but number "
                    f"{i}, a {type(scheduler).__name__}, has another one"
                )
        assert optimizer is not None
        return optimizer

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer, with the states of the schedulers."""
        state = super().state_dict()
        state["_schedulers"] = [scheduler.state_dict() for scheduler in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to where :meth:`state_dict` was called."""
        state_dict = dict(state_dict)
        for scheduler, state in zip(self._schedulers, state_dict.pop("_schedulers"), strict=True):
            scheduler.load_state_dict(state)
        super().load_state_dict(state_dict)


class SequentialLR(_Composed):
    """Let one scheduler act after the other: the next takes over at each milestone.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    schedulers : list of LRScheduler
        In this order.
    milestones : list of int
        One less than there are schedulers.

    Raises
    ------
    ValueError
        If the numbers or the optimizers don't fit, or for a ReduceLROnPlateau.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.optim.lr_scheduler import ConstantLR, ExponentialLR, SequentialLR
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> warm = ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> scheduler = SequentialLR(optimizer, [warm, ExponentialLR(optimizer, 0.5)], [2])
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.5, 1.0, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        warn_of_verbose(verbose)
        self._check(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "SequentialLR expects one scheduler more than milestones, but got "
                f"{len(schedulers)} schedulers and {len(milestones)} milestones"
            )
        self._schedulers, self._milestones = schedulers, milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Every scheduler has set its first rate by now: back to the start, and only one sets it.
        for group in optimizer.param_groups:
            set_option(group, "lr", group["initial_lr"])
        self.recursive_undo()
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: Any = None) -> None:
        """Take back the first step of all schedulers below."""
        scheduler = self if sched is None else sched
        if hasattr(scheduler, "_schedulers"):
            for each in scheduler._schedulers:
                self.recursive_undo(each)
        elif hasattr(scheduler, "last_epoch"):
            scheduler.last_epoch -= 1

    def step(self) -> None:  # type: ignore[override]
        """Set the rates of the next epoch."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Composed):
    """Let several schedulers act at once: each scales what the one before it has set.

    Parameters
    ----------
    schedulers : sequence of LRScheduler
        In this order.
    optimizer : Optimizer, optional
        The schedulers' own.

    Raises
    ------
    ValueError
        If there is none, if the optimizers differ, or for a ReduceLROnPlateau.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> warm = ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> scheduler = ChainedScheduler([warm, ExponentialLR(optimizer, gamma=0.5)])
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        self.optimizer = self._check(schedulers, optimizer)
        self._schedulers = schedulers
        self._last_lr = current(self.optimizer, "lr")

    def step(self) -> None:  # type: ignore[override]
        """Set the rates of the next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = current(self.optimizer, "lr")
