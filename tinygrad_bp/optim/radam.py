"""RAdam."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import formulas
from .optimizer import Optimizer, check_betas, check_differentiable, check_not_negative

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Adam, that does not scale its first steps: their average of squares is too uncertain.

    m, v as in :class:`Adam`;  ρ∞ = 2 / (1 − β₂) − 1;  ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
    w ← w − lr · r m̂ / (√v̂ + ε) if ρ > 5, with r² = (ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ)
    w ← w − lr · m̂ else

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
    decoupled_weight_decay : bool
        Let the weights decay on their own instead, as :class:`AdamW` does.
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
    >>> optimizer = tgb.optim.RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8000], requires_grad=True)

    Notes
    -----
    Liu and others, "On the Variance of the Adaptive Learning Rate and Beyond", 2020.
    """

    _like_parameter = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        state = self._start(parameter)
        t = self._count(state)
        beta1, beta2 = group["betas"]
        lr, decay = float(group["lr"]), float(group["weight_decay"])
        missing2 = 1 - beta2**t
        scalars = {
            "step": lr / (1 - beta1**t),
            "fresh1": 1 - beta1,
            "beta2": beta2,
            "fresh2": 1 - beta2,
        }
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * t * beta2**t / missing2
        if length > 5:
            variance = (length - 4) * (length - 2) * longest
            variance /= (longest - 4) * (longest - 2) * length
            scalars["step"] *= (missing2 * variance) ** 0.5
            scalars["eps"] = group["eps"]
        if decay and group["decoupled_weight_decay"]:
            scalars["keep"] = 1 - lr * decay
        elif decay:
            scalars["weight_decay"] = decay
        flags = ("maximize",) if group["maximize"] else ()
        kept = [state["exp_avg"], state["exp_avg_sq"]]
        self._run(formulas.radam, parameter, gradient, kept, scalars, flags)
