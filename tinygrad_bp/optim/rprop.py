"""Rprop."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import formulas
from .blocks import fill
from .optimizer import Optimizer, check_differentiable, check_not_negative

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """Look at signs only: longer steps while they stay, shorter ones when they turn.

    s = sign(g · g₋₁);  η ← clip(η · (η₊ if s > 0, η₋ if s < 0), …);  g ← 0 where s < 0
    w ← w − sign(g) η

    For whole batches: the signs of noisy gradients say little.

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`.
    lr : float
        What the step sizes η start at.
    etas : (float, float)
        η₋ and η₊, the factors of a step size.
    step_sizes : (float, float)
        The smallest and the largest step.
    foreach, capturable : optional
        Accepted and ignored.
    maximize : bool
        Climb.

    Raises
    ------
    ValueError
        For a negative rate, or factors on the wrong side of 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0], requires_grad=True)
    >>> optimizer = tgb.optim.Rprop([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)

    Notes
    -----
    Riedmiller and Braun, "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP
    Algorithm", 1993.
    """

    _like_parameter = ("prev", "step_size")

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative(learning_rate=lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(
                f"Invalid eta values: {etas[0]}, {etas[1]}; they have to be 0 < η₋ < 1 < η₊"
            )
        check_differentiable(differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": etas,
                "step_sizes": step_sizes,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        fresh = not self.state[parameter]
        state = self._start(parameter)
        if fresh:
            fill(state["step_size"]._array, float(group["lr"]))
        self._count(state)
        shrink, grow = group["etas"]
        smallest, largest = group["step_sizes"]
        scalars = {"rise": grow - 1, "fall": 1 - shrink, "smallest": smallest, "largest": largest}
        flags = ("maximize",) if group["maximize"] else ()
        kept = [state["prev"], state["step_size"]]
        self._run(formulas.rprop, parameter, gradient, kept, scalars, flags)
