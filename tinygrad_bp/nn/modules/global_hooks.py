"""Hooks on all modules at once, for debugging and profiling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...hooks import RemovableHandle
from .hooks import GLOBAL_HOOKS, add_hook

__all__ = [
    "register_module_backward_hook", "register_module_buffer_registration_hook",
    "register_module_forward_hook", "register_module_forward_pre_hook",
    "register_module_full_backward_hook", "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook", "register_module_parameter_registration_hook",
    "replaced",
]  # fmt: skip

_Hook = Callable[..., Any]

#: What is called when a module gets a parameter, a buffer or a submodule.
_REGISTRATION: dict[str, dict[int, _Hook]] = {"parameter": {}, "buffer": {}, "module": {}}


def register_module_forward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, args)`` before the forward of every module, before its own hooks.

    What it returns, if not None, takes the place of the arguments.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.modules.module import register_module_forward_pre_hook
    >>> seen = []
    >>> with register_module_forward_pre_hook(lambda module, args: seen.append(str(module))):
    ...     y = tgb.nn.Sequential(tgb.nn.Tanh())(tgb.ones(1))
    >>> seen[1]
    'Tanh()'
    """
    return add_hook(GLOBAL_HOOKS, "before", hook)


def register_module_forward_hook(
    hook: _Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the forward of every module, before its own hooks.

    Options as of :meth:`Module.register_forward_hook`.
    """
    return add_hook(GLOBAL_HOOKS, "after", hook, with_kwargs=with_kwargs, always_call=always_call)


def register_module_full_backward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` when the gradients of a module's outputs are known."""
    return add_hook(GLOBAL_HOOKS, "backward before", hook)


def register_module_full_backward_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when those of its inputs are known too."""
    return add_hook(GLOBAL_HOOKS, "backward", hook)


def register_module_backward_hook(hook: _Hook) -> RemovableHandle:
    """Do :func:`register_module_full_backward_hook`, see :meth:`Module.register_backward_hook`."""
    return add_hook(GLOBAL_HOOKS, "backward", hook)


def register_module_parameter_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` when a module gets a parameter.

    What it returns, if not None, is registered instead.
    """
    return _on_registration("parameter", hook)


def register_module_buffer_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` when a module gets a buffer; it may replace it."""
    return _on_registration("buffer", hook)


def register_module_module_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` when a module gets a submodule; it may replace it."""
    return _on_registration("module", hook)


def _on_registration(kind: str, hook: _Hook) -> RemovableHandle:
    handle = RemovableHandle(_REGISTRATION[kind])
    _REGISTRATION[kind][handle.id] = hook
    return handle


def replaced(kind: str, module: Any, name: str, member: Any) -> Any:
    """Ask the hooks what is to be registered instead of `member`."""
    for hook in list(_REGISTRATION[kind].values()):
        new = hook(module, name, member)
        if new is not None:
            member = new
    return member
