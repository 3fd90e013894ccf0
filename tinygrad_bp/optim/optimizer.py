"""What all optimizers have: parameter groups, state, and saving them."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ..dtype import float64, get_default_dtype
from ..memory import on_line
from ..mode import enable_grad, modes
from ..tensor import Tensor, wrap
from .batch import Batch
from .blocks import update
from .fused import check_fused
from .hooks import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from .prepared import Prepared
from .saving import Saved

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]


class _Required:
    """The default of an option that each group has to give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer(Saved):
    """Base of the optimizers.

    A subclass writes a `step` of its own, as in PyTorch; or only :meth:`_update`, which updates one
    parameter, and has the `step` from here.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize. A dict is a group with options of its own: ``{"params": …, "lr": 0.1}``.
    defaults : dict
        The options of groups that do not have them.

    Attributes
    ----------
    param_groups : list of dict
        Each with "params" and all options.
    state : dict of Tensor to dict
        What is remembered of each parameter, under PyTorch's names.

    Raises
    ------
    TypeError
        If `params` is a single tensor, or holds something else.
    ValueError
        If it is empty, has a tensor that is no leaf, or one in two groups.

    Warns
    -----
    UserWarning
        If a group has a tensor twice.
    """

    #: Number of a group -> its next step, where that is known from the last one.
    _prepared: Mapping[int, Prepared] = MappingProxyType({})

    #: While a group is stepped: number of the step -> the numbers and flags of its formula.
    _numbers: dict[float, Any] | None = None

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._prepare_hooks()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                "but got a Tensor: put it into a list"
            )
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list (an iterator that was used up already?)"
            )
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own.

        Parameters
        ----------
        param_group : dict
            "params", and any options; the others are the defaults.

        Raises
        ------
        TypeError, ValueError
            As for the optimizer itself.

        Examples
        --------
        >>> import tinygrad_bp as tgb
        >>> optimizer = tgb.optim.SGD([tgb.zeros(1, requires_grad=True)], lr=0.1)
        >>> optimizer.add_param_group({"params": [tgb.zeros(2, requires_grad=True)], "lr": 0.5})
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.1, 0.5]
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = param_group
        params = group["params"]
        if isinstance(params, (set, frozenset)):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but a set has "
                "no order that is the same in the next run: use a list"
            )
        listed = [params] if isinstance(params, Tensor) else list(params)
        names = []
        for i, entry in enumerate(listed):
            if isinstance(entry, tuple):
                name, listed[i] = entry
                names.append(name)
            tensor = listed[i]
            if not isinstance(tensor, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, not {type(tensor).__name__}")
            if not (tensor.is_leaf or tensor.retains_grad):
                raise ValueError(
                    "can't optimize a non-leaf Tensor: it is computed anew in each forward pass. "
                    "Give the leaves that it is computed from"
                )
        if names and len(names) != len(listed):
            raise ValueError("all parameters of a group have to have names, or none")
        group["params"] = listed
        if names:
            group["param_names"] = names
        for option, value in self.defaults.items():
            if value is required and option not in group:
                raise ValueError(
                    f"parameter group didn't specify a value of the required option {option!r}"
                )
            group.setdefault(option, value)
        check_fused(group)
        if len({id(p) for p in listed}) != len(listed):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters: they will be "
                "updated more than once in each step",
                stacklevel=3,
            )
        known = {id(p) for other in self.param_groups for p in other["params"]}
        if any(id(p) in known for p in listed):
            raise ValueError("some parameters appear in more than one parameter group")
        for other in self.param_groups:
            if ("param_names" in other) != bool(names):
                raise ValueError("all parameter groups have to have named parameters, or none")
        self.param_groups.append(group)

    # ------------------------------------------------------------------------------------- a step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients anew, and returns the loss.

        Returns
        -------
        What `closure` returned, if anything.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        tracing = modes.trace is not None  # which sees each update by itself
        for number, group in enumerate(self.param_groups):
            prepared = self._prepared.get(number)
            if prepared is None or tracing or not prepared.run(self, group):
                self._step_group(number, group, tracing)
        return loss

    def _step_group(self, number: int, group: dict[str, Any], tracing: bool) -> None:
        """Update the parameters of a group: gathered, so that they are run together."""
        own = self.__dict__
        batch = Batch(group.get("fused"))
        own["_numbers"] = {}
        if not tracing:
            own["_run"] = batch.add
        try:
            with np.errstate(all="ignore"):  # what is not finite shows in the parameters
                for parameter in group["params"]:
                    gradient = parameter.grad
                    if gradient is not None:
                        self._update(group, parameter, gradient)
                batch.run()
        finally:
            own.pop("_run", None)
            own.pop("_numbers", None)
        # Of a subclass it is not known what else it does for each parameter.
        again = Prepared.after(self, group, batch) if "_repeats" in type(self).__dict__ else None
        if again is not None:
            own.setdefault("_prepared", {})[number] = again

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no _update")

    def _scalars(self, group: dict[str, Any], t: float) -> tuple[dict[str, float], tuple[str, ...]]:
        raise NotImplementedError(f"{type(self).__name__} has no _scalars")

    def _scalars_at(self, group: dict[str, Any], t: float) -> Any:
        """Return `_scalars`; within a step those of the parameter before, if it is as far."""
        if self._numbers is None:
            return self._scalars(group, t)
        known = self._numbers.get(t)
        if known is None:
            known = self._numbers[t] = self._scalars(group, t)
        return known

    @staticmethod
    def _run(formula: Any, parameter: Tensor, gradient: Tensor, state: list[Tensor],
             scalars: dict[str, float], flags: tuple[str, ...]) -> None:  # fmt: skip
        """Update a parameter and its state by a formula, in place."""
        arrays = [parameter._array, gradient._array]
        arrays += [tensor._array for tensor in state]
        update(formula, arrays, scalars, flags)
        parameter.storage.touch()  # a recorded graph that kept the old values is to notice

    def _start(self, parameter: Tensor) -> dict[str, Any]:
        """Return what is remembered of a parameter: in the beginning a count of 0, and zeros."""
        state = self.state[parameter]
        if not state:
            state["step"] = scalar(0.0)
            for name in self._like_parameter:
                state[name] = wrap(on_line(np.zeros_like(parameter._array)))
        return state

    @staticmethod
    def _count(state: dict[str, Any]) -> float:
        """Count a step, and return its number, from 1."""
        count: np.ndarray[Any, Any] = state["step"]._array
        count.fill(count.item() + 1)  # at a fifth of the time that `count += 1` takes
        return count.item()  # type: ignore[no-any-return]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero.

        Parameters
        ----------
        set_to_none : bool
            Without a gradient, a parameter is left out of the next step; with a gradient of zeros
            it takes part (momentum and weight decay go on).
        """
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter.grad = None
                elif parameter.grad is None:
                    continue
                elif parameter.grad.requires_grad:
                    parameter.grad = wrap(np.zeros_like(parameter.grad._array))
                else:
                    parameter.grad._array[...] = 0
                    parameter.grad.storage.touch()

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join(lines) + "\n)"


def scalar(value: float) -> Tensor:
    """Make a number that state holds as a tensor: a step count, say."""
    wide = get_default_dtype() is float64
    return wrap(np.array(value, np.float64 if wide else np.float32))


def check_betas(betas: Any) -> None:
    """Raise ValueError for a decay rate outside [0, 1)."""
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(
                f"Invalid beta parameter at index {i}: {beta}; it has to lie in [0, 1)"
            )


def check_not_negative(**options: Any) -> None:
    """Raise ValueError for an option that is negative (or NaN)."""
    for name, value in options.items():
        if isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError(
                f"{name} has to be a number or a tensor of one element, not one of shape "
                f"{tuple(value.shape)}"
            )
        if not float(value) >= 0.0:
            raise ValueError(f"Invalid {name} value: {value}; it can't be negative")


def check_differentiable(differentiable: bool) -> None:
    """Raise for an option that we do not have, rather than ignore it."""
    if differentiable:
        raise NotImplementedError(
            "optimizers update in place and are not differentiable; write the step as a formula "
            "(w - lr * grad, with create_graph=True) to differentiate through it"
        )


def parameters_of(groups: Iterable[dict[str, Any]]) -> list[Tensor]:
    """List the parameters of all groups."""
    return [parameter for group in groups for parameter in group["params"]]
