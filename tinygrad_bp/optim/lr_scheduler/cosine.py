"""Rates that follow half a wave of the cosine."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"]


class CosineAnnealingLR(LRScheduler):
    """Let the rate go to `eta_min` in `T_max` epochs, and back, as a cosine does.

    lr = η_min + ½ (lr₀ − η_min)(1 + cos(π · epoch / T_max))

    Computed from the rate before, so that another scheduler may act beside it.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    T_max : int
        Half a period.
    eta_min : float
        The smallest rate.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.8536, 0.5, 0.1464, 0.0]

    Notes
    -----
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,
        eta_min: float = 0.0,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch, verbose)

    def _height(self, epoch: float) -> float:
        return 1 + math.cos(math.pi * epoch / self.T_max)

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`."""
        self._warn_outside_step()
        rates, epoch, low = self._scaled(), self.last_epoch, self.eta_min
        if self._is_initial:
            return rates
        if self._step_count == 1 and epoch > 0:
            return self._get_closed_form_lr()
        if (epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # The rate before was at the bottom, where a ratio of heights would be 0 / 0.
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [
                rate + (base - low) * rise for rate, base in zip(rates, self.base_lrs, strict=True)
            ]
        ratio = self._height(epoch) / self._height(epoch - 1)
        return [ratio * (rate - low) + low for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        height, low = self._height(self.last_epoch), self.eta_min
        return [low + (base - low) * height / 2 for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Let the rate go to `eta_min` as a cosine does, and begin again, each time for longer.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    T_0 : int
        How many epochs the first descent takes.
    T_mult : int
        Factor of the length of each later one.
    eta_min : float
        The smallest rate.

    Raises
    ------
    ValueError
        For a length or a factor that is no positive integer.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.5, 1.0]

    Notes
    -----
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"Expected a number for eta_min, but got {type(eta_min).__name__}")
        self.T_0 = self.T_i = T_0
        self.T_mult, self.eta_min = T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch, verbose)

    def get_lr(self) -> list[Any]:
        """Compute the rates of `T_cur` epochs after the last restart."""
        self._warn_outside_step()
        height, low = 1 + math.cos(math.pi * self.T_cur / self.T_i), self.eta_min
        return [low + (base - low) * height / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Set the rates of the next epoch, or of any (it may be a fraction: once a batch).

        Raises
        ------
        ValueError
            For a negative epoch.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        elif epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            # The restarts lie at T₀ (mⁿ − 1) / (m − 1): which was the last?
            n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n
        self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = True
        try:
            rates = self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        self._assign(rates)
