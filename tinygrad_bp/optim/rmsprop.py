"""RMSprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from . import formulas
from .optimizer import Optimizer, check_differentiable, check_not_negative

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Divide by the root of a decaying average of squared gradients.

    v ← α v + (1 − α) g²;  w ← w − lr · g / (√v + ε)

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`.
    lr : float
        Learning rate.
    alpha : float
        α: how much of the average stays.
    eps : float
        ε.
    weight_decay : float
        λ: the L2 penalty ½ λ w².
    momentum : float
        μ: b ← μ b + g / (√v + ε), w ← w − lr · b.
    centered : bool
        Divide by the deviation: the average gradient's square is taken off v (Graves, 2013).
    capturable, foreach : optional
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
    >>> optimizer = tgb.optim.RMSprop([w], lr=0.1, alpha=0.75)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8000], requires_grad=True)

    Notes
    -----
    Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012.
    """

    _like_parameter = ("square_avg",)

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative(
            learning_rate=lr, epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha
        )
        check_differentiable(differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        state = self._start(parameter)
        names = ["square_avg"]
        if group["momentum"] > 0:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        for name in names[1:]:
            if name not in state:
                state[name] = wrap(np.zeros_like(parameter._array))
        self._count(state)
        alpha = group["alpha"]
        scalars = {
            "lr": float(group["lr"]),
            "alpha": alpha,
            "fresh": 1 - alpha,
            "eps": group["eps"],
        }
        if group["weight_decay"]:
            scalars["weight_decay"] = float(group["weight_decay"])
        if group["momentum"] > 0:
            scalars["momentum"] = float(group["momentum"])
        flags = tuple(name for name in ("centered", "maximize") if group[name])
        kept = [state[name] for name in names]
        self._run(formulas.rmsprop, parameter, gradient, kept, scalars, flags)
