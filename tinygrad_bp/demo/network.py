"""The network of "Understanding Backpropagation" on tensors: samples are columns, as in the notes.

``textbook.TwoLayerSoftmax`` is the same network with its gradients written out by hand.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

import tinygrad_bp as tgb
from tinygrad_bp.nn.functional import cross_entropy

Array = npt.NDArray[Any]


def tensors(X: Array, labels: Array) -> tuple[tgb.Tensor, tgb.Tensor]:
    """Copy samples and labels into tensors under the names that they have in the graph."""
    return tgb.tensor(X).named("X"), tgb.tensor(labels).named("labels")


class Forward(NamedTuple):
    """What a forward pass computed, under the notes' names."""

    Z1: tgb.Tensor
    A1: tgb.Tensor
    Z2: tgb.Tensor


class Network:
    """A ReLU layer and a softmax layer: Z1 = W1 X + b1, A1 = ReLU(Z1), Z2 = W2 A1 + b2.

    Parameters
    ----------
    W1, b1, W2, b2 : arrays (n_h, n_x), (n_h, 1), (c, n_h), (c, 1)
        Copied.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network(np.ones((3, 2)), np.zeros((3, 1)), np.ones((2, 3)), np.zeros((2, 1)))
    >>> X, labels = tensors(np.ones((2, 4)), np.array([0, 1, 0, 1]))
    >>> loss = net.loss(net.forward(X).Z2, labels)
    >>> round(loss.item(), 4)  # log 2: both classes have the same score
    0.6931
    """

    def __init__(self, W1: Array, b1: Array, W2: Array, b2: Array) -> None:
        self.W1 = tgb.tensor(W1, requires_grad=True).named("W1")
        self.b1 = tgb.tensor(b1, requires_grad=True).named("b1")
        self.W2 = tgb.tensor(W2, requires_grad=True).named("W2")
        self.b2 = tgb.tensor(b2, requires_grad=True).named("b2")

    def parameters(self) -> list[tgb.Tensor]:
        """Return W1, b1, W2, b2."""
        return [self.W1, self.b1, self.W2, self.b2]

    def weights(self) -> dict[str, Array]:
        """Return copies of the parameters, by name."""
        return {str(p.name): p.detach().numpy().copy() for p in self.parameters()}

    def forward(self, X: tgb.Tensor) -> Forward:
        """Compute the scores Z2 (c, m) of the samples X (n_x, m), and what leads there."""
        Z1 = (self.W1 @ X + self.b1).named("Z1")
        A1 = tgb.relu(Z1).named("A1")
        Z2 = (self.W2 @ A1 + self.b2).named("Z2")
        return Forward(Z1, A1, Z2)

    def loss(self, Z2: tgb.Tensor, labels: tgb.Tensor) -> tgb.Tensor:
        """Return J = −(1/m) Σ Y log softmax(Z2): nats, mean over the m columns."""
        return cross_entropy(Z2.T, labels).named("J")  # type: ignore[no-any-return]
