"""AdaDelta."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import formulas
from .optimizer import Optimizer, check_differentiable, check_not_negative

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Take steps as large as the steps so far, measured against the gradients so far.

    v ← ρ v + (1 − ρ) g²;  Δ = √(u + ε) / √(v + ε) · g;  u ← ρ u + (1 − ρ) Δ²;  w ← w − lr · Δ

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`.
    lr : float
        Factor of the step.
    rho : float
        ρ: how much of the averages stays.
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
        For a negative option, or a ρ outside [0, 1].

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0], requires_grad=True)
    >>> optimizer = tgb.optim.Adadelta([w], lr=1.0)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9968], requires_grad=True)

    Notes
    -----
    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    """

    _like_parameter = ("square_avg", "acc_delta")

    def __init__(
        self,
        params: Any,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative(learning_rate=lr, epsilon=eps, weight_decay=weight_decay)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}; it has to lie in [0, 1]")
        check_differentiable(differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        state = self._start(parameter)
        self._count(state)
        rho = group["rho"]
        scalars = {"lr": float(group["lr"]), "rho": rho, "fresh": 1 - rho, "eps": group["eps"]}
        if group["weight_decay"]:
            scalars["weight_decay"] = float(group["weight_decay"])
        flags = ("maximize",) if group["maximize"] else ()
        kept = [state["square_avg"], state["acc_delta"]]
        self._run(formulas.adadelta, parameter, gradient, kept, scalars, flags)
