"""Spectral normalisation by a hook, the older form of `parametrizations.spectral_norm`."""

from __future__ import annotations

from typing import Any

from ...functions.linalg import dot
from ...mode import no_grad
from ...sampling import randn
from ..distances import normalize
from ..modules.module import Module
from ..parameter import Parameter
from ._weights import find_hook, matrix_of, power_iteration, remove_hook

__all__ = ["SpectralNorm", "remove_spectral_norm", "spectral_norm"]


class SpectralNorm:
    """The hook: before each forward it computes w / σ(w), after a power iteration in training."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got n_power_iterations="
                f"{n_power_iterations}"
            )
        self.name, self.dim = name, dim
        self.n_power_iterations, self.eps = n_power_iterations, eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Any:
        """Give the weight of a module, divided by its largest singular value."""
        weight = getattr(module, f"{self.name}_orig")
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        matrix = matrix_of(weight, self.dim)
        if do_power_iteration:
            # PyTorch turns v first here, u first in the newer form.
            power_iteration(matrix.T, v, u, self.n_power_iterations, self.eps)
            u, v = u.clone(), v.clone()  # they change at the next call, before a late backward
        return weight / dot(u, matrix.mv(v))

    def remove(self, module: Module) -> None:
        """Make an ordinary parameter of the weight."""
        with no_grad():
            weight = self.compute_weight(module, False).detach()
        delattr(module, self.name)
        for part in ("u", "v", "orig"):
            delattr(module, f"{self.name}_{part}")
        module.register_parameter(self.name, Parameter(weight))

    def __call__(self, module: Module, inputs: Any) -> None:
        """Set the weight before a forward."""
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value, found by power iteration.

    Parameters
    ----------
    module : Module
    name : str
        Of the weight.
    n_power_iterations : int
        How many at each forward in training.
    eps : float
        The least norm that is divided by.
    dim : int, optional
        The axis of the outputs: 0, or 1 for transposed convolutions.

    Returns
    -------
    Module
        The module, with the parameter ``weight_orig`` and the buffers ``weight_u``, ``weight_v``.

    Raises
    ------
    RuntimeError
        If it is normalised already.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.utils.spectral_norm(tgb.nn.Linear(3, 2), n_power_iterations=50)
    >>> y = layer(tgb.ones(1, 3))
    >>> round(float(tgb.linalg.svdvals(layer.weight.detach())[0]), 4)
    1.0

    Notes
    -----
    Miyato and others, "Spectral Normalization for Generative Adversarial Networks", 2018.
    """
    if find_hook(module, SpectralNorm, name) is not None:
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    hook = SpectralNorm(name, n_power_iterations, rows_of(module, dim), eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    matrix = matrix_of(weight.detach(), hook.dim)
    height, width = matrix.shape
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    setattr(module, name, weight.detach())
    for part, length in (("u", height), ("v", width)):
        drawn = normalize(randn(length, dtype=weight.dtype), dim=0, eps=eps)
        module.register_buffer(f"{name}_{part}", drawn)
    module.register_forward_pre_hook(hook)
    return module


def rows_of(module: Module, dim: int | None) -> int:
    """Return the axis of the outputs of a layer's weight."""
    if dim is not None:
        return dim
    return 1 if any("ConvTranspose" in kind.__name__ for kind in type(module).__mro__) else 0


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Undo :func:`spectral_norm`: the weight is an ordinary parameter again.

    Raises
    ------
    ValueError
        If it is not normalised.
    """
    removed: Module = remove_hook(module, SpectralNorm, name, "spectral_norm")
    return removed
