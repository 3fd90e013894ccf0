"""A training step being traced: gradients, changes in place, and what optimizers do."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import inplace
from ...mode import modes, no_grad
from ...optim import (
    ASGD,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    NAdam,
    RAdam,
    RMSprop,
    Rprop,
)  # fmt: skip
from ...rules import elementwise as ew
from ...rules.index import assign
from ...tensor import wrap
from ..errors import refuse
from .trace import Trace

__all__ = ["Recording", "Update"]

#: Optimizers whose update is a formula, and what else they do the same in every step.
_FORMULAIC = (SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, Adamax, NAdam, RAdam, ASGD, Rprop)


@dataclass
class Update:
    """That an optimizer updated a parameter: by which formula, with which numbers."""

    optimizer: Any
    group: int
    parameter: Any
    formula: Any
    names: tuple[str, ...]
    flags: tuple[str, ...]
    numbers: tuple[float, ...]
    turn: int  # which step of this optimizer it belongs to, from 0

    @property
    def signature(self) -> Any:
        """What the program is made for."""
        return self.formula, self.names, self.flags


class Recording(Trace):
    """The trace of a training step.

    Attributes
    ----------
    updates : list of Update
        In the order of the program's scalars.
    optimizers : list of Optimizer
        That made a step.
    effects : list of callable
        What each run of the program does in Python after itself: the steps of schedulers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.updates: list[Update] = []
        self.optimizers: list[Any] = []
        self.effects: list[functools.partial[Any]] = []
        self._turn = 0
        self._options: list[tuple[Any, Any]] = []
        self._stepping: Any = None

    # ----------------------------------------------------------------------------------- gradients

    def zeroed(self, parameters: Any, set_to_none: bool) -> None:
        """Forget gradients, or set them to zero."""
        for parameter in parameters:
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                with no_grad():
                    parameter.grad.zero_()

    def accumulate(self, before: Any, gradient: Any) -> None:
        """Add a gradient to the one that is there, in its memory."""
        with no_grad():
            inplace.change(before, ew.add, gradient)

    # ------------------------------------------------------------------------------------ in place

    def assigned(self, array: Any, template: Any, indices: Any, value: Any) -> None:
        """Note ``array[template with indices] = value``."""
        operands = [array, self.plain(value), *[self.plain(i) for i in indices]]
        value = operands[1]
        same = isinstance(value, np.ndarray) and (value.shape, value.dtype) == (
            array.shape, array.dtype,
        )  # fmt: skip
        if same and all(part is Ellipsis or part == slice(None) for part in template):
            self.changed(array, self.value(value))
            return
        attrs = {"template": template}
        # The array has its new elements already; the values are those before.
        self.changed(array, self.note(assign, operands, attrs, array.copy()))

    # ---------------------------------------------------------------------------------- optimizers

    def stepped(self, optimizer: Any, step: Any, args: Any, kwargs: Any) -> Any:
        """Run the step of an optimizer; or do nothing, and return NotImplemented."""
        if type(optimizer) not in _FORMULAIC:
            self.refuse(
                f"{type(optimizer).__name__} is not an optimizer that can be compiled",
                "Compile forward and backward, and call its step outside; or use fallback=True.",
            )
        if any(args) or any(kwargs.values()):
            self.refuse("an optimizer's step with a closure", "Call the closure's code before it.")
        if any(getattr(e.args[0], "optimizer", optimizer) is optimizer for e in self.effects):
            self.refuse(
                "a scheduler is stepped before its optimizer",
                "Call scheduler.step() after optimizer.step(), or after the compiled step.",
            )
        if self.failed is not None:
            return NotImplemented
        self._turn = sum(other is optimizer for other in self.optimizers)
        self.optimizers.append(optimizer)
        self._stepping, self.hosting = optimizer, True
        try:
            out = step(optimizer)
        finally:
            self.hosting = self.failed is not None
        self._options.append((optimizer, _options(optimizer)))
        return out

    def update(self, real: Any, formula: Any, parameter: Any, gradient: Any, state: Any,
               scalars: dict[str, float], flags: tuple[str, ...]) -> None:  # fmt: skip
        """Update a parameter by a formula; note the formula's operations."""
        arrays = [parameter._array, gradient._array, *[t._array for t in state]]
        self.seen(parameter, arrays[0])
        kind = arrays[0].dtype
        if kind.kind != "f":
            self.refuse("complex parameters are updated", "Use fallback=True.")
            real(formula, parameter, gradient, state, scalars, flags)
            return
        for array in (arrays[0], *arrays[2:]):
            self.state(array)
        numbers = {}
        for name, number in scalars.items():
            array = np.asarray(number, kind)
            self.scalar(array, name)
            numbers[name] = wrap(array)
        self.hosting = False
        with no_grad(), self.standing_in(arrays) as instead:
            results = formula(*map(wrap, instead), **numbers, **dict.fromkeys(flags, True))
            results = [
                r if r._array.dtype == a.dtype else r.to(a.dtype)
                for r, a in zip(results, (arrays[0], *arrays[2:]), strict=True)
            ]
            values = [self.value(r._array) for r in results]
        self.hosting = True
        real(formula, parameter, gradient, state, scalars, flags)
        for array, value in zip((arrays[0], *arrays[2:]), values, strict=True):
            self.changed(array, value)
            self.touched(array)
        groups = self._stepping.param_groups
        group = next(i for i, g in enumerate(groups) if any(parameter is p for p in g["params"]))
        self.updates.append(
            Update(self._stepping, group, parameter, formula, tuple(scalars), flags,
                   tuple(scalars.values()), self._turn)
        )  # fmt: skip

    def scheduled(self, step: Any, scheduler: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the step of a scheduler, as ever; it is run again after each run of the program."""
        if any(hasattr(x, "_array") for x in (*args, *kwargs.values())):
            self.refuse(
                "a scheduler takes a tensor, which it looks at",
                "Return the tensor, and call scheduler.step(…) with it after the compiled step.",
            )
        known = [i for i, (o, options) in enumerate(self._options) if _options(o) == options]
        trace, modes.trace = modes.trace, None
        try:
            out = step(scheduler, *args, **kwargs)
        finally:
            modes.trace = trace
        self.effects.append(functools.partial(step, scheduler, *args, **kwargs))
        for i in known:
            self._options[i] = self._options[i][0], _options(self._options[i][0])
        return out

    def check_options(self) -> None:
        """Refuse a step that changes an optimizer's options: the change would not come again."""
        for optimizer, options in self._options:
            if _options(optimizer) != options:
                raise refuse(
                    "an option of an optimizer is changed in the step",
                    "Change it after the compiled step, or by a scheduler in it: the change is "
                    "followed without compiling anew.",
                )


def _options(optimizer: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
