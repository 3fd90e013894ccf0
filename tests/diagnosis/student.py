"""A student's backward pass, line by line in NumPy, into which slips can be written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.diagnosis.networks import Network, forward
from tests.diagnosis.textbook_functions import ACTIVATIONS, LOSSES

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Style:
    """How a student computes: nothing here is a mistake.

    Attributes
    ----------
    dtype : str
        What NumPy computes in.
    late : bool
        Whether the loss's factor (1/m) stands in dW and db, as in the notes, and not in dZ.
    product : {"matmul", "einsum", "samples"}
        How a sum over samples is written; "samples" is a loop that begins at the last.
    """

    dtype: str
    late: bool = False
    product: str = "matmul"


@dataclass(frozen=True)
class Slip:
    """One line written wrongly.

    Attributes
    ----------
    kind : str
        The stable id of the hypothesis.
    at : str
        The line, ``dZ2``.
    words : str
        What was written, for people.
    write : function of (Student, Array)
        What the student gets there, from the right value of the line.
    """

    kind: str
    at: str
    words: str
    write: Callable[[Student, Array], Any]


class Student:
    """One backward pass.

    Attributes
    ----------
    v : dict
        The forward pass: ``Z1``, ``H1`` (the activation's output), ``A1``, parameters, X, Y.
    g : dict
        What was written so far: ``dZ2``, ``dW2``, ``db2``, ``dA1``, …, in this order.
    parts : dict
        What adds up to a gradient of several paths.
    """

    def __init__(self, network: Network, style: Style, slips: Sequence[Slip] = ()) -> None:
        self.network, self.style, self.slips = network, style, slips
        self.v = forward(network, style.dtype)
        self.g: dict[str, Array] = {}
        self.parts: dict[str, list[Array]] = {}
        with np.errstate(all="ignore"):
            self._backward()

    def _backward(self) -> None:
        net = self.network
        for k in range(net.layers, 0, -1):
            if k == net.layers:
                dZ = self.output_error(LOSSES[net.loss].error(self.v[f"A{k}"], self.v["Y"]))
            else:
                dZ = self.g[f"dA{k}"] * self.slope(k)
            dZ = self._line(f"dZ{k}", dZ)
            owner = net.owner(k)
            uses = self.parts.setdefault(f"dW{owner}", [])
            uses.append(self.late * self.outer(dZ, self.v[f"A{k - 1}"]))
            if owner == k and (k not in net.shared):
                self._line(f"dW{k}", self.with_penalty(k, sum(uses)))
            if net.biases:
                self._line(f"db{k}", self.late * self.over_samples(dZ))
            if k > 1:
                paths = [self.back(self.v[f"W{owner}"], dZ)]
                paths += [self.g[f"dA{i}"] for i, j in net.skips.items() if j == k - 1]
                self.parts[f"dA{k - 1}"] = paths
                self._line(f"dA{k - 1}", sum(paths))

    def _line(self, name: str, right: Any) -> Array:
        for slip in self.slips:
            if slip.at == name:
                right = slip.write(self, right)
        self.g[name] = np.asarray(right)
        return self.g[name]

    @property
    def early(self) -> Any:
        """The factor that stands in dZ of the last layer."""
        return self._factor(not self.style.late)

    @property
    def late(self) -> Any:
        """The factor that stands in dW and db."""
        return self._factor(self.style.late)

    def _factor(self, here: bool) -> Any:
        return np.dtype(self.style.dtype).type(self.network.factor if here else 1)

    def output_error(self, error: Array, by_z: bool | None = None) -> Array:
        """Turn the derivative of the sum of losses into dZ of the last layer."""
        if by_z is None:
            by_z = LOSSES[self.network.loss].by_z
        return self.early * (error if by_z else error * self.slope(self.network.layers))

    def slope(self, k: int, name: str | None = None, at: str | None = None) -> Array:
        """f′(Z_k); of another activation, or taken elsewhere."""
        activation = ACTIVATIONS[name or self.network.activations[k - 1]]
        return activation.slope(self.v[at or f"Z{k}"])

    def outer(self, dZ: Array, A: Array) -> Array:
        """The sum over samples of the products of dZ and what the layer read, in W's layout."""
        if self.style.product == "einsum":
            left, right = ("im", "jm") if self.network.columns else ("mi", "mj")
            out = "ji" if self.network.convention == "rows" else "ij"
            return np.einsum(f"{left},{right}->{out}", dZ, A)
        if not self.network.columns:
            dZ, A = dZ.T, A.T
        if self.style.product == "samples":
            total = np.zeros((len(dZ), len(A)), dZ.dtype)
            for i in range(self.network.m - 1, -1, -1):
                total += np.outer(dZ[:, i], A[:, i])
        else:
            total = dZ @ A.T
        return total.T if self.network.convention == "rows" else total

    def over_samples(self, dZ: Array) -> Array:
        """The sum over samples, in b's shape."""
        axis = 1 - self.network.axis
        if self.style.product == "samples":
            total = np.add.reduce([dZ.take([i], axis) for i in range(self.network.m - 1, -1, -1)])
        else:
            total = dZ.sum(axis=axis, keepdims=True)
        return total if self.network.columns else total[0]

    def back(self, W: Array, dZ: Array) -> Array:
        """What dZ sends to the activations that the layer read: Wᵀ dZ."""
        if self.network.columns:
            return W.T @ dZ
        return dZ @ (W.T if self.network.convention == "rows" else W)

    def with_penalty(self, k: int, data: Any) -> Array:
        """Add the penalty's λ W, or λ sign W."""
        if not self.network.penalty:
            return data
        λ, W = np.dtype(self.style.dtype).type(self.network.penalty), self.v[f"W{k}"]
        return data + λ * (np.sign(W) if self.network.absolute else W)
