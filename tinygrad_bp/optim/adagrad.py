"""AdaGrad."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import formulas
from .blocks import fill
from .optimizer import Optimizer, check_differentiable, check_not_negative, parameters_of

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Divide by the root of all squared gradients so far: rare features keep a large rate.

    s ← s + g²;  w ← w − lr / (1 + (t − 1) η) · g / (√s + ε)

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`.
    lr : float
        Learning rate.
    lr_decay : float
        η.
    weight_decay : float
        λ: the L2 penalty ½ λ w².
    initial_accumulator_value : float
        What s starts at.
    eps : float
        ε.
    foreach : optional
        Accepted and ignored.
    fused : bool, optional
        Update by machine code, to the same bits: True needs the extra `compile`; by default where
        that is installed, once so much has been updated that it pays.
    maximize : bool
        Climb.

    Raises
    ------
    ValueError
        For a negative option.
    ImportError
        For ``fused=True`` without the extra `compile`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0], requires_grad=True)
    >>> optimizer = tgb.optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)

    Notes
    -----
    Duchi, Hazan and Singer, "Adaptive Subgradient Methods", 2011.
    """

    _like_parameter = ("sum",)
    _repeats = True  # its numbers follow from options and count

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_not_negative(
            learning_rate=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=eps,
        )
        check_differentiable(differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        for parameter in parameters_of(self.param_groups):
            self._begin(parameter, initial_accumulator_value)

    def _begin(self, parameter: Tensor, value: float) -> dict[str, Any]:
        fresh = not self.state[parameter]
        state = self._start(parameter)
        if fresh:
            fill(state["sum"]._array, value)
        return state

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        state = self._begin(parameter, group["initial_accumulator_value"])
        scalars, flags = self._scalars_at(group, self._count(state))
        self._run(formulas.adagrad, parameter, gradient, [state["sum"]], scalars, flags)

    def _scalars(self, group: dict[str, Any], t: float) -> tuple[dict[str, float], tuple[str, ...]]:
        """Return the numbers of step t, and the flags."""
        scalars = {
            "lr": float(group["lr"]) / (1 + (t - 1) * group["lr_decay"]),
            "eps": float(group["eps"]),
        }
        if group["weight_decay"]:
            scalars["weight_decay"] = float(group["weight_decay"])
        return scalars, ("maximize",) if group["maximize"] else ()
