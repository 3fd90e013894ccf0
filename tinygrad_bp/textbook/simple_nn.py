"""`SimpleNN` of "Classification by Backpropagation", part B section 4: sigmoid, then sigmoid."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ._checks import Array, matrix, same_shape
from .activations import sigmoid, sigmoid_derivative
from .initialization import lecun_normal
from .losses import mean_squared_error


class SimpleNNGradients(NamedTuple):
    """The seven derivatives of the notes' `backward`, under its names and in its order.

    `dz2`, `da1`, `dz1` are per sample, without 1/m; the others are gradients of the mean loss.
    """

    dz2: Array
    dW2: Array
    db2: Array
    da1: Array
    dz1: Array
    dW1: Array
    db1: Array


class SimpleNN:
    """A network with one hidden layer, sigmoid twice, exactly as the notes' code computes it.

    **Two losses are mixed up in the notes, and both are here.** The gradients (`dz2 = a2 − y`)
    belong to the *binary cross-entropy*, summed over outputs and averaged over the m samples:
    that loss goes down, and `cross_entropy` returns it. What `train` prints and returns is the
    *mean squared error*, mean of (y − a2)². The notes' comment "for MSE + sigmoid" beside dz2 is
    wrong: the squared error would need a further factor a2(1 − a2).

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        Units in each layer.
    lr : float
        Learning rate.
    rng : numpy.random.Generator
        Where the weights come from: N(0, 1/n_in), in the order W1, W2. The notes use NumPy's
        global generator, so two of their runs differ.

    Attributes
    ----------
    W1, b1, W2, b2 : arrays (hidden, input), (hidden, 1), (output, hidden), (output, 1)
        Parameters.
    z1, a1, z2, a2 : arrays
        What the last `forward` computed.

    Examples
    --------
    >>> nn = SimpleNN(2, 4, 1, lr=2.0, rng=np.random.default_rng(0))
    >>> X, y = np.array([[0, 0, 1, 1], [0, 1, 0, 1]]), np.array([[0, 1, 1, 1]])
    >>> losses = nn.train(X, y, epochs=500)
    >>> nn.forward(X).round().astype(int)  # or
    array([[0, 1, 1, 1]])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        lr: float = 0.1,
        *,
        rng: np.random.Generator,
    ) -> None:
        self.W1: Array = lecun_normal(hidden_size, input_size, rng)
        self.b1: Array = np.zeros((hidden_size, 1))
        self.W2: Array = lecun_normal(output_size, hidden_size, rng)
        self.b2: Array = np.zeros((output_size, 1))
        self.lr = lr

    def forward(self, X: npt.ArrayLike) -> Array:
        """Predict, and keep z1, a1, z2, a2.

        Parameters
        ----------
        X : array (input_size, m)
            One column a sample.

        Returns
        -------
        a2 : array (output_size, m)
            Probabilities of "yes", one an output: they need not sum to 1.

        Raises
        ------
        ValueError
            If X does not have input_size rows.

        Examples
        --------
        >>> SimpleNN(2, 3, 1, rng=np.random.default_rng(0)).forward(np.zeros((2, 5))).shape
        (1, 5)
        """
        X = np.asarray(X)
        matrix("SimpleNN.forward", "X", X, rows=self.W1.shape[1])
        self.z1 = self.W1 @ X + self.b1
        self.a1 = sigmoid(self.z1)
        self.z2 = self.W2 @ self.a1 + self.b2
        self.a2 = sigmoid(self.z2)
        return self.a2

    def cross_entropy(self, X: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """Return the loss whose gradients `gradients` computes.

        J = −(1/m) Σ [y log a2 + (1 − y) log(1 − a2)]

        Parameters
        ----------
        X, y : arrays (input_size, m), (output_size, m)
            Samples and targets in [0, 1].

        Returns
        -------
        float
            Nats, summed over outputs, mean over the m samples.

        Raises
        ------
        ValueError
            If the shapes do not fit.

        Examples
        --------
        >>> nn = SimpleNN(1, 1, 1, rng=np.random.default_rng(0))
        >>> nn.W2[:] = 0
        >>> round(nn.cross_entropy([[1.0]], [[1.0]]), 4)  # log 2
        0.6931
        """
        y = np.asarray(y)
        self.forward(X)
        same_shape("SimpleNN.cross_entropy", y=y, a2=self.a2)
        # From z2: −log σ(z) = log(1 + e⁻ᶻ) stays finite where a2 rounds to 0 or 1.
        return float(np.sum(np.logaddexp(0, self.z2) - y * self.z2) / y.shape[1])

    def gradients(self, X: npt.ArrayLike, y: npt.ArrayLike) -> SimpleNNGradients:
        """Run `forward`, then compute all gradients of `cross_entropy`. Nothing is updated.

        Parameters
        ----------
        X, y : arrays (input_size, m), (output_size, m)
            Samples and targets in [0, 1].

        Returns
        -------
        SimpleNNGradients
            dz2, dW2, db2, da1, dz1, dW1, db1.

        Raises
        ------
        ValueError
            If the shapes do not fit.

        Examples
        --------
        >>> nn = SimpleNN(2, 3, 1, rng=np.random.default_rng(0))
        >>> g = nn.gradients(np.ones((2, 5)), np.ones((1, 5)))
        >>> g.dW1.shape, g.db1.shape
        ((3, 2), (3, 1))
        """
        X, y = np.asarray(X), np.asarray(y)
        self.forward(X)
        same_shape("SimpleNN.gradients", y=y, a2=self.a2)
        m = X.shape[1]
        dz2 = self.a2 - y  # for binary cross-entropy + sigmoid
        dW2 = (1 / m) * dz2 @ self.a1.T
        db2 = (1 / m) * np.sum(dz2, axis=1, keepdims=True)
        # W2 as it was in forward: a step on W2 before this line would spoil dW1.
        da1 = self.W2.T @ dz2
        dz1 = da1 * sigmoid_derivative(self.a1)
        dW1 = (1 / m) * dz1 @ X.T
        db1 = (1 / m) * np.sum(dz1, axis=1, keepdims=True)
        return SimpleNNGradients(dz2, dW2, db2, da1, dz1, dW1, db1)

    def backward(self, X: npt.ArrayLike, y: npt.ArrayLike) -> None:
        """Take one step of gradient descent, like the notes' `backward`.

        Parameters
        ----------
        X, y : arrays (input_size, m), (output_size, m)
            Samples and targets. `forward` runs here again, so that no old a1 and a2 are used.

        Raises
        ------
        ValueError
            If the shapes do not fit.

        Examples
        --------
        >>> nn = SimpleNN(1, 1, 1, lr=1.0, rng=np.random.default_rng(0))
        >>> before = nn.cross_entropy([[1.0]], [[1.0]])
        >>> nn.backward([[1.0]], [[1.0]])
        >>> nn.cross_entropy([[1.0]], [[1.0]]) < before
        True
        """
        g = self.gradients(X, y)
        self.W2 -= self.lr * g.dW2
        self.b2 -= self.lr * g.db2
        self.W1 -= self.lr * g.dW1
        self.b1 -= self.lr * g.db1

    def train(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        epochs: int = 1000,
        *,
        verbose: bool = False,
        report: Callable[[int, float], None] | None = None,
    ) -> list[float]:
        """Repeat forward and backward on all samples.

        Parameters
        ----------
        X, y : arrays (input_size, m), (output_size, m)
            Samples and targets.
        epochs : int
            Number of updates: one an epoch.
        verbose : bool
            Print a line every 100 epochs, as the notes do.
        report : function of (epoch, loss), optional
            Called before each update.

        Returns
        -------
        list of float
            *Mean squared error* **before** each update. It is watched, not descended.

        Raises
        ------
        ValueError
            If the shapes do not fit.

        Examples
        --------
        >>> nn = SimpleNN(1, 2, 1, rng=np.random.default_rng(0))
        >>> losses = nn.train([[0.0, 1.0]], [[0.0, 1.0]], epochs=101, verbose=True)
        Epoch    0 | Loss: 0.25...
        Epoch  100 | Loss: 0.24...
        """
        losses = []
        for epoch in range(epochs):
            loss = mean_squared_error(y, self.forward(X))
            losses.append(loss)
            if verbose and epoch % 100 == 0:
                print(f"Epoch {epoch:4d} | Loss: {loss:.6f}")
            if report is not None:
                report(epoch, loss)
            self.backward(X, y)
        return losses
