"""The update formulas: pure functions over anything that speaks NumPy.

``(w, g, *state, scalars) → (w, *state)``: weights, gradient, what the optimizer remembers; out come
the new weights and the new memory. Nothing is changed in place here: `blocks` turns a formula into
NumPy calls that are, and a compiled step runs the very same function.

What depends on the step number arrives as a scalar, so that a formula is traced once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["adagrad", "adam", "rmsprop", "sgd"]


def _penalised(w: Any, g: Any, weight_decay: Any, maximize: bool) -> Any:
    """Turn around to climb, and add the gradient of ½ λ w²."""
    if maximize:
        g = -g
    return g if weight_decay is None else g + weight_decay * w


def sgd(
    w: Any,
    g: Any,
    buffer: Any = None,
    *,
    lr: Any,
    weight_decay: Any = None,
    momentum: Any = None,
    fresh: Any = None,
    nesterov: bool = False,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Take one step down the slope, or of a ball that rolls down it.

    b ← μ b + (1 − τ) g;  w ← w − lr · b   (nesterov: w ← w − lr · (g + μ b))

    `fresh` is 1 − τ, with the dampening τ. In the first step b is g itself: begin with b = 0 and
    `fresh` = 1.

    Notes
    -----
    Sutskever and others, "On the Importance of Initialization and Momentum in Deep Learning", 2013.
    """
    g = _penalised(w, g, weight_decay, maximize)
    if buffer is None:
        return (w - lr * g,)
    buffer = momentum * buffer + (g if fresh is None else fresh * g)
    return w - lr * (g + momentum * buffer if nesterov else buffer), buffer


def adagrad(
    w: Any,
    g: Any,
    total: Any,
    *,
    lr: Any,
    eps: Any,
    weight_decay: Any = None,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Divide by the root of all squared gradients so far.

    s ← s + g²;  w ← w − lr · g / (√s + ε)

    Notes
    -----
    Duchi, Hazan and Singer, "Adaptive Subgradient Methods", 2011.
    """
    g = _penalised(w, g, weight_decay, maximize)
    total = total + g * g
    return w - lr * (g / (np.sqrt(total) + eps)), total


def rmsprop(
    w: Any,
    g: Any,
    v: Any,
    *more: Any,
    lr: Any,
    alpha: Any,
    fresh: Any,
    eps: Any,
    weight_decay: Any = None,
    momentum: Any = None,
    centered: bool = False,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Divide by the root of a decaying average of squared gradients.

    v ← α v + (1 − α) g²;  w ← w − lr · g / (√v + ε)

    `more` holds the momentum buffer b (b ← μ b + g / (√v + ε), w ← w − lr · b) and, for the
    centered form (Graves, 2013), the average gradient a, whose square is taken off v. `fresh` is
    1 − α.

    Notes
    -----
    Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012.
    """
    g = _penalised(w, g, weight_decay, maximize)
    state = list(more)
    v = alpha * v + fresh * (g * g)
    spread = v
    if centered:
        average = state[-1] = state[-1] + fresh * (g - state[-1])
        spread = v - average * average
    step = g / (np.sqrt(spread) + eps)
    if momentum is not None:
        step = state[0] = momentum * state[0] + step
    return (w - lr * step, v, *state)


def adam(
    w: Any,
    g: Any,
    m: Any,
    v: Any,
    peak: Any = None,
    *,
    step: Any,
    fresh1: Any,
    beta2: Any,
    fresh2: Any,
    eps: Any,
    weight_decay: Any = None,
    keep: Any = None,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Momentum for the direction, RMSprop for the scale.

    m ← m + (1 − β₁)(g − m);  v ← β₂ v + (1 − β₂) g²;  w ← w − step · m / (√v + eps)

    `fresh1` and `fresh2` are 1 − β. The correction for starting at zero is in the two scalars
    ``step = lr √(1 − β₂ᵗ) / (1 − β₁ᵗ)`` and ``eps = ε √(1 − β₂ᵗ)``. With `keep` = 1 − lr λ the
    weights decay on their own (AdamW). With `peak` (AMSGrad) the largest v takes the place of v.

    Notes
    -----
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, end of section 2; Loshchilov
    and Hutter, "Decoupled Weight Decay Regularization", 2019; Reddi, Kale and Kumar, "On the
    Convergence of Adam and Beyond", 2018.
    """
    g = _penalised(w, g, weight_decay, maximize)
    if keep is not None:
        w = w * keep
    m = m + fresh1 * (g - m)
    v = beta2 * v + fresh2 * (g * g)
    if peak is None:
        return w - step * (m / (np.sqrt(v) + eps)), m, v
    peak = np.maximum(peak, v)
    return w - step * (m / (np.sqrt(peak) + eps)), m, v, peak
