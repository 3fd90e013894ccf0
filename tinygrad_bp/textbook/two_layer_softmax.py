"""The network of "Understanding Backpropagation": ReLU hidden layer, softmax output, by hand.

    Z1 = W1 X + b1     A1 = ReLU(Z1)     Z2 = W2 A1 + b2     A2 = softmax(Z2)
    J  = −(1/m) Σ Y log A2

    dZ2 = A2 − Y                dW2 = (1/m) dZ2 A1ᵀ    dB2 = (1/m) Σ dZ2
    dZ1 = W2ᵀ dZ2 ∘ ReLU′(Z1)   dW1 = (1/m) dZ1 Xᵀ     dB1 = (1/m) Σ dZ1

Samples are columns: X is (n_x, m), Y is one-hot (c, m), and Σ runs over the columns.
"""

from collections.abc import Callable
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from ._checks import Array, floating, matrix, parameter_pair
from .activations import relu, relu_derivative, softmax
from .initialization import he_normal, lecun_normal


class TwoLayerGradients(NamedTuple):
    """The six derivatives of note 1, under its names.

    `dZ2` and `dZ1` are per sample, **without** 1/m; `dW2`, `dB2`, `dW1`, `dB1` are the gradients
    of the mean loss J, in nats a unit of the parameter.
    """

    dZ2: Array
    dW2: Array
    dB2: Array
    dZ1: Array
    dW1: Array
    dB1: Array


class TwoLayerSoftmax:
    """A classifier with one ReLU layer and a softmax output, trained by hand-derived gradients.

    Parameters
    ----------
    W1, b1 : arrays (n_h, n_x), (n_h, 1)
        Hidden layer. Copied, so the caller's arrays never change.
    W2, b2 : arrays (c, n_h), (c, 1)
        Output layer. Copied. The network computes in the float dtype of its parameters.

    Attributes
    ----------
    Z1, A1, Z2, A2 : arrays
        What the last `forward` computed.

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Examples
    --------
    >>> net = TwoLayerSoftmax.from_sizes(2, 8, 2, rng=np.random.default_rng(0))
    >>> X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
    >>> Y = np.array([[1, 0, 0, 1], [0, 1, 1, 0]])  # one_hot([0, 1, 1, 0], classes=2)
    >>> losses = net.train(X, Y, alpha=0.5, iterations=500)
    >>> net.predict(X)  # exclusive or
    array([0, 1, 1, 0])

    Notes
    -----
    "Understanding Backpropagation", the summary at its end.
    """

    def __init__(
        self, W1: npt.ArrayLike, b1: npt.ArrayLike, W2: npt.ArrayLike, b2: npt.ArrayLike
    ) -> None:
        dtype = floating(W1, b1, W2, b2)
        self.W1: Array = np.array(W1, dtype=dtype)
        self.b1: Array = np.array(b1, dtype=dtype)
        self.W2: Array = np.array(W2, dtype=dtype)
        self.b2: Array = np.array(b2, dtype=dtype)
        parameter_pair("TwoLayerSoftmax", 1, self.W1, self.b1)
        parameter_pair("TwoLayerSoftmax", 2, self.W2, self.b2)
        if self.W2.shape[1] != self.W1.shape[0]:
            raise ValueError(
                f"TwoLayerSoftmax: W2 {self.W2.shape} reads {self.W2.shape[1]} units, but W1 "
                f"{self.W1.shape} makes {self.W1.shape[0]}; W is (n_out, n_in) in both layers"
            )

    @classmethod
    def from_sizes(
        cls,
        n_x: int,
        n_h: int,
        c: int,
        *,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float64,
    ) -> Self:
        """Draw the weights (He for the ReLU layer, √(1/n_in) for the output), biases zero.

        Parameters
        ----------
        n_x, n_h, c : int
            Features, hidden units, classes.
        rng : numpy.random.Generator
            Where the weights come from.
        dtype : dtype
            float32 or float64.

        Returns
        -------
        TwoLayerSoftmax
            Untrained.

        Examples
        --------
        >>> TwoLayerSoftmax.from_sizes(4, 3, 2, rng=np.random.default_rng(0)).W1.shape
        (3, 4)
        """
        W1 = he_normal(n_h, n_x, rng).astype(dtype)
        W2 = lecun_normal(c, n_h, rng).astype(dtype)
        return cls(W1, np.zeros((n_h, 1), dtype), W2, np.zeros((c, 1), dtype))

    def forward(self, X: npt.ArrayLike) -> Array:
        """Predict, and keep Z1, A1, Z2, A2 for `loss` and `backward`.

        Parameters
        ----------
        X : array (n_x, m)
            One column a sample.

        Returns
        -------
        A2 : array (c, m)
            Probabilities: every column sums to 1.

        Raises
        ------
        ValueError
            If X does not have n_x rows.

        Examples
        --------
        >>> net = TwoLayerSoftmax([[1.0]], [[0.0]], [[1.0], [1.0]], [[0.0], [0.0]])
        >>> net.forward([[3.0]])
        array([[0.5],
               [0.5]])
        """
        X = np.asarray(X, dtype=self.W1.dtype)
        matrix("TwoLayerSoftmax.forward", "X", X, rows=self.W1.shape[1])
        self._A0 = X
        self.Z1 = self.W1 @ X + self.b1
        self.A1 = relu(self.Z1)
        self.Z2 = self.W2 @ self.A1 + self.b2
        self.A2 = softmax(self.Z2)
        return self.A2

    def loss(self, Y: npt.ArrayLike) -> float:
        """Cross-entropy of the last `forward`.

        J = −(1/m) Σ Y log A2

        Parameters
        ----------
        Y : array (c, m)
            One-hot targets.

        Returns
        -------
        float
            Nats, mean over the m samples.

        Raises
        ------
        ValueError
            If Y has another shape than A2, or `forward` has not run.

        Examples
        --------
        >>> net = TwoLayerSoftmax([[1.0]], [[0.0]], [[1.0], [1.0]], [[0.0], [0.0]])
        >>> _ = net.forward([[3.0]])
        >>> round(net.loss([[0.0], [1.0]]), 4)  # log 2
        0.6931
        """
        Y = self._targets("loss", Y)
        # log A2 from Z2, not from A2: where a probability underflows to 0, its log is still finite.
        shifted = self.Z2 - self.Z2.max(axis=0, keepdims=True)
        log_A2 = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))
        return float(-(Y * log_A2).sum() / Y.shape[1])

    def backward(self, X: npt.ArrayLike, Y: npt.ArrayLike) -> TwoLayerGradients:
        """Compute all gradients of `loss`, from output to input. Nothing is updated.

        Parameters
        ----------
        X : array (n_x, m)
            What the last `forward` was given.
        Y : array (c, m)
            Targets. Columns must sum to 1, or dZ2 = A2 − Y does not hold.

        Returns
        -------
        TwoLayerGradients
            dZ2, dW2, dB2, dZ1, dW1, dB1. Shapes as Z2, W2, b2, Z1, W1, b1.

        Raises
        ------
        ValueError
            If X is not what `forward` saw, or Y has a wrong shape or columns not summing to 1.

        Examples
        --------
        >>> net = TwoLayerSoftmax([[1.0]], [[0.0]], [[1.0], [1.0]], [[0.0], [0.0]])
        >>> _ = net.forward([[3.0]])
        >>> net.backward([[3.0]], [[0.0], [1.0]]).dW2
        array([[ 1.5],
               [-1.5]])
        """
        Y = self._targets("backward", Y)
        X = np.asarray(X, dtype=self.W1.dtype)
        if X is not self._A0 and not np.array_equal(X, self._A0):
            raise ValueError(
                f"TwoLayerSoftmax.backward: X {X.shape} is not the X {self._A0.shape} of the last "
                "forward, whose A1 and A2 are used here; call forward(X) first"
            )
        if not np.allclose(Y.sum(axis=0), 1):
            raise ValueError(
                f"TwoLayerSoftmax.backward: a column of Y {Y.shape} does not sum to 1, and "
                "dZ2 = A2 − Y needs that; use one_hot(labels, classes)"
            )
        m = X.shape[1]
        dZ2 = self.A2 - Y
        dW2 = (1 / m) * dZ2 @ self.A1.T
        dB2 = (1 / m) * dZ2.sum(axis=1, keepdims=True)
        dZ1 = self.W2.T @ dZ2 * relu_derivative(self.Z1)
        dW1 = (1 / m) * dZ1 @ X.T
        dB1 = (1 / m) * dZ1.sum(axis=1, keepdims=True)
        return TwoLayerGradients(dZ2, dW2, dB2, dZ1, dW1, dB1)

    def update(self, grads: TwoLayerGradients, alpha: float) -> None:
        """Take one step of gradient descent: W := W − α dW, b := b − α dB.

        Parameters
        ----------
        grads : TwoLayerGradients
            From `backward`.
        alpha : float
            Learning rate.

        Examples
        --------
        >>> net = TwoLayerSoftmax([[1.0]], [[0.0]], [[1.0], [1.0]], [[0.0], [0.0]])
        >>> _ = net.forward([[3.0]])
        >>> net.update(net.backward([[3.0]], [[0.0], [1.0]]), alpha=0.1)
        >>> net.W2
        array([[0.85],
               [1.15]])
        """
        self.W2 -= alpha * grads.dW2
        self.b2 -= alpha * grads.dB2
        self.W1 -= alpha * grads.dW1
        self.b1 -= alpha * grads.dB1

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the likeliest class of each sample, (m,); runs `forward`."""
        return np.asarray(self.forward(X).argmax(axis=0))

    def accuracy(self, X: npt.ArrayLike, labels: npt.ArrayLike) -> float:
        """Return the share of samples whose likeliest class is the label; runs `forward`."""
        labels, predicted = np.asarray(labels), self.predict(X)
        if labels.shape != predicted.shape:
            raise ValueError(
                f"TwoLayerSoftmax.accuracy: labels {labels.shape} for {predicted.size} samples; "
                "give class numbers (m,), not one-hot columns: Y.argmax(axis=0)"
            )
        return float(np.mean(predicted == labels))

    def train(
        self,
        X: npt.ArrayLike,
        Y: npt.ArrayLike,
        *,
        alpha: float,
        iterations: int,
        report: Callable[[int, float], None] | None = None,
    ) -> list[float]:
        """Repeat forward, backward, update on all samples (batch gradient descent).

        Parameters
        ----------
        X, Y : arrays (n_x, m), (c, m)
            Samples and one-hot targets.
        alpha : float
            Learning rate.
        iterations : int
            Number of updates.
        report : function of (iteration, loss), optional
            Called before each update.

        Returns
        -------
        list of float
            Loss **before** each update, nats, mean over samples.

        Examples
        --------
        >>> net = TwoLayerSoftmax([[1.0]], [[0.0]], [[1.0], [1.0]], [[0.0], [0.0]])
        >>> losses = net.train([[3.0]], [[0.0], [1.0]], alpha=0.1, iterations=2)
        >>> [round(loss, 3) for loss in losses]
        [0.693, 0.313]
        """
        losses = []
        for iteration in range(iterations):
            self.forward(X)
            losses.append(self.loss(Y))
            if report is not None:
                report(iteration, losses[-1])
            self.update(self.backward(X, Y), alpha)
        return losses

    def _targets(self, where: str, Y: npt.ArrayLike) -> Array:
        if not hasattr(self, "A2"):
            raise ValueError(f"TwoLayerSoftmax.{where}: nothing to compare yet; call forward(X)")
        Y = np.asarray(Y, dtype=self.A2.dtype)
        if Y.shape != self.A2.shape:
            raise ValueError(
                f"TwoLayerSoftmax.{where}: Y {Y.shape} does not fit A2 {self.A2.shape}; "
                "use one_hot(labels, classes), one column a sample"
            )
        return Y
