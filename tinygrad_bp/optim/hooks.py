"""Functions that an optimizer calls before and after a step, and around saving and loading."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from ..hooks import RemovableHandle
from ..mode import modes

__all__ = [
    "OptimizerHooks",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]

Hook = Callable[..., Any]

everywhere: dict[str, dict[int, Hook]] = {"before": {}, "after": {}}

_KINDS = (
    "step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_state_dict_pre",
    "load_state_dict_post",
)  # fmt: skip


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of every optimizer.

    What it returns, if not None, takes the place of ``(args, kwargs)``.
    """
    return _added(everywhere["before"], hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of every optimizer."""
    return _added(everywhere["after"], hook)


def _added(hooks: dict[int, Hook], hook: Hook, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    others = list(hooks.items()) if prepend else []
    hooks[handle.id] = hook
    for number, other in others:  # behind the new one
        del hooks[number]
        hooks[number] = other
    return handle


def hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """Make of a `step` one that runs the hooks, and notes for schedulers that it ran."""

    @functools.wraps(step)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True
        make = step if modes.trace is None else functools.partial(_traced, step)
        own = self._optimizer_step_pre_hooks or self._optimizer_step_post_hooks
        if not own and not everywhere["before"] and not everywhere["after"]:
            return make(self, *args, **kwargs)
        for hook in [*everywhere["before"].values(), *self._optimizer_step_pre_hooks.values()]:
            # As in PyTorch, hooks see the optimizer as the first of the arguments.
            result = hook(self, (self, *args), kwargs)
            if result is None:
                continue
            if not isinstance(result, tuple) or len(result) != 2:
                raise RuntimeError(
                    "a hook before an optimizer's step has to return None or a tuple "
                    f"(args, kwargs), not {result!r}"
                )
            (_, *args), kwargs = result
        out = make(self, *args, **kwargs)
        for hook in [*self._optimizer_step_post_hooks.values(), *everywhere["after"].values()]:
            hook(self, (self, *args), kwargs)
        return out

    return run


def _traced(step: Callable[..., Any], optimizer: Any, *args: Any, **kwargs: Any) -> Any:
    """Let a compiled step's trace make the step; it may decline."""
    if modes.trace is not None:  # or a hook has ended it
        out = modes.trace.stepped(optimizer, step, args, kwargs)
        if out is not NotImplemented:
            return out
    return step(optimizer, *args, **kwargs)


class OptimizerHooks:
    """The hooks of an optimizer. A subclass's `step` runs them, whoever wrote it."""

    _opt_called = False  # whether a step was made: schedulers ask
    # None, for an optimizer around another one that does not call this class's __init__.
    _optimizer_step_pre_hooks: Any = MappingProxyType({})
    _optimizer_step_post_hooks: Any = MappingProxyType({})
    _optimizer_state_dict_pre_hooks: Any = MappingProxyType({})
    _optimizer_state_dict_post_hooks: Any = MappingProxyType({})
    _optimizer_load_state_dict_pre_hooks: Any = MappingProxyType({})
    _optimizer_load_state_dict_post_hooks: Any = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = hooked(cls.__dict__["step"])  # type: ignore[attr-defined]

    def _prepare_hooks(self) -> None:
        for kind in _KINDS:
            self.__dict__.setdefault(f"_optimizer_{kind}_hooks", {})

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step.

        What it returns, if not None, takes the place of ``(args, kwargs)``.

        Returns
        -------
        RemovableHandle
        """
        return _added(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return _added(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before :meth:`Optimizer.state_dict`."""
        return _added(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` with what :meth:`Optimizer.state_dict` returns.

        What the hook returns, if not None, takes its place.
        """
        return _added(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before :meth:`Optimizer.load_state_dict`.

        What the hook returns, if not None, is loaded in its place.
        """
        return _added(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after :meth:`Optimizer.load_state_dict`."""
        return _added(self._optimizer_load_state_dict_post_hooks, hook, prepend)
