"""Muon."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .optimizer import Optimizer, check_not_negative

__all__ = ["Muon"]

Array = np.ndarray[Any, Any]


class Muon(Optimizer):
    """Momentum, made orthogonal: every direction of a weight matrix learns at one speed.

    b ← μ b + (1 − μ) g;  O = the orthogonal matrix nearest to b (nesterov: to (1 − μ) g + μ b)
    w ← w (1 − lr λ) − lr · c · O

    O is found by a few steps X ← a X + (b A + c A²) X, A = X Xᵀ, in the precision of bfloat16.

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`. Matrices only: the weights of hidden layers.
    lr : float
        Learning rate.
    weight_decay : float
        λ.
    momentum : float
        μ.
    nesterov : bool
        Look ahead by one step of momentum.
    ns_coefficients : (float, float, float)
        a, b, c.
    eps : float
        The least norm that is divided by.
    ns_steps : int
        How many steps.
    adjust_lr_fn : {None, "original", "match_rms_adamw"}
        The factor c for a matrix (m, n): √max(1, m/n), or 0.2 √max(m, n) for rates of AdamW.

    Raises
    ------
    ValueError
        For a parameter that is no matrix, a negative option, an unknown `adjust_lr_fn`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.eye(2).requires_grad_()
    >>> optimizer = tgb.optim.Muon([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.diag().tolist() == w.diag().flip(0).tolist() and w[0, 0].item() < 1
    True

    Notes
    -----
    Jordan and others, "Muon: An optimizer for hidden layers in neural networks", 2024.
    """

    _like_parameter = ("momentum_buffer",)

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_not_negative(learning_rate=lr, momentum=momentum, weight_decay=weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(
                f"Adjust learning rate function {adjust_lr_fn} is not supported: use 'original' or "
                "'match_rms_adamw'"
            )
        super().__init__(
            params,
            {
                "lr": lr,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "nesterov": nesterov,
                "ns_coefficients": ns_coefficients,
                "eps": eps,
                "ns_steps": ns_steps,
                "adjust_lr_fn": adjust_lr_fn,
            },
        )
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.ndim != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters, not one of shape "
                        f"{tuple(parameter.shape)}: give biases and embeddings to AdamW"
                    )

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        state = self.state[parameter]
        w, g = parameter._array, gradient._array
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = wrap(np.zeros_like(w))
        buffer, momentum = state["momentum_buffer"]._array, group["momentum"]
        buffer += (1 - momentum) * (g - buffer)
        ahead = g + momentum * (buffer - g) if group["nesterov"] else buffer
        direction = orthogonal(ahead, group["ns_coefficients"], group["ns_steps"], group["eps"])
        m, n = w.shape
        lr = float(group["lr"])
        rms = group["adjust_lr_fn"] == "match_rms_adamw"
        factor = 0.2 * max(m, n) ** 0.5 if rms else max(1.0, m / n) ** 0.5
        w *= 1 - lr * group["weight_decay"]
        w -= lr * factor * direction.astype(w.dtype, copy=False)
        parameter.storage.touch()


def orthogonal(
    matrix: Array, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Array:
    """Bring all singular values of a matrix near 1, by steps of a Newton-Schulz iteration."""
    if steps >= 100:
        raise ValueError(f"ns_steps has to be less than 100, not {steps}")
    if len(coefficients) != 3:
        raise ValueError(f"ns_coefficients has to hold exactly 3 values, not {len(coefficients)}")
    a, b, c = coefficients
    wide = matrix.shape[0] <= matrix.shape[1]
    x = _bfloat16(matrix if wide else matrix.T)
    x = _bfloat16(x / np.maximum(_bfloat16(np.linalg.norm(x)), eps))
    for _ in range(steps):
        gram = _bfloat16(x @ x.T)
        x = _bfloat16(a * x + _bfloat16(b * gram + c * (gram @ gram)) @ x)
    return x if wide else x.T


def _bfloat16(x: Any) -> Array:
    """Round to the 8 significant bits of a bfloat16, to even; NumPy has no such type."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    bits = (bits + (0x7FFF + ((bits >> 16) & 1))) & np.uint32(0xFFFF0000)
    return bits.view(np.float32)
