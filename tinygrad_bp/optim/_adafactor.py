"""Adafactor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .optimizer import Optimizer, check_not_negative, scalar

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adam's scaling with the memory of a row and a column, in the place of a whole matrix.

    r ← r + (1 − β)(row means of g² − r), c likewise;  v = r cᵀ / mean(r);  u = g / √v
    w ← w − α · u / max(1, RMS(u) / d),  α = max(ε₂, RMS(w)) · min(lr, 1/√t),  1 − β = t^decay

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`.
    lr : float
        The largest relative step.
    beta2_decay : float
        Exponent of t, at most 0.
    eps : (float or None, float)
        ε₁, under the root (None: the dtype's resolution), and ε₂.
    d : float
        The largest root mean square of an update that is not scaled down, at least 1.
    weight_decay : float
        The weights decay on their own, as in :class:`AdamW`.
    foreach : optional
        Accepted and ignored.
    maximize : bool
        Climb.

    Raises
    ------
    ValueError
        For an option outside its range.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0], requires_grad=True)
    >>> optimizer = tgb.optim.Adafactor([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)

    Notes
    -----
    Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_not_negative(learning_rate=lr, epsilon2=eps[1], weight_decay=weight_decay)
        if eps[0] is not None:
            check_not_negative(epsilon1=eps[0])
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        super().__init__(
            params,
            {
                "lr": lr,
                "beta2_decay": beta2_decay,
                "eps": eps,
                "d": d,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        w, g = parameter._array, gradient._array
        if w.dtype.kind == "c":
            raise RuntimeError("Adafactor does not support complex parameters")
        state = self._started(parameter)
        t = self._count(state)
        fresh = t ** group["beta2_decay"]
        lr = float(group["lr"])
        eps1, eps2 = group["eps"]
        if eps1 is None:
            eps1 = float(np.finfo(w.dtype).eps)
        alpha = max(eps2, _root_mean_square(w)) * min(lr, t**-0.5)
        if group["weight_decay"]:
            w *= 1 - lr * group["weight_decay"]
        if g.ndim > 1:
            for name, axis in (("row_var", -1), ("col_var", -2)):
                average = state[name]._array
                average += fresh * (np.mean(g * g, axis=axis, keepdims=True) - average)
            row, column = state["row_var"]._array, state["col_var"]._array
            v = row @ column / np.maximum(np.mean(row, axis=-2, keepdims=True), eps1)
        else:
            v = state["variance"]._array
            v += fresh * (g * g - v)
        u = g / np.sqrt(np.maximum(v, eps1 * eps1))
        alpha /= max(1.0, _root_mean_square(u) / group["d"])
        w += (alpha if group["maximize"] else -alpha) * u
        parameter.storage.touch()

    def _started(self, parameter: Tensor) -> dict[str, Any]:
        state = self.state[parameter]
        if state:
            return state
        state["step"] = scalar(0.0)
        w = parameter._array
        if w.ndim > 1:
            state["row_var"] = wrap(np.zeros((*w.shape[:-1], 1), w.dtype))
            state["col_var"] = wrap(np.zeros((*w.shape[:-2], 1, w.shape[-1]), w.dtype))
        else:
            state["variance"] = wrap(np.zeros_like(w))
        return state


def _root_mean_square(x: np.ndarray[Any, Any]) -> float:
    return float(np.linalg.norm(x) / x.size**0.5)
