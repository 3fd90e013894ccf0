"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import formulas
from .optimizer import Optimizer, check_differentiable, check_not_negative, scalar

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """Descend with a decaying rate, and remember the average of the weights.

    w ← w (1 − λ η) − η g;  a ← a + μ (w − a);  η = lr / (1 + λ lr t)^α;  μ = 1 / max(1, t − t₀)

    The average a is ``optimizer.state[w]["ax"]``.

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`.
    lr : float
        Learning rate.
    lambd : float
        λ.
    alpha : float
        α.
    t0 : float
        t₀: the step at which averaging starts.
    weight_decay : float
        Factor of the L2 penalty ½ w².
    foreach, capturable : optional
        Accepted and ignored.
    maximize : bool
        Climb.

    Raises
    ------
    ValueError
        For a negative option.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0], requires_grad=True)
    >>> optimizer = tgb.optim.ASGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8000], requires_grad=True)

    Notes
    -----
    Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
    """

    _like_parameter = ("ax",)

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_not_negative(learning_rate=lr, weight_decay=weight_decay)
        check_differentiable(differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        fresh = not self.state[parameter]
        state = self._start(parameter)
        lr, lambd = float(group["lr"]), float(group["lambd"])
        if fresh:
            state["eta"], state["mu"] = scalar(lr), scalar(1.0)
        t = self._count(state)
        eta, mu = state["eta"].item(), state["mu"].item()
        scalars = {"eta": eta, "keep": 1 - lambd * eta}
        if mu != 1:
            scalars["mu"] = mu
        if group["weight_decay"]:
            scalars["weight_decay"] = float(group["weight_decay"])
        flags = ("maximize",) if group["maximize"] else ()
        self._run(formulas.asgd, parameter, gradient, [state["ax"]], scalars, flags)
        state["eta"]._array[...] = lr / (1 + lambd * lr * t) ** group["alpha"]
        state["mu"]._array[...] = 1 / max(1, t - group["t0"])
