"""The comparison that the demo is about: six gradients, by autograd and by hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..textbook import TwoLayerGradients, TwoLayerSoftmax, one_hot
from .network import Array, Network, tensors

#: dZ2, dW2, dB2, dZ1, dW1, dB1: from the output to the input, as backpropagation goes
NAMES = TwoLayerGradients._fields

#: How far the two may differ in float64, for gradients of the size of 1
TOLERANCE = 1e-10


class Comparison(NamedTuple):
    """How one gradient of autograd differs from the one derived by hand.

    Attributes
    ----------
    difference : float
        The largest distance of two elements; 0 where all are equal to the last bit.
    size : float
        The largest element of the gradient by hand: what the distance is to be seen against.
    shape : tuple of int
    """

    difference: float
    size: float
    shape: tuple[int, ...]

    @property
    def agrees(self) -> bool:
        """Whether only rounding lies between them. NaN agrees with nothing."""
        return self.difference < TOLERANCE * max(1.0, self.size)


def autograd_gradients(network: Network, X: Array, labels: Array) -> TwoLayerGradients:
    """Run forward and backward on tensors; return the gradients in the notes' meaning."""
    _clear(network)
    inputs, targets = tensors(X, labels)
    Z1, _, Z2 = network.forward(inputs)
    for Z in (Z1, Z2):
        Z.retain_grad()
    network.loss(Z2, targets).backward()
    # The notes' dZ leave out the 1/m of the mean loss; it comes back in dW and dB.
    m = X.shape[1]
    retained = (
        (Z2, m), (network.W2, 1), (network.b2, 1), (Z1, m), (network.W1, 1), (network.b1, 1),
    )  # fmt: skip
    gradients = []
    for tensor, factor in retained:
        assert tensor.grad is not None
        gradients.append(factor * tensor.grad.numpy())
    _clear(network)
    return TwoLayerGradients(*gradients)


def textbook_gradients(network: Network, X: Array, labels: Array) -> TwoLayerGradients:
    """Run the notes' formulas at the same parameters: NumPy alone, no autograd."""
    hand = TwoLayerSoftmax(**network.weights())
    classes = len(hand.forward(X))
    return hand.backward(X, one_hot(labels, classes))


def compare(network: Network, X: Array, labels: Array) -> dict[str, Comparison]:
    """Compare all six gradients, at the present parameters of `network`.

    Parameters
    ----------
    network : Network
        Unchanged, and without gradients afterwards.
    X : array (n_x, m)
    labels : array of int (m,)

    Returns
    -------
    dict of str to Comparison
        By the names in `NAMES`.

    Examples
    --------
    >>> start = TwoLayerSoftmax.from_sizes(2, 3, 2, rng=np.random.default_rng(0))
    >>> net = Network(start.W1, start.b1, start.W2, start.b2)
    >>> X, labels = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([0, 1])
    >>> all(comparison.agrees for comparison in compare(net, X, labels).values())
    True
    """
    pairs = zip(
        NAMES,
        autograd_gradients(network, X, labels),
        textbook_gradients(network, X, labels),
        strict=True,
    )
    return {
        name: Comparison(
            float(np.abs(automatic - by_hand).max()), float(np.abs(by_hand).max()), by_hand.shape
        )
        for name, automatic, by_hand in pairs
    }


def _clear(network: Network) -> None:
    for parameter in network.parameters():
        parameter.grad = None
