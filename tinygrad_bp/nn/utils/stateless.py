"""Calling a module with other parameters than its own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...tensor import Tensor
from ..modules.module import Module

__all__ = ["call_with", "functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters and buffers, and leave it as it was.

    PyTorch deprecated this name for ``tgb.func.functional_call``, and warns. Parameters as of
    :func:`call_with`.
    """
    warnings.warn(
        "nn.utils.stateless.functional_call is deprecated: use func.functional_call instead",
        FutureWarning,
        stacklevel=2,
    )
    return call_with(module, parameters_and_buffers, args, kwargs, tie_weights, strict)


def call_with(
    module: Module,
    parameters_and_buffers: dict[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters and buffers, and leave it as it was.

    Gradients flow to the tensors that are given.

    Parameters
    ----------
    module : Module
    parameters_and_buffers : dict of str to Tensor
        By dotted name. A buffer that the call replaces is replaced here too.
    args : tuple, or a single argument
    kwargs : dict, optional
    tie_weights : bool
        What is given for one name of a shared parameter holds for its other names too.
    strict : bool
        Names have to be exactly those of the module.

    Raises
    ------
    RuntimeError
        With `strict`, for names that are missing or unexpected.
    AttributeError
        For a name whose module does not exist.
    ValueError
        If two names of one shared parameter are given different tensors.
    """
    given = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, parameters_and_buffers, tie_weights, strict):
        return module(*given, **(kwargs or {}))


def _places(module: Module) -> dict[str, Any]:
    """List all parameters and buffers, a shared one under each of its names."""
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _with_ties(own: dict[str, Any], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Add the other names of shared parameters."""
    groups: dict[int, list[str]] = {}
    for name, tensor in own.items():
        groups.setdefault(id(tensor), []).append(name)
    tied = dict(given)
    for names in groups.values():
        values = [given[name] for name in names if name in given]
        if any(value is not values[0] for value in values):
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(names)}, which are tied. "
                "Consider using tie_weights=False"
            )
        if values:
            tied.update(dict.fromkeys(names, values[0]))
    return tied


@contextmanager
def _replaced(
    module: Module, given: dict[str, Tensor], tie_weights: bool, strict: bool
) -> Iterator[None]:
    own = _places(module)
    new = _with_ties(own, given) if tie_weights else dict(given)
    if strict:
        missing, unexpected = sorted(own.keys() - new.keys()), sorted(new.keys() - own.keys())
        if missing or unexpected:
            raise RuntimeError(
                f"functional_call: missing key(s): {missing}, unexpected key(s): {unexpected}"
            )
    before = []
    try:
        for name, tensor in new.items():
            path, _, last = name.rpartition(".")
            owner = module.get_submodule(path)
            registry = next(
                (r for r in (owner._parameters, owner._buffers) if last in r), owner._buffers
            )
            before.append((name, owner, last, registry, registry.get(last), last in registry))
            registry[last] = vars(owner)[last] = tensor
        yield
    finally:
        for name, owner, last, registry, tensor, existed in reversed(before):
            if name in given:
                given[name] = registry.get(last, given[name])
            if existed:
                registry[last] = vars(owner)[last] = tensor
            else:
                registry.pop(last, None)
                vars(owner).pop(last, None)
