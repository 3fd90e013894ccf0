"""Adam."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from . import formulas
from .optimizer import Optimizer, check_betas, check_differentiable, check_not_negative

__all__ = ["Adam"]


class Adam(Optimizer):
    """Momentum for the direction, RMSprop for the scale, and a correction for starting at zero.

    m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²
    w ← w − lr · m̂ / (√v̂ + ε),  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`.
    lr : float
        Learning rate.
    betas : (float, float)
        β₁ and β₂.
    eps : float
        ε.
    weight_decay : float
        λ: the L2 penalty ½ λ w², whose gradient λ w is added to g.
    amsgrad : bool
        Take the largest v̂ so far (Reddi, Kale and Kumar, 2018).
    foreach, capturable : optional
        Accepted and ignored.
    fused : bool, optional
        Update by machine code, to the same bits: True needs the extra `compile`; by default where
        that is installed, once so much has been updated that it pays.
    maximize : bool
        Climb.
    decoupled_weight_decay : bool
        Let the weights decay on their own instead, as :class:`AdamW` does.

    Raises
    ------
    ValueError
        For a negative option, or a β outside [0, 1).
    ImportError
        For ``fused=True`` without the extra `compile`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0], requires_grad=True)
    >>> optimizer = tgb.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)

    Notes
    -----
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015.
    """

    _like_parameter = ("exp_avg", "exp_avg_sq")
    _repeats = True  # its numbers follow from options and count

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_not_negative(learning_rate=lr, epsilon=eps, weight_decay=weight_decay)
        check_differentiable(differentiable)
        check_betas(betas)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        state = self._start(parameter)
        if group["amsgrad"] and "max_exp_avg_sq" not in state:
            state["max_exp_avg_sq"] = wrap(np.zeros_like(parameter._array))
        scalars, flags = self._scalars_at(group, self._count(state))
        kept = [state["exp_avg"], state["exp_avg_sq"]]
        if group["amsgrad"]:
            kept.append(state["max_exp_avg_sq"])
        self._run(formulas.adam, parameter, gradient, kept, scalars, flags)

    def _scalars(self, group: dict[str, Any], t: float) -> tuple[dict[str, float], tuple[str, ...]]:
        """Return the numbers of step t, and the flags."""
        beta1, beta2 = map(float, group["betas"])
        lr, decay = float(group["lr"]), float(group["weight_decay"])
        root = (1 - beta2**t) ** 0.5
        scalars = {
            "step": lr * root / (1 - beta1**t),
            "fresh1": 1 - beta1,
            "beta2": beta2,
            "fresh2": 1 - beta2,
            "eps": float(group["eps"]) * root,
        }
        if decay:
            if group["decoupled_weight_decay"]:
                scalars["keep"] = 1 - lr * decay
            else:
                scalars["weight_decay"] = decay
        return scalars, ("maximize",) if group["maximize"] else ()
