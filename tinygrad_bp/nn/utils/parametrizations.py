"""Ready-made parametrizations: of norm, of spectral norm, orthogonal."""

from __future__ import annotations

from typing import Any

from ...functions.linalg import dot
from ...sampling import randn
from ..distances import normalize
from ..modules.module import Module
from ._weights import matrix_of, norm_except, power_iteration, scaled
from .orthogonal import _Orthogonal
from .parametrize import register_parametrization
from .spectral_norm import rows_of

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return scaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return norm_except(weight, self.dim), weight


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
        The module; g and v are ``parametrizations.weight.original0`` and ``original1``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.utils.parametrizations.weight_norm(tgb.nn.Linear(3, 2))
    >>> [name for name, _ in layer.named_parameters()][1:]
    ['parametrizations.weight.original0', 'parametrizations.weight.original1']

    Notes
    -----
    Salimans and Kingma, "Weight Normalization", 2016.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def of_older_form(state: Any, prefix: str, *_: Any) -> None:
        """Take what `nn.utils.weight_norm` saved."""
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state for key in old):
            for i, key in enumerate(old):
                state[f"{prefix}parametrizations.{name}.original{i}"] = state.pop(key)

    module._register_load_state_dict_pre_hook(of_older_form)
    return module


class _SpectralNorm(Module):
    def __init__(
        self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        if dim >= weight.ndim or dim < -weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, "
                f"{weight.ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got n_power_iterations="
                f"{n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = matrix_of(weight.detach(), self.dim)
            for name, length in zip(("_u", "_v"), matrix.shape, strict=True):
                drawn = randn(length, dtype=weight.dtype)
                self.register_buffer(name, normalize(drawn, dim=0, eps=eps))
            power_iteration(matrix, self._u, self._v, 15, eps)

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = matrix_of(weight, self.dim)
        if self.training:
            power_iteration(matrix, self._u, self._v, self.n_power_iterations, self.eps)
        # Copies: the buffers change at the next call, maybe before this one's backward.
        return weight / dot(self._u.clone(), matrix.mv(self._v.clone()))

    def right_inverse(self, value: Any) -> Any:
        return value


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
        How many at each reading in training.
    eps : float
        The least norm that is divided by.
    dim : int, optional
        The axis of the outputs: 0, or 1 for transposed convolutions.

    Raises
    ------
    ValueError
        If there is no such weight.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.utils.parametrizations.spectral_norm(tgb.nn.Linear(3, 2), "weight", 20)
    >>> round(float(tgb.linalg.svdvals(layer.weight.detach())[0]), 4)
    1.0

    Notes
    -----
    Miyato and others, "Spectral Normalization for Generative Adversarial Networks", 2018.
    """
    weight = getattr(module, name, None)
    if weight is None or not hasattr(weight, "ndim"):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, rows_of(module, dim), eps)
    )


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Keep a matrix orthogonal: its rows, or its columns if they are fewer, stay orthonormal.

    Parameters
    ----------
    module : Module
    name : str
        Of the weight, (…, m, n).
    orthogonal_map : {"matrix_exp", "cayley", "householder"}, optional
        How it is computed from a matrix without constraint: by the exponential of a skew matrix,
        by its Cayley transform, or as a product of reflections. By default the first for square
        matrices (and for few of them complex ones), the last for others.
    use_trivialization : bool
        Start the map from the weight as it is (for the first two maps).

    Raises
    ------
    ValueError
        If there is no such weight, it has fewer than two axes, or the map is unknown.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.utils.parametrizations.orthogonal(tgb.nn.Linear(4, 2))
    >>> bool(tgb.allclose(layer.weight @ layer.weight.T, tgb.eye(2), atol=1e-6))
    True

    Notes
    -----
    Lezcano-Casado, "Trivializations for Gradient-Based Optimization on Manifolds", 2019.
    """
    weight = getattr(module, name, None)
    if weight is None or not hasattr(weight, "ndim"):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            "orthogonal_map has to be 'matrix_exp', 'cayley' or 'householder', not "
            f"{orthogonal_map!r}"
        )
    return register_parametrization(
        module, name, _Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True
    )
