"""Penalties on large weights, weight decay, and gradient clipping.

Source: "Classification by Backpropagation", part A sections 5, 6 and 7.
"""

import numpy as np
import numpy.typing as npt

from ._checks import Array, same_shape


def l2_penalty(w: npt.ArrayLike, lam: float) -> float:
    """Return what L2 regularization adds to the loss.

    λ Σ w²

    Parameters
    ----------
    w : array of any shape
        Weights.
    lam : float
        The notes' λ. PyTorch's `weight_decay` is 2λ, since it stands for (λ/2) Σ w².

    Returns
    -------
    float
        In the unit of the loss.

    Examples
    --------
    >>> l2_penalty([3.0, -4.0], 0.1)
    2.5

    Notes
    -----
    Part A section 7.
    """
    return float(lam * np.sum(np.square(w)))


def l2_gradient(w: npt.ArrayLike, dw: npt.ArrayLike, lam: float) -> Array:
    """Add the gradient of the L2 penalty to the gradient of the loss.

    dw + 2λw

    Parameters
    ----------
    w, dw : arrays of one shape
        Weights and gradient of the loss.
    lam : float
        The notes' λ: half of PyTorch's `weight_decay`.

    Returns
    -------
    array of the same shape
        Gradient of loss plus penalty.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> l2_gradient([3.0, -4.0], [0.0, 0.0], 0.1).round(2)
    array([ 0.6, -0.8])

    Notes
    -----
    Part A section 7, differentiated.
    """
    w, dw = np.asarray(w), np.asarray(dw)
    same_shape("l2_gradient", w=w, dw=dw)
    return np.asarray(dw + 2 * lam * w)


def l1_penalty(w: npt.ArrayLike, lam: float) -> float:
    """Return what L1 regularization adds to the loss.

    λ Σ |w|

    Parameters
    ----------
    w : array of any shape
        Weights.
    lam : float
        Strength.

    Returns
    -------
    float
        In the unit of the loss.

    Examples
    --------
    >>> round(l1_penalty([3.0, -4.0], 0.1), 2)
    0.7

    Notes
    -----
    Part A section 7.
    """
    return float(lam * np.sum(np.abs(w)))


def l1_gradient(w: npt.ArrayLike, dw: npt.ArrayLike, lam: float) -> Array:
    """Add a subgradient of the L1 penalty to the gradient of the loss.

    dw + λ sign(w), with sign(0) = 0

    Parameters
    ----------
    w, dw : arrays of one shape
        Weights and gradient of the loss.
    lam : float
        Strength.

    Returns
    -------
    array of the same shape
        Gradient of loss plus penalty.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> l1_gradient([3.0, 0.0, -4.0], [0.0, 0.0, 0.0], 0.1)
    array([ 0.1,  0. , -0.1])

    Notes
    -----
    Part A section 7. |w| has no derivative at 0; 0 is the choice that leaves a zero weight alone,
    and PyTorch's.
    """
    w, dw = np.asarray(w), np.asarray(dw)
    same_shape("l1_gradient", w=w, dw=dw)
    return np.asarray(dw + lam * np.sign(w))


def decoupled_weight_decay(w: npt.ArrayLike, *, lr: float, weight_decay: float) -> Array:
    """Shrink the weights directly, past the optimizer.

    w ← (1 − lr · weight_decay) w

    Parameters
    ----------
    w : array of any shape
        Weights.
    lr : float
        Learning rate.
    weight_decay : float
        As in PyTorch. With plain gradient descent it is the L2 penalty with λ = weight_decay / 2;
        with Adam it is not.

    Returns
    -------
    array of the same shape
        Shrunken weights.

    Examples
    --------
    >>> decoupled_weight_decay([10.0, 1.0], lr=0.1, weight_decay=0.5)
    array([9.5 , 0.95])

    Notes
    -----
    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2.
    """
    return np.asarray(np.asarray(w) * (1 - lr * weight_decay))


def clip_gradient(g: npt.ArrayLike, max_norm: float) -> Array:
    """Shorten a gradient that is too long; leave every other one as it is.

    g · min(1, max_norm / ‖g‖)

    Parameters
    ----------
    g : array of any shape
        Gradient.
    max_norm : float
        Longest Euclidean norm allowed, > 0.

    Returns
    -------
    array of the same shape
        Same direction. Never longer than g: clipping cannot cure a vanishing gradient.

    Raises
    ------
    ValueError
        If max_norm is not positive.

    Examples
    --------
    >>> clip_gradient([30.0, 40.0], max_norm=5.0)
    array([3., 4.])
    >>> clip_gradient([3e-9, 4e-9], max_norm=5.0)
    array([3.e-09, 4.e-09])

    Notes
    -----
    Part A sections 5 and 6. Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent
    neural networks", 2013, algorithm 1.
    """
    if max_norm <= 0:
        raise ValueError(f"clip_gradient: max_norm is {max_norm}, expected a positive length")
    g = np.asarray(g)
    norm = float(np.linalg.norm(g))
    return np.asarray(g * (max_norm / norm)) if norm > max_norm else g
