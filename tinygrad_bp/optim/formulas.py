"""The update formulas: pure functions over anything that speaks NumPy.

``(w, g, *state, scalars) → (w, *state)``: weights, gradient, what the optimizer remembers; out come
the new weights and the new memory. Nothing is changed in place here: `blocks` turns a formula into
NumPy calls that are, and a compiled step runs the very same function.

What depends on the step number arrives as a scalar, so that a formula is traced once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "adadelta", "adagrad", "adam", "adamax", "asgd", "nadam", "radam", "rmsprop", "rprop", "sgd",
]  # fmt: skip


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


def adadelta(
    w: Any,
    g: Any,
    v: Any,
    u: Any,
    *,
    lr: Any,
    rho: Any,
    fresh: Any,
    eps: Any,
    weight_decay: Any = None,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Take steps as large as the steps so far, measured against the gradients so far.

    v ← ρ v + (1 − ρ) g²;  Δ = √(u + ε) / √(v + ε) · g;  u ← ρ u + (1 − ρ) Δ²;  w ← w − lr · Δ

    `fresh` is 1 − ρ.

    Notes
    -----
    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    """
    g = _penalised(w, g, weight_decay, maximize)
    v = rho * v + fresh * (g * g)
    delta = np.sqrt(u + eps) / np.sqrt(v + eps) * g
    return w - lr * delta, v, rho * u + fresh * (delta * delta)


def adamax(
    w: Any,
    g: Any,
    m: Any,
    u: Any,
    *,
    step: Any,
    fresh1: Any,
    beta2: Any,
    eps: Any,
    weight_decay: Any = None,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Adam, with a decaying maximum in the place of the average of squares.

    m ← m + (1 − β₁)(g − m);  u ← max(β₂ u, |g| + ε);  w ← w − step · m / u

    ``step = lr / (1 − β₁ᵗ)``.

    Notes
    -----
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, section 7.1.
    """
    g = _penalised(w, g, weight_decay, maximize)
    m = m + fresh1 * (g - m)
    u = np.maximum(beta2 * u, np.absolute(g) + eps)
    return w - step * (m / u), m, u


def nadam(
    w: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    step_g: Any,
    step_m: Any,
    fresh1: Any,
    beta2: Any,
    fresh2: Any,
    eps: Any,
    weight_decay: Any = None,
    keep: Any = None,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Adam, with the momentum of the step to come (Nesterov's).

    m, v as in :func:`adam`;  w ← w − (step_g · g + step_m · m) / (√v + eps)

    The two steps hold the schedule of the momentum and the corrections for starting at zero; `eps`
    is ε √(1 − β₂ᵗ), `keep` is 1 − lr λ.

    Notes
    -----
    Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
    """
    g = _penalised(w, g, weight_decay, maximize)
    if keep is not None:
        w = w * keep
    m = m + fresh1 * (g - m)
    v = beta2 * v + fresh2 * (g * g)
    return w - (step_g * g + step_m * m) / (np.sqrt(v) + eps), m, v


def radam(
    w: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    step: Any,
    fresh1: Any,
    beta2: Any,
    fresh2: Any,
    eps: Any = None,
    weight_decay: Any = None,
    keep: Any = None,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Adam, that does not scale its first steps: v is too uncertain then.

    m, v as in :func:`adam`;  w ← w − step · m / (√v + eps);  without `eps`: w ← w − step · m

    Notes
    -----
    Liu and others, "On the Variance of the Adaptive Learning Rate and Beyond", 2020.
    """
    g = _penalised(w, g, weight_decay, maximize)
    if keep is not None:
        w = w * keep
    m = m + fresh1 * (g - m)
    v = beta2 * v + fresh2 * (g * g)
    return w - step * (m if eps is None else m / (np.sqrt(v) + eps)), m, v


def asgd(
    w: Any,
    g: Any,
    average: Any,
    *,
    eta: Any,
    keep: Any,
    mu: Any = None,
    weight_decay: Any = None,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Descend with a decaying rate, and remember the average of the weights.

    w ← w (1 − λ η) − η g;  a ← a + μ (w − a), or a ← w before averaging starts

    `keep` is 1 − λ η.

    Notes
    -----
    Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
    """
    g = _penalised(w, g, weight_decay, maximize)
    w = w * keep - eta * g
    return w, (+w if mu is None else average + mu * (w - average))


def rprop(
    w: Any,
    g: Any,
    previous: Any,
    size: Any,
    *,
    rise: Any,
    fall: Any,
    smallest: Any,
    largest: Any,
    maximize: bool = False,
) -> tuple[Any, ...]:
    """Look at signs only: longer steps while they stay, shorter ones when they turn.

    s = sign(g · g₋₁);  η ← clip(η · (η₊ if s > 0, η₋ if s < 0), …);  g ← 0 where s < 0
    w ← w − sign(g) η

    `rise` is η₊ − 1, `fall` is 1 − η₋.

    Notes
    -----
    Riedmiller and Braun, "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP
    Algorithm", 1993.
    """
    if maximize:
        g = -g
    s = np.sign(g * previous)
    turned = np.minimum(s, 0)  # −1 where the sign turned
    factor = 1 + rise * np.maximum(s, 0) + fall * turned
    size = np.minimum(np.maximum(size * factor, smallest), largest)
    g = g * (1 + turned)
    return w - np.sign(g) * size, g, size
