"""AdaMax."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import formulas
from .optimizer import Optimizer, check_betas, check_differentiable, check_not_negative

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Adam, with a decaying maximum in the place of the average of squares.

    m ← β₁ m + (1 − β₁) g;  u ← max(β₂ u, |g| + ε);  w ← w − lr / (1 − β₁ᵗ) · m / u

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
        λ: the L2 penalty ½ λ w².
    foreach, capturable : optional
        Accepted and ignored.
    maximize : bool
        Climb.

    Raises
    ------
    ValueError
        For a negative option, or a β outside [0, 1).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0], requires_grad=True)
    >>> optimizer = tgb.optim.Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)

    Notes
    -----
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, section 7.1.
    """

    _like_parameter = ("exp_avg", "exp_inf")

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_not_negative(learning_rate=lr, epsilon=eps, weight_decay=weight_decay)
        check_betas(betas)
        check_differentiable(differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        state = self._start(parameter)
        t = self._count(state)
        beta1, beta2 = group["betas"]
        scalars = {
            "step": float(group["lr"]) / (1 - beta1**t),
            "fresh1": 1 - beta1,
            "beta2": beta2,
            "eps": group["eps"],
        }
        if group["weight_decay"]:
            scalars["weight_decay"] = float(group["weight_decay"])
        flags = ("maximize",) if group["maximize"] else ()
        kept = [state["exp_avg"], state["exp_inf"]]
        self._run(formulas.adamax, parameter, gradient, kept, scalars, flags)
