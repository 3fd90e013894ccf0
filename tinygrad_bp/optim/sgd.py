"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from . import formulas
from .optimizer import Optimizer, check_differentiable, check_not_negative

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent, with momentum.

    b ← μ b + (1 − τ) g;  w ← w − lr · b   (nesterov: w ← w − lr · (g + μ b)), with g ← g + λ w

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`.
    lr : float
        Learning rate.
    momentum : float
        μ.
    dampening : float
        τ; the first step is not dampened.
    weight_decay : float
        λ: the L2 penalty ½ λ w².
    nesterov : bool
        Look ahead by one step of momentum.
    maximize : bool
        Climb.
    foreach : optional
        Accepted and ignored.
    fused : bool, optional
        Update by machine code, to the same bits: True needs the extra `compile`; by default where
        that is installed, once so much has been updated that it pays.

    Raises
    ------
    ValueError
        For a negative option, or nesterov without momentum or with dampening.
    ImportError
        For ``fused=True`` without the extra `compile`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0], requires_grad=True)
    >>> optimizer = tgb.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8000], requires_grad=True)

    Notes
    -----
    Sutskever and others, "On the Importance of Initialization and Momentum in Deep Learning", 2013.
    """

    _repeats = True  # its numbers follow from the options

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_not_negative(learning_rate=lr, momentum=momentum, weight_decay=weight_decay)
        check_differentiable(differentiable)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        kept, t = [], 2
        if group["momentum"]:
            state = self.state[parameter]
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buffer = state["momentum_buffer"] = wrap(np.zeros_like(parameter._array))
                t = 1
            kept.append(buffer)
        scalars, flags = self._scalars_at(group, t)
        self._run(formulas.sgd, parameter, gradient, kept, scalars, flags)

    def _scalars(self, group: dict[str, Any], t: float) -> tuple[dict[str, float], tuple[str, ...]]:
        """Return the numbers of the first step, or of a later one, and the flags."""
        scalars = {"lr": float(group["lr"])}
        if group["weight_decay"]:
            scalars["weight_decay"] = float(group["weight_decay"])
        flags = ("maximize",) if group["maximize"] else ()
        if not group["momentum"]:
            return scalars, flags
        scalars["momentum"] = float(group["momentum"])
        if group["dampening"] and t > 1:  # the first buffer is the first gradient
            scalars["fresh"] = 1 - float(group["dampening"])
        return scalars, (*flags, "nesterov") if group["nesterov"] else flags
