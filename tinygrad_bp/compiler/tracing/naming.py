"""Names for a reader: those that the user's code has for arguments, parameters and their states."""

from __future__ import annotations

import inspect
import re
from typing import Any

from ...nn.modules.module import Module
from ..program import Program
from .recording import Recording

__all__ = ["name_values"]


def name_values(program: Program, recording: Recording, function: Any) -> None:
    """Name the inputs as the function's parameters, the states as the modules' and optimizers'."""
    names = _parameters_of(function)
    for value in program.inputs:
        found = re.fullmatch(r"argument (\d+)(.*)", value.name, re.DOTALL)
        if found and int(found[1]) < len(names):
            value.name = names[int(found[1])] + found[2]
    known = _states(recording)
    states = {v for call in program.calls for v in call.operands if v.kind == "state"}
    for value in states | {state for state, _ in program.stores}:
        value.name = known.get(id(value.array), value.name)


def _parameters_of(function: Any) -> list[str]:
    """Return the names of the arguments that are given by their place."""
    called = function.forward if isinstance(function, Module) else function
    try:
        parameters = inspect.signature(called).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in kinds]


def _states(recording: Recording) -> dict[int, str]:
    """Return the names of arrays, by id."""
    called = list(recording.modules.values())
    inner = {id(child) for module in called for child in module.modules() if child is not module}
    outermost = [
        module for module in called if id(module) not in inner
        if any(True for _ in (*module.parameters(), *module.buffers()))
    ]  # fmt: skip
    known: dict[int, str] = {}
    parameters: dict[int, str] = {}
    for module in outermost:
        # Of several models each goes by its class.
        prefix = f"{type(module).__name__}." if len(outermost) > 1 else ""
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            known.setdefault(id(tensor._array), prefix + name)
            parameters.setdefault(id(tensor), prefix + name)
            if tensor.grad is not None:
                known.setdefault(id(tensor.grad._array), f"{prefix}{name}.grad")
    for optimizer in recording.optimizers:
        for tensor, state in optimizer.state.items():
            for key, held in state.items():
                if id(tensor) in parameters and hasattr(held, "_array"):
                    known.setdefault(id(held._array), f"{parameters[id(tensor)]}.{key}")
    return known
