"""AdamW."""

from __future__ import annotations

from typing import Any

from .adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam, with weight decay that does not pass through its averages: w ← (1 − lr λ) w first.

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, foreach, maximize, capturable, fused
        As of :class:`Adam`.
    weight_decay : float
        λ.

    Raises
    ------
    ValueError
        As :class:`Adam`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0], requires_grad=True)
    >>> optimizer = tgb.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * 0).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9500], requires_grad=True)

    Notes
    -----
    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.
    """

    _repeats = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
