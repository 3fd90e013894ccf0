"""Backpropagation in the notation Iⱼ, Oⱼ, Errⱼ, θⱼ: the algorithm half of the notes.

`w[i, j]` runs **from unit i to unit j**, so a layer's weights are (n_in, n_out): the transpose of
the W used everywhere else. The update is a *plus*, since Err is *minus* a gradient.

Source: "Classification by Backpropagation", part B sections 1 and 2.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt

from ._checks import Array
from .activations import sigmoid, sigmoid_derivative


def output_error(O: npt.ArrayLike, T: npt.ArrayLike) -> Array:
    """Err of output units.

    Errⱼ = Oⱼ (1 − Oⱼ) (Tⱼ − Oⱼ) = −∂E/∂Iⱼ for E = ½ Σ (T − O)²

    Parameters
    ----------
    O, T : arrays of one shape
        Outputs and targets.

    Returns
    -------
    array of the same shape
        Positive where the net input should grow.

    Examples
    --------
    >>> round(float(output_error(0.6, 0.9)), 4)
    0.072

    Notes
    -----
    Part B section 2.B.
    """
    O, T = np.asarray(O), np.asarray(T)
    return np.asarray(sigmoid_derivative(O) * (T - O))


def hidden_error(O: npt.ArrayLike, w: npt.ArrayLike, Err: npt.ArrayLike) -> Array:
    """Err of hidden units, from the Err of the layer that they feed.

    Errⱼ = Oⱼ (1 − Oⱼ) Σₖ wⱼₖ Errₖ

    Parameters
    ----------
    O : array (n,)
        Outputs of the hidden units.
    w : array (n, n_next)
        Weights to the next layer, **before** their update.
    Err : array (n_next,)
        Errors of the next layer.

    Returns
    -------
    array (n,)
        −∂E/∂Iⱼ.

    Examples
    --------
    >>> hidden_error([0.5], [[0.4]], [0.072]).round(5)
    array([0.0072])

    Notes
    -----
    Part B section 2.C.
    """
    return np.asarray(sigmoid_derivative(O) * (np.asarray(w) @ np.asarray(Err)))


class DeltaRuleNetwork:
    """Sigmoid layers of any sizes, updated after every single sample.

    Δwᵢⱼ(t) = l · Errⱼ · Oᵢ + μ Δwᵢⱼ(t − 1),  Δθⱼ(t) = l · Errⱼ + μ Δθⱼ(t − 1)

    Parameters
    ----------
    weights : sequence of arrays (n_in, n_out)
        One a layer; copied. `w[i, j]` runs from unit i to unit j.
    biases : sequence of arrays (n_out,)
        θ of each layer; copied.
    l : float
        Learning rate.
    mu : float
        Momentum μ; 0 is the plain rule.
    learn_biases : bool
        False freezes θ. The notes give no rule for θ; theirs follows from a bias being a weight
        from a unit whose output is always 1.

    Raises
    ------
    ValueError
        If the shapes do not chain.

    Examples
    --------
    >>> net = DeltaRuleNetwork.from_sizes([2, 3, 1], rng=np.random.default_rng(0), l=0.5)
    >>> X, T = np.array([[0, 0, 1, 1], [0, 1, 0, 1]]), np.array([[0, 0, 0, 1]])
    >>> losses = net.train(X, T, epochs=2000)
    >>> net.predict(X).round().astype(int)  # and
    array([[0, 0, 0, 1]])
    """

    def __init__(
        self,
        weights: Sequence[npt.ArrayLike],
        biases: Sequence[npt.ArrayLike],
        *,
        l: float = 0.1,
        mu: float = 0.0,
        learn_biases: bool = True,
    ) -> None:
        self.weights: list[Array] = [np.array(w, dtype=np.float64) for w in weights]
        self.biases: list[Array] = [np.array(theta, dtype=np.float64) for theta in biases]
        self.l, self.mu, self.learn_biases = l, mu, learn_biases
        _chain(self.weights, self.biases)
        self._last_dw = [np.zeros_like(w) for w in self.weights]
        self._last_dtheta = [np.zeros_like(theta) for theta in self.biases]

    @classmethod
    def from_sizes(
        cls, sizes: Sequence[int], *, rng: np.random.Generator, l: float = 0.1, mu: float = 0.0
    ) -> Self:
        """Draw weights and biases from U(−½, ½): "small random numbers".

        Parameters
        ----------
        sizes : sequence of int
            Units in each layer, inputs first.
        rng : numpy.random.Generator
            Where the numbers come from.
        l, mu : float
            Learning rate and momentum.

        Returns
        -------
        DeltaRuleNetwork
            Untrained.

        Examples
        --------
        >>> net = DeltaRuleNetwork.from_sizes([4, 3, 2], rng=np.random.default_rng(0))
        >>> [w.shape for w in net.weights]
        [(4, 3), (3, 2)]

        Notes
        -----
        Part B section 1, step 1.
        """
        pairs = list(pairwise(sizes))
        weights = [rng.uniform(-0.5, 0.5, pair) for pair in pairs]
        biases = [rng.uniform(-0.5, 0.5, n_out) for _, n_out in pairs]
        return cls(weights, biases, l=l, mu=mu)

    def forward(self, x: npt.ArrayLike) -> list[Array]:
        """Feed one sample through the network.

        Iⱼ = Σᵢ wᵢⱼ Oᵢ + θⱼ,  Oⱼ = 1 / (1 + e^{−Iⱼ})

        Parameters
        ----------
        x : array (n_inputs,)
            One sample. Input units pass it on unchanged.

        Returns
        -------
        list of arrays
            O of each layer: x first, the prediction last.

        Raises
        ------
        ValueError
            If x is not a vector of n_inputs numbers.

        Examples
        --------
        >>> net = DeltaRuleNetwork([[[0.4]]], [[0.0]])
        >>> round(float(net.forward([0.5])[-1][0]), 4)
        0.5498
        """
        x = np.asarray(x, dtype=np.float64)
        if x.shape != self.weights[0].shape[:1]:
            raise ValueError(
                f"DeltaRuleNetwork.forward: x has shape {x.shape}, expected "
                f"{self.weights[0].shape[:1]}; it takes one sample: x = X[:, i]"
            )
        O = [x]
        for w, theta in zip(self.weights, self.biases, strict=True):
            O.append(sigmoid(w.T @ O[-1] + theta))
        return O

    def errors(self, O: Sequence[Array], T: npt.ArrayLike) -> list[Array]:
        """Propagate the error backward, all with the weights as they are now.

        Parameters
        ----------
        O : list of arrays
            From `forward`.
        T : array (n_outputs,)
            Targets.

        Returns
        -------
        list of arrays
            Err of each layer with weights, the output's last. Each is −∂E/∂I, E = ½ Σ (T − O)².

        Raises
        ------
        ValueError
            If T has another shape than the output.

        Examples
        --------
        >>> net = DeltaRuleNetwork([[[0.6]], [[0.4]]], [[0.0], [0.0]])
        >>> [err.round(4) for err in net.errors(net.forward([1.0]), [0.9])]
        [array([0.0076]), array([0.0826])]
        """
        T = np.asarray(T, dtype=np.float64)
        if T.shape != O[-1].shape:
            raise ValueError(
                f"DeltaRuleNetwork.errors: T has shape {T.shape}, expected {O[-1].shape}; "
                "it takes one sample: T = targets[:, i]"
            )
        Err = [output_error(O[-1], T)]
        for w, O_j in zip(self.weights[:0:-1], O[-2:0:-1], strict=True):
            Err.insert(0, hidden_error(O_j, w, Err[0]))
        return Err

    def learn(self, x: npt.ArrayLike, T: npt.ArrayLike) -> float:
        """Update all weights and biases after one sample.

        Parameters
        ----------
        x, T : arrays (n_inputs,), (n_outputs,)
            One sample and its target.

        Returns
        -------
        float
            E = ½ Σ (T − O)² **before** the update, in squared units of T.

        Raises
        ------
        ValueError
            If the shapes do not fit.

        Examples
        --------
        >>> net = DeltaRuleNetwork([[[0.4]]], [[0.0]])
        >>> first, second = net.learn([0.5], [0.9]), net.learn([0.5], [0.9])
        >>> second < first
        True
        """
        O = self.forward(x)
        Err = self.errors(O, T)  # all of them, before any weight changes
        for k, (O_i, Err_j) in enumerate(zip(O[:-1], Err, strict=True)):
            dw = self.l * np.outer(O_i, Err_j) + self.mu * self._last_dw[k]
            self.weights[k] += dw
            self._last_dw[k] = dw
            if self.learn_biases:
                dtheta = self.l * Err_j + self.mu * self._last_dtheta[k]
                self.biases[k] += dtheta
                self._last_dtheta[k] = dtheta
        return float(0.5 * np.sum((np.asarray(T) - O[-1]) ** 2))

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the outputs (n_outputs, m) for the samples (n_inputs, m)."""
        return np.stack([self.forward(x)[-1] for x in np.asarray(X).T], axis=1)

    def train(
        self,
        X: npt.ArrayLike,
        T: npt.ArrayLike,
        *,
        epochs: int,
        rng: np.random.Generator | None = None,
    ) -> list[float]:
        """Learn from every sample in turn, `epochs` times over.

        Parameters
        ----------
        X, T : arrays (n_inputs, m), (n_outputs, m)
            Samples and targets, one column each.
        epochs : int
            Passes over all samples: m updates each.
        rng : numpy.random.Generator, optional
            Shuffles the order anew in every epoch; without it, the order is that of the columns.

        Returns
        -------
        list of float
            Mean over the samples of ½ Σ (T − O)², each taken before its own update.

        Raises
        ------
        ValueError
            If the shapes do not fit.

        Examples
        --------
        >>> net = DeltaRuleNetwork([[[0.4]]], [[0.0]])
        >>> losses = net.train([[0.5]], [[0.9]], epochs=3)
        >>> losses == sorted(losses, reverse=True)
        True
        """
        X, T = np.asarray(X), np.asarray(T)
        if X.ndim != 2 or T.ndim != 2 or X.shape[1] != T.shape[1]:
            raise ValueError(
                f"DeltaRuleNetwork.train: X {X.shape} and T {T.shape} must be matrices with one "
                "column a sample; transpose what has samples in rows"
            )
        losses = []
        for _ in range(epochs):
            order = np.arange(X.shape[1]) if rng is None else rng.permutation(X.shape[1])
            losses.append(float(np.mean([self.learn(X[:, i], T[:, i]) for i in order])))
        return losses


def _chain(weights: list[Array], biases: list[Array]) -> None:
    shapes = [w.shape for w in weights]
    fits = (
        len(weights) == len(biases) > 0
        and all(len(shape) == 2 for shape in shapes)
        and all(w.shape[1:] == theta.shape for w, theta in zip(weights, biases, strict=True))
        and all(a[1] == b[0] for a, b in pairwise(shapes))
    )
    if not fits:
        raise ValueError(
            f"DeltaRuleNetwork: weights {shapes} and biases {[t.shape for t in biases]} do not "
            "chain; each w is (n_in, n_out) with θ (n_out,), and n_out is the next layer's n_in"
        )
