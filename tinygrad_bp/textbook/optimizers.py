"""Every optimizer of the notes as its bare formula.

Pure functions over arrays: `(w, dw, state…) → (w, state…)`. Nothing is changed in place, nothing
is remembered: begin with zeros for the state and pass back in what came out. `dw` is the gradient
∂L/∂w. Where ε sits, and the defaults, are PyTorch's: √v + ε.

Source: "Classification by Backpropagation", part A section 4 and part B section 2.
"""

import numpy as np

from ._checks import Array, same_shape
from .regularization import decoupled_weight_decay


def gradient_descent(w: Array, dw: Array, *, lr: float) -> Array:
    """Take one step down the slope.

    w ← w − lr · dw

    Parameters
    ----------
    w, dw : arrays of one shape
        Weights and gradient.
    lr : float
        Learning rate: η, α or l in the notes.

    Returns
    -------
    array of the same shape
        New weights.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> gradient_descent(np.array([1.0]), np.array([2.0]), lr=0.1)
    array([0.8])

    Notes
    -----
    Part A section 4; "Understanding Backpropagation", the updates with α.
    """
    same_shape("gradient_descent", w=w, dw=dw)
    return np.asarray(w - lr * dw)


def momentum(w: Array, dw: Array, delta: Array, *, lr: float, mu: float) -> tuple[Array, Array]:
    """Keep a share μ of the previous step.

    Δw(t) = −lr · dw + μ Δw(t − 1);  w ← w + Δw(t)

    Parameters
    ----------
    w, dw, delta : arrays of one shape
        Weights, gradient, and the previous step Δw(t − 1), zeros at first.
    lr : float
        Learning rate.
    mu : float
        Share of the previous step, in [0, 1).

    Returns
    -------
    w, delta : arrays of the same shape
        New weights, and the step just taken.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> w, delta = momentum(np.array([1.0]), np.array([2.0]), np.array([0.0]), lr=0.1, mu=0.9)
    >>> momentum(w, np.array([2.0]), delta, lr=0.1, mu=0.9)[1]
    array([-0.38])

    Notes
    -----
    Part B section 2.E, where l · Err · O stands for −lr · dw. Rumelhart, Hinton and Williams,
    1986, equation 9. PyTorch keeps the buffer b = μb + dw and steps −lr · b: the same weights as
    long as lr is constant; when lr changes, the notes' form keeps the old steps' size.
    """
    same_shape("momentum", w=w, dw=dw, delta=delta)
    delta = mu * delta - lr * dw
    return w + delta, delta


def adagrad(
    w: Array, dw: Array, total: Array, *, lr: float = 1e-2, eps: float = 1e-10
) -> tuple[Array, Array]:
    """Divide by the root of all squared gradients so far: rare features keep a large rate.

    s ← s + dw²;  w ← w − lr · dw / (√s + ε)

    Parameters
    ----------
    w, dw, total : arrays of one shape
        Weights, gradient, and the sum s of squared gradients, zeros at first.
    lr, eps : float
        Learning rate, and what keeps the quotient finite.

    Returns
    -------
    w, total : arrays of the same shape
        New weights and new sum.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> w, s = adagrad(np.array([1.0]), np.array([100.0]), np.array([0.0]), lr=0.1)
    >>> w.round(6), s
    (array([0.9]), array([10000.]))

    Notes
    -----
    Duchi, Hazan and Singer, "Adaptive Subgradient Methods", 2011.
    """
    same_shape("adagrad", w=w, dw=dw, total=total)
    total = total + dw * dw
    return w - lr * dw / (np.sqrt(total) + eps), total


def rmsprop(
    w: Array, dw: Array, v: Array, *, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8
) -> tuple[Array, Array]:
    """Divide by the root of a decaying average of squared gradients.

    v ← αv + (1 − α) dw²;  w ← w − lr · dw / (√v + ε)

    Parameters
    ----------
    w, dw, v : arrays of one shape
        Weights, gradient, and the average v, zeros at first.
    lr, alpha, eps : float
        Learning rate, decay of the average, and what keeps the quotient finite.

    Returns
    -------
    w, v : arrays of the same shape
        New weights and new average.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> w, v = rmsprop(np.array([1.0]), np.array([2.0]), np.array([0.0]), lr=0.1, alpha=0.75)
    >>> w.round(6), v
    (array([0.8]), array([1.]))

    Notes
    -----
    Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012.
    """
    same_shape("rmsprop", w=w, dw=dw, v=v)
    v = alpha * v + (1 - alpha) * dw * dw
    return w - lr * dw / (np.sqrt(v) + eps), v


def adam(
    w: Array,
    dw: Array,
    m: Array,
    v: Array,
    t: int,
    *,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Array, Array, Array]:
    """Momentum for the direction, RMSprop for the scale, and a correction for starting at zero.

    m ← β₁m + (1 − β₁) dw;  v ← β₂v + (1 − β₂) dw²
    w ← w − lr · m̂ / (√v̂ + ε),  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)

    Parameters
    ----------
    w, dw, m, v : arrays of one shape
        Weights, gradient, and the averages m and v, zeros at first.
    t : int
        Which step this is, counted **from 1**.
    lr, beta1, beta2, eps : float
        Learning rate, decays of the averages, and what keeps the quotient finite.

    Returns
    -------
    w, m, v : arrays of the same shape
        New weights and new averages.

    Raises
    ------
    ValueError
        If the shapes differ or t < 1.

    Examples
    --------
    The first step has length lr, however large the gradient:

    >>> zero = np.zeros(2)
    >>> w, m, v = adam(np.array([1.0, 1.0]), np.array([5.0, -0.01]), zero, zero, 1, lr=0.1)
    >>> w.round(6)
    array([0.9, 1.1])

    Notes
    -----
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1. The m here is
    the paper's first moment, not the number of samples.
    """
    same_shape("adam", w=w, dw=dw, m=m, v=v)
    if t < 1:
        raise ValueError(f"adam: t is {t}, but steps are counted from 1: at 0 the correction is /0")
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * dw * dw
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


def adamw(
    w: Array,
    dw: Array,
    m: Array,
    v: Array,
    t: int,
    *,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
) -> tuple[Array, Array, Array]:
    """Adam, with weight decay that does not pass through its averages.

    w ← (1 − lr · weight_decay) w, then one step of `adam` with the same dw

    Parameters
    ----------
    w, dw, m, v, t, lr, beta1, beta2, eps
        As for `adam`.
    weight_decay : float
        Share of w that is taken off a step, times lr.

    Returns
    -------
    w, m, v : arrays of the same shape
        New weights and new averages.

    Raises
    ------
    ValueError
        If the shapes differ or t < 1.

    Examples
    --------
    >>> zero = np.zeros(2)
    >>> w, m, v = adamw(np.array([10.0, 1.0]), zero, zero, zero, 1, lr=0.1, weight_decay=0.5)
    >>> w
    array([9.5 , 0.95])

    Notes
    -----
    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2.
    """
    same_shape("adamw", w=w, dw=dw, m=m, v=v)
    w = decoupled_weight_decay(w, lr=lr, weight_decay=weight_decay)
    return adam(w, dw, m, v, t, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
