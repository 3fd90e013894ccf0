"""What all schedulers have: the rates at the start, the count of steps, saving."""

from __future__ import annotations

import types
import warnings
from typing import Any

from ...tensor import Tensor
from ..optimizer import Optimizer

__all__ = ["LRScheduler"]


class LRScheduler:
    """Base of the schedulers. A subclass writes :meth:`get_lr`.

    A scheduler is stepped after its optimizer, once an epoch (or a batch). Most compute a rate from
    the one before, so that several can act on one optimizer.

    Parameters
    ----------
    optimizer : Optimizer
        Whose ``param_groups[i]["lr"]`` are set.
    last_epoch : int
        How many steps were made; −1 begins anew. To resume, each group has to have "initial_lr".
    verbose : optional
        Accepted, as older versions of PyTorch did, and ignored with a warning: print
        :meth:`get_last_lr`.

    Attributes
    ----------
    base_lrs : list of float
        The rates at the start, a group each.
    last_epoch : int
        How many steps were made.

    Raises
    ------
    TypeError
        If `optimizer` is none.
    KeyError
        When resuming without "initial_lr".

    Warns
    -----
    UserWarning
        If the scheduler is stepped before the optimizer: the first rate is never used then.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> class Halved(tgb.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [base / 2**self.last_epoch for base in self.base_lrs]
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = Halved(optimizer)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    _get_lr_called_within_step = False
    _is_initial = False
    base_lrs: list[Any]
    _last_lr: list[Any]

    def __init__(
        self, optimizer: Optimizer, last_epoch: int = -1, verbose: Any = "deprecated"
    ) -> None:
        check_optimizer(optimizer)
        warn_of_verbose(verbose)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"'initial_lr' is missing in param_groups[{i}], and last_epoch = {last_epoch} "
                    "resumes a schedule: load the optimizer's state first, or begin anew with "
                    "last_epoch=-1"
                )
        self.base_lrs = current(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def step(self, epoch: int | None = None) -> None:
        """Set the rates of the next epoch.

        Parameters
        ----------
        epoch : int, optional
            Deprecated: jump to this epoch.
        """
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(
                "lr_scheduler.step() was called before optimizer.step(): the first rate of the "
                "schedule is skipped. Call optimizer.step() first",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(
                "the epoch argument of scheduler.step() is deprecated: call it without, once an "
                "epoch",
                stacklevel=2,
            )
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                # After a jump there is no rate before.
                rates = getattr(self, "_get_closed_form_lr", self.get_lr)()
        finally:
            self._get_lr_called_within_step = False
        self._assign(rates)

    def _assign(self, rates: list[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_option(group, "lr", rate)
        self._last_lr = current(self.optimizer, "lr")

    def get_last_lr(self) -> list[Any]:
        """Return the rates that were set last, a group each."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Compute the rates of epoch `last_epoch`, a group each; called by :meth:`step`."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr")

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to where :meth:`state_dict` was called."""
        self.__dict__.update(state_dict)

    # ------------------------------------------------------------------------ for the subclasses

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "get_lr() computes the next rates: to get the last ones, use get_last_lr()",
                stacklevel=3,
            )

    def _scaled(self, factor: Any = None) -> list[Any]:
        """Return the rates before, all multiplied by a factor."""
        rates = current(self.optimizer, "lr")
        return rates if factor is None else [rate * factor for rate in rates]


class _LRScheduler(LRScheduler):
    """The base under its older name."""


def check_optimizer(optimizer: Any) -> None:
    """Raise TypeError for what is no optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def warn_of_verbose(verbose: Any) -> None:
    """Warn that `verbose` is ignored, if it was given."""
    if verbose != "deprecated":
        warnings.warn(
            "the verbose argument of schedulers is deprecated and ignored: print get_last_lr()",
            stacklevel=4,
        )


def copied(value: Any) -> Any:
    """Copy a tensor; a number stays itself."""
    return value.detach().clone() if isinstance(value, Tensor) else value


def current(optimizer: Optimizer, option: str) -> list[Any]:
    """List an option, a group each."""
    return [copied(group[option]) for group in optimizer.param_groups]


def set_option(group: dict[str, Any], option: str, value: Any) -> None:
    """Set an option; a tensor keeps its identity."""
    if isinstance(group[option], Tensor):
        group[option].fill_(float(value))
    else:
        group[option] = value


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """List a value for each group: one for all, or as many as there are groups."""
    n = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in range(n)]
    if len(value) != n:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups: it has {len(value)} "
            f"values for {n} groups"
        )
    return [copied(each) for each in value]


def functions_apart(state: dict[str, Any], name: str) -> dict[str, Any]:
    """Replace functions by None, in what is saved, and callable objects by their attributes."""
    state[name] = [
        None if isinstance(each, types.FunctionType) else dict(each.__dict__)
        for each in state[name]
    ]
    return state
