"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..functions.joining import stack
from ..nn.utils.stateless import call_with

__all__ = ["functional_call", "stack_module_state"]


def functional_call(module: Any, parameter_and_buffer_dicts: Any, args: Any = None,
                    kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True,
                    strict: bool = False) -> Any:  # fmt: skip
    """Run a module with other tensors in the place of its parameters and buffers.

    Parameters
    ----------
    module : Module
    parameter_and_buffer_dicts : dict, or sequence of dicts
        Names, as in ``module.named_parameters()``, to tensors.
    args : any or tuple, optional
        Positional arguments.
    kwargs : dict, optional
    tie_weights : bool
        Let a tensor stand for all names of the parameter that it replaces.
    strict : bool
        Require a tensor for every name, and none besides.

    Raises
    ------
    ValueError
        For a name in more than one of the dicts.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> net = tgb.nn.Linear(2, 1, bias=False)
    >>> tgb.func.functional_call(net, {"weight": tgb.ones(1, 2)}, tgb.ones(1, 2))
    tensor([[2.]])
    """
    tensors = parameter_and_buffer_dicts
    if not isinstance(tensors, dict):
        names = [name for part in tensors for name in part]
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"functional_call: {twice} appeared in multiple dictionaries")
        tensors = {name: tensor for part in tensors for name, tensor in part.items()}
    return call_with(
        module, tensors, () if args is None else args, kwargs,
        tie_weights=tie_weights, strict=strict,
    )  # fmt: skip


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Stack the parameters, and the buffers, of modules of one architecture.

    With :func:`vmap` and :func:`functional_call` they are run as one ensemble.

    Raises
    ------
    RuntimeError
        For no module, modules of different classes, or partly in training mode.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> models = [tgb.nn.Linear(2, 1) for _ in range(3)]
    >>> parameters, buffers = tgb.func.stack_module_state(models)
    >>> parameters["weight"].shape
    tinygrad_bp.Size([3, 1, 2])
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({model.training for model in models}) > 1:
        raise RuntimeError("stack_module_state: all models must have the same training mode")
    if len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: all models must be of the same class")
    parameters = {
        name: stack([dict(model.named_parameters())[name] for model in models])
        .detach()
        .requires_grad_(parameter.requires_grad)
        for name, parameter in models[0].named_parameters()
    }
    buffers = {
        name: stack([dict(model.named_buffers())[name] for model in models]).detach()
        for name, _ in models[0].named_buffers()
    }
    return parameters, buffers
