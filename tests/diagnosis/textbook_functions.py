"""What a student knows: activations with their slopes, losses with their derivatives. NumPy alone.

Nothing here is taken from the package under test: the corpus has to judge it from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erf, pi
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def softmax(z: Array, axis: int) -> Array:
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _cdf(z: Array) -> Array:
    return ((1 + np.vectorize(erf, otypes=[np.float64])(z / np.sqrt(2))) / 2).astype(z.dtype)


def _density(z: Array) -> Array:
    return np.exp(-z * z / 2) / z.dtype.type(np.sqrt(2 * pi))


@dataclass(frozen=True)
class Activation:
    """f, and f′ as a function of the input z; `from_output` is f′ in terms of a = f(z)."""

    f: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    from_output: Callable[[Array], Array] | None = None


LEAK = 0.01

ACTIVATIONS = {
    "identity": Activation(lambda z: z, np.ones_like),
    "sigmoid": Activation(
        sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z)), lambda a: a * (1 - a)
    ),
    "tanh": Activation(np.tanh, lambda z: 1 - np.tanh(z) ** 2, lambda a: 1 - a * a),
    "relu": Activation(lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "leaky_relu": Activation(
        lambda z: np.where(z > 0, z, z.dtype.type(LEAK) * z),
        lambda z: np.where(z > 0, 1, LEAK).astype(z.dtype),
    ),
    "elu": Activation(
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, 1, np.exp(np.minimum(z, 0))).astype(z.dtype),
    ),
    "gelu": Activation(lambda z: z * _cdf(z), lambda z: _cdf(z) + z * _density(z)),
    # Beyond 20 it is z, as in PyTorch.
    "softplus": Activation(
        lambda z: np.where(z > 20, z, np.logaddexp(0, z)).astype(z.dtype),
        lambda z: np.where(z > 20, 1, sigmoid(z)).astype(z.dtype),
    ),
    "silu": Activation(
        lambda z: z * sigmoid(z), lambda z: sigmoid(z) * (1 + z * (1 - sigmoid(z)))
    ),
}  # fmt: skip

#: What students take for one another.
HIDDEN = [name for name in ACTIVATIONS if name != "identity"]
COMMON = ["sigmoid", "tanh", "relu", "leaky_relu", "elu"]


@dataclass(frozen=True)
class Loss:
    """A loss over the last layer's Z, as the student differentiates it.

    Attributes
    ----------
    output : str
        The output activation: ``softmax``, an activation's name, or "" for one drawn at random.
    factor : function of (m, n)
        What stands before the sum over samples (and outputs): 1/m, 1/(m n), ½, …
    error : function of (A, Y)
        The derivative of the sum: with respect to Z for softmax and sigmoid with cross-entropy,
        else with respect to A.
    by_z : bool
        Whether `error` is with respect to Z.
    wrong : dict of str to function of (Z, A, Y, axis)
        What students write for dZ instead.
    """

    output: str
    factor: Callable[[int, int], float]
    error: Callable[[Array, Array], Array]
    by_z: bool
    wrong: dict[str, Callable[[Array, Array, Array, int], Array]]


def _through_softmax(g: Array, a: Array, axis: int) -> Array:
    return a * (g - (g * a).sum(axis=axis, keepdims=True))


_CLASSES: dict[str, Callable[[Array, Array, Array, int], Array]] = {
    "-Y/A": lambda Z, A, Y, axis: -Y / A,
    "Y - A": lambda Z, A, Y, axis: Y - A,
    "softmax(A) - Y": lambda Z, A, Y, axis: softmax(A, axis) - Y,
    "sigmoid(Z) - Y": lambda Z, A, Y, axis: sigmoid(Z) - Y,
    "MSE's, through softmax": lambda Z, A, Y, axis: _through_softmax(2 * (A - Y), A, axis),
}
_YES_NO: dict[str, Callable[[Array, Array, Array, int], Array]] = {
    "(A - Y)/(A(1 - A))": lambda Z, A, Y, axis: (A - Y) / (A * (1 - A)),
    "-Y/A": lambda Z, A, Y, axis: -Y / A,
    "Y - A": lambda Z, A, Y, axis: Y - A,
    "sigmoid(A) - Y": lambda Z, A, Y, axis: sigmoid(A) - Y,
    "MSE's, through sigmoid": lambda Z, A, Y, axis: 2 * (A - Y) * A * (1 - A),
}
# Of the regression losses, with respect to A; the slope of the output follows.
_SQUARES: dict[str, Callable[[Array, Array, Array, int], Array]] = {
    "2(Y - A)": lambda Z, A, Y, axis: 2 * (Y - A),
    "L1's": lambda Z, A, Y, axis: np.sign(A - Y),
}
_HALF_SQUARES: dict[str, Callable[[Array, Array, Array, int], Array]] = {
    "Y - A": lambda Z, A, Y, axis: Y - A,
    "L1's": lambda Z, A, Y, axis: np.sign(A - Y),
}
_ABSOLUTE: dict[str, Callable[[Array, Array, Array, int], Array]] = {
    "MSE's": lambda Z, A, Y, axis: 2 * (A - Y),
    "A - Y": lambda Z, A, Y, axis: A - Y,
    "sign(Y - A)": lambda Z, A, Y, axis: np.sign(Y - A),
}
_HUBER: dict[str, Callable[[Array, Array, Array, int], Array]] = {
    "MSE's": lambda Z, A, Y, axis: 2 * (A - Y),
    "A - Y": lambda Z, A, Y, axis: A - Y,
    "L1's": lambda Z, A, Y, axis: np.sign(A - Y),
}


def _each(m: int, n: int) -> float:
    return 1 / m


def _mean(m: int, n: int) -> float:
    return 1 / (m * n)


def _one(m: int, n: int) -> float:
    return 1.0


def _difference(A: Array, Y: Array) -> Array:
    return A - Y


def _twice(A: Array, Y: Array) -> Array:
    return 2 * (A - Y)


LOSSES = {
    "cross_entropy": Loss("softmax", _each, _difference, True, _CLASSES),
    "softmax_log": Loss("softmax", _each, _difference, True, _CLASSES),
    "nll": Loss("softmax", _each, _difference, True, _CLASSES),
    "cross_entropy_sum": Loss("softmax", _one, _difference, True, _CLASSES),
    "bce_logits": Loss("sigmoid", _mean, _difference, True, _YES_NO),
    "bce": Loss("sigmoid", _mean, _difference, True, _YES_NO),
    "bce_by_hand": Loss("sigmoid", _each, _difference, True, _YES_NO),
    "mse": Loss("", _mean, _twice, False, _SQUARES),
    "squares_by_hand": Loss("", _each, _twice, False, _SQUARES),
    "half_sum": Loss("", _one, _difference, False, _HALF_SQUARES),
    "half_mean": Loss("", _each, _difference, False, _HALF_SQUARES),
    "l1": Loss("", _mean, lambda A, Y: np.sign(A - Y), False, _ABSOLUTE),
    "huber": Loss("", _mean, lambda A, Y: np.clip(A - Y, -1, 1), False, _HUBER),
}
