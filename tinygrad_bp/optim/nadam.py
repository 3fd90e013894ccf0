"""NAdam."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import formulas
from .optimizer import Optimizer, check_betas, check_differentiable, check_not_negative, scalar

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam, with Nesterov's momentum: that of the step to come.

    m, v as in :class:`Adam`;  μₜ = β₁ (1 − ½ · 0.96^(ψ t))
    w ← w − lr · ((1 − μₜ) g / (1 − Πμ) + μₜ₊₁ m / (1 − Πμ · μₜ₊₁)) / (√v̂ + ε)

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
    momentum_decay : float
        ψ.
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
    >>> optimizer = tgb.optim.NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8944], requires_grad=True)

    Notes
    -----
    Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
    """

    _like_parameter = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative(
            learning_rate=lr, epsilon=eps, weight_decay=weight_decay, momentum_decay=momentum_decay
        )
        check_betas(betas)
        check_differentiable(differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        fresh = not self.state[parameter]
        state = self._start(parameter)
        if fresh:
            state["mu_product"] = scalar(1.0)
        t = self._count(state)
        beta1, beta2 = group["betas"]
        lr, decay = float(group["lr"]), float(group["weight_decay"])
        mu, mu_next = (
            beta1 * (1 - 0.5 * 0.96 ** (k * group["momentum_decay"])) for k in (t, t + 1)
        )
        product = state["mu_product"]._array
        product *= mu
        so_far = float(product)
        root = (1 - beta2**t) ** 0.5
        scalars = {
            "step_g": lr * root * (1 - mu) / (1 - so_far),
            "step_m": lr * root * mu_next / (1 - so_far * mu_next),
            "fresh1": 1 - beta1,
            "beta2": beta2,
            "fresh2": 1 - beta2,
            "eps": group["eps"] * root,
        }
        if decay and group["decoupled_weight_decay"]:
            scalars["keep"] = 1 - lr * decay
        elif decay:
            scalars["weight_decay"] = decay
        flags = ("maximize",) if group["maximize"] else ()
        kept = [state["exp_avg"], state["exp_avg_sq"]]
        self._run(formulas.nadam, parameter, gradient, kept, scalars, flags)
