"""Rates that a formula of the epoch scales."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler

__all__ = [
    "ConstantLR", "ExponentialLR", "LinearLR", "MultiStepLR", "PolynomialLR", "StepLR",
]  # fmt: skip


class StepLR(LRScheduler):
    """Multiply the rate by `gamma` every `step_size` epochs.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    step_size : int
        How many epochs a rate lasts.
    gamma : float
        The factor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        step_size: int,
        gamma: float = 0.1,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch, verbose)

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`."""
        self._warn_outside_step()
        turn = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return self._scaled(self.gamma if turn else None)

    def _get_closed_form_lr(self) -> list[Any]:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiply the rate by `gamma` at each of the `milestones`.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    milestones : list of int
        Epochs.
    gamma : float
        The factor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 3], gamma=0.1)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.1, 0.1, 0.01]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch, verbose)

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`."""
        self._warn_outside_step()
        times = self.milestones[self.last_epoch]
        return self._scaled(self.gamma**times if times else None)

    def _get_closed_form_lr(self) -> list[Any]:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**passed for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """Multiply the rate by `factor` for the first `total_iters` epochs.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    factor : float
        In [0, 1].
    total_iters : int
        How long.

    Raises
    ------
    ValueError
        For a factor outside its range.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.5, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        if not 0 <= factor <= 1.0:
            raise ValueError(f"the factor has to lie between 0 and 1, and is {factor}")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch, verbose)

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`."""
        self._warn_outside_step()
        if self.last_epoch == 0:
            return self._scaled(self.factor)
        return self._scaled(1.0 / self.factor if self.last_epoch == self.total_iters else None)

    def _get_closed_form_lr(self) -> list[Any]:
        factor = 1 if self.last_epoch >= self.total_iters else self.factor
        return [base * factor for base in self.base_lrs]


class LinearLR(LRScheduler):
    """Let a factor of the rate go from `start_factor` to `end_factor` in `total_iters` epochs.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    start_factor : float
        In (0, 1].
    end_factor : float
        In [0, 1].
    total_iters : int
        How long.

    Raises
    ------
    ValueError
        For a factor outside its range.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        if not 0 < start_factor <= 1.0:
            raise ValueError(
                f"start_factor has to be greater than 0 and at most 1, and is {start_factor}"
            )
        if not 0 <= end_factor <= 1.0:
            raise ValueError(f"end_factor has to lie between 0 and 1, and is {end_factor}")
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch, verbose)

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`."""
        self._warn_outside_step()
        if self.last_epoch == 0:
            return self._scaled(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._scaled()
        change = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * change
        return self._scaled(1.0 + change / before)

    def _get_closed_form_lr(self) -> list[Any]:
        share = min(self.total_iters, self.last_epoch) / self.total_iters
        factor = self.start_factor + (self.end_factor - self.start_factor) * share
        return [base * factor for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiply the rate by `gamma` every epoch.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    gamma : float
        The factor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        gamma: float,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch, verbose)

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`."""
        self._warn_outside_step()
        return self._scaled(None if self._is_initial else self.gamma)

    def _get_closed_form_lr(self) -> list[Any]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Let the rate go to 0: lr = lr₀ (1 − epoch / total_iters)^power.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    total_iters : int
        When 0 is reached.
    power : float
        The exponent.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4, power=2.0)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5625, 0.25, 0.0625, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch, verbose)

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`."""
        self._warn_outside_step()
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._scaled()
        now = 1.0 - self.last_epoch / self.total_iters
        before = 1.0 - (self.last_epoch - 1) / self.total_iters
        return self._scaled((now / before) ** self.power)

    def _get_closed_form_lr(self) -> list[Any]:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * left**self.power for base in self.base_lrs]
