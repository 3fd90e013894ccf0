"""Rates, and momenta, that rise and fall."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, check_optimizer, for_each_group, set_option

__all__ = ["CyclicLR", "OneCycleLR"]


class _Cycle(LRScheduler):
    """A scheduler that lets the momentum fall while the rate rises."""

    cycle_momentum: bool
    use_beta1: bool

    def _start_momentum(self, base: Any, highest: Any, fresh: bool) -> tuple[list[Any], list[Any]]:
        """Return the lowest and the highest momentum, a group each; begin at the highest."""
        optimizer = self.optimizer
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled: "
                f"{type(optimizer).__name__} has neither; use cycle_momentum=False"
            )
        self.use_beta1 = "betas" in optimizer.defaults
        low = for_each_group("base_momentum", optimizer, base)
        high = for_each_group("max_momentum", optimizer, highest)
        if fresh:
            for group, least, most in zip(optimizer.param_groups, low, high, strict=True):
                self._set_momentum(group, most)
                group["max_momentum"], group["base_momentum"] = most, least
        return low, high

    def _set_momentum(self, group: dict[str, Any], momentum: Any) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_Cycle):
    """Let the rate go from `base_lr` to `max_lr` and back, again and again; step it every batch.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    base_lr, max_lr : float, or list of one for each group
        The ends.
    step_size_up, step_size_down : int
        Steps of a rise, and of a fall (as many, if left out).
    mode : {"triangular", "triangular2", "exp_range"}
        Whether cycles stay as high, are halved each time, or shrink by ``gamma**step``.
    gamma : float
        See `mode`.
    scale_fn : callable, optional
        Height of a cycle, in the place of `mode`.
    scale_mode : {"cycle", "iterations"}
        Of what `scale_fn` is a function.
    cycle_momentum : bool
        Let the momentum (or β₁) go the other way, between `max_momentum` and `base_momentum`.

    Raises
    ------
    ValueError
        For an unknown mode, or an optimizer without momentum.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> from tinygrad_bp.optim.lr_scheduler import CyclicLR
    >>> scheduler = CyclicLR(optimizer, base_lr=0.1, max_lr=0.3, step_size_up=2)
    >>> rates = []
    >>> for _ in range(6):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.1, 0.2, 0.3, 0.2, 0.1, 0.2]

    Notes
    -----
    Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        lowest = for_each_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, lowest, strict=True):
                set_option(group, "lr", rate)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(
                f"mode {mode!r} is invalid and scale_fn is None: use 'triangular', 'triangular2' "
                "or 'exp_range'"
            )
        self.mode, self.gamma = mode, gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._start_momentum(
                base_momentum, max_momentum, last_epoch == -1
            )
        super().__init__(optimizer, last_epoch, verbose)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> float:
        """Give the height of a cycle (of its number from 1, or of the step)."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return float(0.5 ** (x - 1))
        return 1.0 if self.mode == "triangular" else float(self.gamma**x)

    def get_lr(self) -> list[Any]:
        """Compute the rates of step `last_epoch`, and set the momenta."""
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        rising = x <= self.step_ratio
        share = x / self.step_ratio if rising else (x - 1) / (self.step_ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                self._set_momentum(group, high - (high - low) * share * height)
        return [
            low + (high - low) * share * height
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer; of `scale_fn`, only an object has a state."""
        state = super().state_dict()
        function = state["_scale_fn_custom"]
        plain = function is None or isinstance(function, types.FunctionType)
        state["_scale_fn_custom"] = None if plain else dict(function.__dict__)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to where :meth:`state_dict` was called; functions stay as they are."""
        state_dict = dict(state_dict)
        saved = state_dict.pop("_scale_fn_custom")
        super().load_state_dict(state_dict)
        if saved is not None:
            self._scale_fn_custom.__dict__.update(saved)


class OneCycleLR(_Cycle):
    """Let the rate rise from `max_lr` / `div_factor` to `max_lr`, and fall to nearly nothing.

    Step it every batch: the schedule ends after `total_steps`.

    Parameters
    ----------
    optimizer, last_epoch
        See :class:`LRScheduler`.
    max_lr : float, or list of one for each group
        The highest rate.
    total_steps : int, optional
        How many steps; or `epochs` times `steps_per_epoch`.
    pct_start : float
        The share of the rise.
    anneal_strategy : {"cos", "linear"}
        How the rate goes from one end to the other.
    cycle_momentum : bool
        Let the momentum (or β₁) go the other way, between `max_momentum` and `base_momentum`.
    div_factor : float
        Highest rate / first rate.
    final_div_factor : float
        First rate / last rate.
    three_phase : bool
        Fall as long as the rise took, and then go to the last rate.

    Raises
    ------
    ValueError
        For options that make no schedule, an optimizer without momentum, a step beyond the last.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = tgb.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=6)
    >>> rates = []
    >>> for _ in range(6):
    ...     rates.append(round(scheduler.get_last_lr()[0], 4))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.04, 0.9944, 0.8117, 0.4626, 0.1335, 0.0]

    Notes
    -----
    Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning
    Rates", 2018.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
        verbose: Any = "deprecated",
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        highest = for_each_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, last_epoch == -1)
        super().__init__(optimizer, last_epoch, verbose)

    def _between(self, start: Any, end: Any, share: float) -> Any:
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)

    def get_lr(self) -> list[Any]:
        """Compute the rates of step `last_epoch`, and set the momenta."""
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        start, phase = 0.0, self._schedule_phases[0]
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        share = (step - start) / (phase["end_step"] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], share))
            if self.cycle_momentum:
                ends = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._between(*ends, share))
        return rates


def _total(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total_steps is None and (epochs is None or steps_per_epoch is None):
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    numbers = {"total_steps": total_steps}
    if total_steps is None:
        numbers = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    for name, number in numbers.items():
        if not isinstance(number, int) or number <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {number}")
    return math.prod(numbers.values())


def _phases(total: int, share: float, three: bool) -> list[dict[str, Any]]:
    """List the phases: when each ends, and from which option of a group to which it goes."""
    ends = [float(share * total) - 1, total - 1]
    rates = ["initial_lr", "max_lr", "min_lr"]
    momenta = ["max_momentum", "base_momentum", "max_momentum"]
    if three:
        ends.insert(1, float(2 * share * total) - 2)
        rates.insert(2, "initial_lr")
        momenta.append("max_momentum")
    return [
        {
            "end_step": end,
            "start_lr": rates[i],
            "end_lr": rates[i + 1],
            "start_momentum": momenta[i],
            "end_momentum": momenta[i + 1],
        }
        for i, end in enumerate(ends)
    ]
