"""Averages of weights: of the last epochs (SWA), or of all steps with decay (EMA)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from ..creation import tensor
from ..dtype import int64
from ..mode import no_grad
from ..nn import Module
from ..tensor import Tensor
from .lr_scheduler.base import LRScheduler, for_each_group
from .optimizer import Optimizer

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn",
    "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """Make the rule of an exponential average: decay · average + (1 − decay) · parameter.

    Raises
    ------
    ValueError
        For a decay outside [0, 1].
    """
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided: it has to lie in [0, 1]")

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Any:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Tensor]:
    """Make the rule of an equal average: average + (parameter − average) / (n + 1)."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Any:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], None]:
    """Make the rule of an exponential average for lists of tensors, changed in place."""
    return _for_lists(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[[Any, Any, Any], None]:
    """Make the rule of an equal average for lists of tensors, changed in place."""
    return _for_lists(get_swa_avg_fn())


def _for_lists(rule: Callable[[Tensor, Tensor, Any], Tensor]) -> Callable[[Any, Any, Any], None]:
    @no_grad()
    def update(averaged: Any, current: Any, num_averaged: Any) -> None:
        for average, parameter in zip(averaged, current, strict=True):
            average.copy_(rule(average, parameter, num_averaged))

    return update


class AveragedModel(Module):
    """A copy of a model, whose parameters are averages of the model's.

    Parameters
    ----------
    model : Module
        The model; it is copied.
    device : optional
        Only "cpu" exists.
    avg_fn : callable, optional
        ``(average, parameter, n) -> average``; by default all weigh the same.
    multi_avg_fn : callable, optional
        The same for lists of tensors, which it changes in place.
    use_buffers : bool
        Average the buffers too, in the place of copying them.

    Raises
    ------
    AssertionError
        If both functions are given.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> model = tgb.nn.Linear(1, 1)
    >>> averaged = tgb.optim.swa_utils.AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = model.weight.data.fill_(value)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item()
    3.0

    Notes
    -----
    Izmailov and others, "Averaging Weights Leads to Wider Optima and Better Generalization", 2018.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[[Tensor, Tensor, Any], Tensor] | None = None,
        multi_avg_fn: Callable[[Any, Any, Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the averaged model."""
        return self.module(*args, **kwargs)

    def _averaged(self, model: Module) -> list[Tensor]:
        if not self.use_buffers:
            return [p.detach() for p in model.parameters()]
        return [p.detach() for p in itertools.chain(model.parameters(), model.buffers())]

    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of a model into the average."""
        mine, theirs = self._averaged(self.module), self._averaged(model)
        if self.n_averaged == 0:
            for average, parameter in zip(mine, theirs, strict=True):
                average.copy_(parameter)
        elif self.multi_avg_fn is not None:
            self.multi_avg_fn(mine, theirs, self.n_averaged)
        else:
            rule = self.avg_fn or get_swa_avg_fn()
            for average, parameter in zip(mine, theirs, strict=True):
                average.copy_(rule(average, parameter, self.n_averaged))
        if not self.use_buffers:
            for buffer, other in zip(self.module.buffers(), model.buffers(), strict=True):
                buffer.detach().copy_(other.detach())
        self.n_averaged += 1


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of all batch norm layers anew, in one pass over the data.

    Parameters
    ----------
    loader : iterable
        Batches; of a list or tuple, the first is the input.
    model : Module
        Usually an :class:`AveragedModel`, whose weights were never run.
    device : optional
        Where batches are brought.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> norm = tgb.nn.BatchNorm1d(1)
    >>> tgb.optim.swa_utils.update_bn([tgb.tensor([[1.0], [3.0]])], norm)
    >>> norm.running_mean
    tensor([2.])
    """
    layers = [m for m in model.modules() if hasattr(m, "reset_running_stats")]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    was_training = model.training
    model.train()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # an equal average over all batches
    for batch in loader:
        inputs = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(inputs if device is None else inputs.to(device))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Let the rate go to a fixed one, for the epochs whose weights are averaged.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    swa_lr : float, or list of one for each group
        The rate at the end.
    anneal_epochs : int
        When it is reached.
    anneal_strategy : {"cos", "linear"}
        How.

    Raises
    ------
    ValueError
        For an unknown strategy, or a negative number of epochs.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2,
    ...                                       anneal_strategy="linear")
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = for_each_group("swa_lr", optimizer, swa_lr)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be an integer of 0 or more, got {anneal_epochs}")
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """Return how much of the way is done, from 0 to 1."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        """Compute the rates of the next epoch."""
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            rate, end = group["lr"], group["swa_lr"]
            # Where this way began, seen from the rate before.
            start = end if before == 1 else (rate - before * end) / (1 - before)
            rates.append(end * now + start * (1 - now))
        return rates
