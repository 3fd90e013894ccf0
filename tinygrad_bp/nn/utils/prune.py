"""Pruning: setting weights to 0 and keeping them there, by a mask.

A pruned parameter ``weight`` is learned as ``weight_orig``; the buffer ``weight_mask`` holds 0 and
1, and before each forward ``weight`` is set to their product. Pruning again takes from what is
left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from ...creation import ones_like
from ..modules.module import Module
from .convert_parameters import parameters_to_vector
from .pruning_methods import (
    BasePruningMethod,
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    PruningContainer,
    RandomStructured,
    RandomUnstructured,
    find_pruning,
)

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured",
    "PruningContainer", "RandomStructured", "RandomUnstructured", "custom_from_mask",
    "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured",
    "random_structured", "random_unstructured", "remove",
]  # fmt: skip


def identity(module: Module, name: str) -> Module:
    """Put a mask of ones on a parameter; return the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prune elements of a parameter at random: `amount` of them, or that share of what is left."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: float, importance_scores: Any = None
) -> Module:
    """Prune the elements of a parameter that are smallest in magnitude.

    Parameters
    ----------
    module : Module
    name : str
    amount : int or float
        How many, or which share of what is left.
    importance_scores : Tensor, optional
        Of the parameter's shape: what decides instead.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils import prune
    >>> layer = prune.l1_unstructured(tgb.nn.Linear(4, 3), "weight", amount=0.5)
    >>> int((layer.weight == 0).sum())
    6
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prune channels of a parameter, along the axis `dim`, at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: float, n: float, dim: int, importance_scores: Any = None
) -> Module:
    """Prune the channels of a parameter, along the axis `dim`, whose n-norm is smallest."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Any) -> Module:
    """Prune a parameter where a mask is 0."""
    CustomFromMask.apply(module, name, mask)
    return module


class _All(PruningContainer):
    """The parameters of :func:`global_unstructured`, as one."""

    _tensor_name = "all"

    def with_method(self, method: BasePruningMethod) -> Self:
        method._tensor_name = self._tensor_name
        self.add_pruning_method(method)
        return self


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Any] | None = None,
    **kwargs: Any,
) -> None:
    """Prune several parameters as if they were one.

    Parameters
    ----------
    parameters : iterable of (Module, name)
    pruning_method : subclass of BasePruningMethod
        An unstructured one.
    importance_scores : dict of (Module, name) to Tensor, optional
        What decides instead.
    **kwargs
        The method's: ``amount``.

    Raises
    ------
    TypeError
        If the method is not unstructured, or the arguments are of the wrong kinds.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils import prune
    >>> layer = tgb.nn.Linear(2, 2)
    >>> prune.global_unstructured([(layer, "weight")], prune.L1Unstructured, amount=3)
    >>> int((layer.weight == 0).sum())
    3
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    places = list(parameters)
    tensors = [getattr(module, name).detach() for module, name in places]
    joined = parameters_to_vector(
        [scores.get(place, t).detach() for place, t in zip(places, tensors, strict=True)]
    )
    present = parameters_to_vector(
        [
            getattr(module, f"{name}_mask", ones_like(t))
            for (module, name), t in zip(places, tensors, strict=True)
        ]
    )
    mask = _All().with_method(method).compute_mask(joined, present)
    start = 0
    for (module, name), tensor in zip(places, tensors, strict=True):
        end = start + tensor.numel()
        custom_from_mask(module, name, mask[start:end].reshape(*tensor.shape))
        start = end


def remove(module: Module, name: str) -> Module:
    """Make the pruning of a parameter permanent: it is an ordinary one again, with its zeros.

    Raises
    ------
    ValueError
        If it is not pruned.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils import prune
    >>> layer = prune.l1_unstructured(tgb.nn.Linear(2, 1), "weight", amount=1)
    >>> [name for name, _ in prune.remove(layer, "weight").named_parameters()]
    ['bias', 'weight']
    """
    found = find_pruning(module, name)
    if found is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    number, hook = found
    hook.remove(module)
    del module._call_hooks[number]
    return module


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module, or of one below, is pruned.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils import prune
    >>> prune.is_pruned(tgb.nn.Linear(2, 1))
    False
    """
    return any(
        isinstance(hook, BasePruningMethod)
        for submodule in module.modules()
        for _, hook, *_ in submodule._call_hooks.values()
    )
