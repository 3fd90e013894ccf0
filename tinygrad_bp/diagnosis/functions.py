"""The functions that students take for one another, with their derivatives, in NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rules.special import erf

__all__ = ["ACTIVATIONS", "FUNCTIONS", "Activation", "leaky_relu", "sigmoid", "softmax"]

Array = np.ndarray[Any, np.dtype[Any]]


def sigmoid(z: Array) -> Array:
    """Give 1 / (1 + e^−z), without an overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))


def softmax(z: Array, axis: int) -> Array:
    """Give e^z / Σ e^z along an axis."""
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


@dataclass(frozen=True)
class Activation:
    """A function f, its derivative at z, and the derivative in terms of a = f(z) if it has one.

    Attributes
    ----------
    name, sign : str
        For people: ``sigmoid``, and ``σ`` in a formula.
    formula : str
        The derivative, spelled out: ``[Z > 0]``.
    """

    name: str
    sign: str
    formula: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    from_output: Callable[[Array], Array] | None = None
    from_output_formula: str = ""


def _sigmoid_slope(z: Array) -> Array:
    s = sigmoid(z)
    return np.asarray(s * (1 - s))


def _cdf(z: Array) -> Array:
    return np.asarray(0.5 * (1 + erf(z / math.sqrt(2))))


def _gelu_slope(z: Array) -> Array:
    return np.asarray(_cdf(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi))


_C = math.sqrt(2 / math.pi)


def _gelu_tanh_slope(z: Array) -> Array:
    t = np.tanh(_C * (z + 0.044715 * z**3))
    return np.asarray(0.5 * (1 + t) + 0.5 * z * (1 - t * t) * _C * (1 + 3 * 0.044715 * z * z))


def _silu_slope(z: Array) -> Array:
    s = sigmoid(z)
    return np.asarray(s * (1 + z * (1 - s)))


def _selu(z: Array) -> Array:
    return np.where(z > 0, z, _ALPHA * np.expm1(np.minimum(z, 0))) * _SCALE


_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805


def leaky_relu(slope: float) -> Activation:
    """Return the function with this slope below 0."""
    return Activation(
        "leaky ReLU", "LeakyReLU", f"1 where Z > 0, else {slope:.4g}",
        lambda z: np.where(z > 0, z, slope * z), lambda z: np.where(z > 0, 1.0, slope),
    )  # fmt: skip


#: What students take for one another.
ACTIVATIONS = (
    Activation("sigmoid", "σ", "σ(Z)(1 − σ(Z))", sigmoid, _sigmoid_slope,
               lambda a: a * (1 - a), "A(1 − A)"),
    Activation("tanh", "tanh", "1 − tanh²(Z)", np.tanh, lambda z: 1 - np.tanh(z) ** 2,
               lambda a: 1 - a * a, "1 − A²"),
    Activation("ReLU", "ReLU", "[Z > 0]", lambda z: np.maximum(z, 0),
               lambda z: (z > 0).astype(np.float64)),
    leaky_relu(0.01),
    Activation("ELU", "ELU", "1 where Z > 0, else e^Z",
               lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
               lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0))),
               lambda a: np.where(a > 0, 1.0, a + 1), "1 where A > 0, else A + 1"),
    Activation("GELU", "GELU", "Φ(Z) + Z φ(Z)", lambda z: z * _cdf(z), _gelu_slope),
    Activation("GELU (tanh form)", "GELU", "the tanh form's derivative",
               lambda z: 0.5 * z * (1 + np.tanh(_C * (z + 0.044715 * z**3))), _gelu_tanh_slope),
    Activation("SiLU", "SiLU", "σ(Z)(1 + Z(1 − σ(Z)))", lambda z: z * sigmoid(z), _silu_slope),
    Activation("softplus", "softplus", "σ(Z)", lambda z: np.logaddexp(0, z), sigmoid,
               lambda a: -np.expm1(-a), "1 − e^−A"),
    Activation("SELU", "SELU", "λ where Z > 0, else λ α e^Z", _selu,
               lambda z: _SCALE * np.where(z > 0, 1.0, _ALPHA * np.exp(np.minimum(z, 0)))),
    Activation("softsign", "softsign", "1/(1 + |Z|)²", lambda z: z / (1 + np.abs(z)),
               lambda z: 1 / (1 + np.abs(z)) ** 2, lambda a: (1 - np.abs(a)) ** 2, "(1 − |A|)²"),
    Activation("arctan", "arctan", "1/(1 + Z²)", np.arctan, lambda z: 1 / (1 + z * z)),
)  # fmt: skip

#: Functions that are no activations, but that values of a graph may show.
FUNCTIONS = (
    Activation("sine", "sin", "cos Z", np.sin, np.cos),
    Activation("exponential", "exp", "e^Z", np.exp, np.exp, lambda a: a, "A"),
    Activation("square", "square", "2Z", np.square, lambda z: 2 * z),
)  # fmt: skip
