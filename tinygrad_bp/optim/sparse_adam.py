"""Adam for gradients that touch few rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .formulas import adam
from .optimizer import Optimizer, check_betas

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam, that leaves alone the rows without a gradient: an embedding's, of words not seen.

    Neither their weights nor their averages change. PyTorch asks for sparse gradients; gradients
    are dense here, and a row of zeros stands for one that is not there.

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
    maximize : bool
        Climb.

    Raises
    ------
    ValueError
        For an option that is not positive, or a β outside [0, 1).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([[1.0], [1.0]], requires_grad=True)
    >>> optimizer = tgb.optim.SparseAdam([w], lr=0.1)
    >>> (w[0] * w[0]).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([[0.9000],
            [1.0000]], requires_grad=True)

    Notes
    -----
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015.
    """

    _like_parameter = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        for name, value in (("learning rate", lr), ("epsilon", eps)):
            if not float(value) > 0.0:
                raise ValueError(f"Invalid {name}: {value}; it has to be positive")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = 0
            for name in self._like_parameter:
                state[name] = wrap(np.zeros_like(parameter._array))
        state["step"] += 1
        t = state["step"]
        beta1, beta2 = group["betas"]
        g = gradient._array
        touched = np.nonzero(g.reshape(len(g), -1).any(axis=1))[0] if g.ndim else ...
        # The ε of this optimizer stands beside √v, not beside the corrected √v̂.
        w, m, v = adam(
            parameter._array[touched],
            g[touched],
            *(state[name]._array[touched] for name in self._like_parameter),
            step=float(group["lr"]) * (1 - beta2**t) ** 0.5 / (1 - beta1**t),
            fresh1=1 - beta1,
            beta2=beta2,
            fresh2=1 - beta2,
            eps=group["eps"],
            maximize=group["maximize"],
        )
        parameter._array[touched] = w
        state["exp_avg"]._array[touched] = m
        state["exp_avg_sq"]._array[touched] = v
        parameter.storage.touch()
