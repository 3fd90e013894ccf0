"""Weight normalisation by a hook, the older form of `parametrizations.weight_norm`."""

from __future__ import annotations

import warnings
from typing import Any

from ..modules.module import Module
from ..parameter import Parameter
from ._weights import find_hook, norm_except, remove_hook, scaled

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]


class WeightNorm:
    """The hook: before each forward it computes w = g v / ‖v‖.

    Parameters
    ----------
    name : str
        Of the weight.
    dim : int
        The axis of the norms.
    """

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Any:
        """Give the weight of a module."""
        return scaled(
            getattr(module, f"{self.name}_v"), getattr(module, f"{self.name}_g"), self.dim
        )

    def remove(self, module: Module) -> None:
        """Make an ordinary parameter of the weight."""
        weight = self.compute_weight(module).detach()
        delattr(module, self.name)
        delattr(module, f"{self.name}_g")
        delattr(module, f"{self.name}_v")
        setattr(module, self.name, Parameter(weight))

    def __call__(self, module: Module, inputs: Any) -> None:
        """Set the weight before a forward."""
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn length g and direction v of a weight apart: w = g v / ‖v‖.

    Parameters
    ----------
    module : Module
    name : str
        Of the weight.
    dim : int, optional
        A length for each place of this axis; one for the whole weight if None.

    Returns
    -------
    Module
        The module, with parameters ``weight_g`` and ``weight_v``.

    Raises
    ------
    RuntimeError
        If it is normalised already.

    Notes
    -----
    Salimans and Kingma, "Weight Normalization", 2016. PyTorch deprecated this form, and warns; the
    newer one is :func:`tinygrad_bp.nn.utils.parametrizations.weight_norm`.
    """
    warnings.warn(
        "nn.utils.weight_norm is deprecated in favor of nn.utils.parametrizations.weight_norm.",
        FutureWarning,
        stacklevel=2,
    )
    if find_hook(module, WeightNorm, name) is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    hook = WeightNorm(name, dim)
    weight = getattr(module, name)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(norm_except(weight.detach(), hook.dim)))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Undo :func:`weight_norm`: the weight is an ordinary parameter again.

    Raises
    ------
    ValueError
        If it is not normalised.
    """
    removed: Module = remove_hook(module, WeightNorm, name, "weight_norm")
    return removed
