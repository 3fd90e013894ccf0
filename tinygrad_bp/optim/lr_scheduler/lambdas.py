"""Rates that functions of the user scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, functions_apart

__all__ = ["LambdaLR", "MultiplicativeLR"]


Factor = Callable[[int], float]


class _OfFunctions(LRScheduler):
    """A scheduler with a function for each group."""

    lr_lambdas: list[Factor]

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Factor | list[Factor],
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        n = len(optimizer.param_groups)
        several = isinstance(lr_lambda, (list, tuple))
        self.lr_lambdas = list(lr_lambda) if several else [lr_lambda] * n  # type: ignore
        if len(self.lr_lambdas) != n:
            raise ValueError(f"Expected {n} lr_lambdas, but got {len(self.lr_lambdas)}")
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(
                    f"lr_lambda should be a function, but got {type(function).__name__}"
                )
        super().__init__(optimizer, last_epoch, verbose)

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer; of the functions, only objects have a state."""
        return functions_apart(super().state_dict(), "lr_lambdas")

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to where :meth:`state_dict` was called; functions stay as they are."""
        state_dict = dict(state_dict)
        for function, state in zip(self.lr_lambdas, state_dict.pop("lr_lambdas"), strict=True):
            if state is not None:
                function.__dict__.update(state)
        super().load_state_dict(state_dict)


class LambdaLR(_OfFunctions):
    """Multiply the first rate by a function of the epoch: lr = lr₀ · f(epoch).

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    lr_lambda : callable, or list of one for each group
        f.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`."""
        self._warn_outside_step()
        return [
            base * function(self.last_epoch)
            for function, base in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]


class MultiplicativeLR(_OfFunctions):
    """Multiply the rate before by a function of the epoch.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    lr_lambda : callable, or list of one for each group
        The factor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 0.25, 0.125]
    """

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`."""
        self._warn_outside_step()
        rates = self._scaled()
        if self._is_initial:
            return rates
        return [
            rate * function(self.last_epoch)
            for function, rate in zip(self.lr_lambdas, rates, strict=True)
        ]
