"""Forward and backward of a perceptron written out in NumPy, as the notes do (rows for columns)."""

from __future__ import annotations

import numpy as np

from benchmarks.networks import Network
from benchmarks.peers.contender import Contender, UnsupportedError
from benchmarks.peers.numpy_adam import Adam


def prepare(network: Network, dropout: bool = True) -> Contender:
    """Make a network ready to run."""
    if network.kind != "mlp":
        raise UnsupportedError("written for perceptrons")
    sizes, m = network.sizes, network.batch
    params = list(network.initial().values())
    weights, biases = params[0::2], params[1::2]
    X, y = network.data()
    rows = np.arange(m)
    gradients: list[np.ndarray] = []
    optimizer = Adam(params)

    def run() -> None:
        gradients.clear()  # as the others forget theirs: what is freed when decides what is reused
        activations, A = [X], X
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            A = np.maximum(A @ W.T + b, 0)
            activations.append(A)
        Z = A @ weights[-1].T + biases[-1]
        if sizes[-1] == 1:
            difference = Z - y
            (difference * difference).mean()
            dZ = difference * np.float32(2 / m)
        else:
            Z -= Z.max(axis=1, keepdims=True)
            e = np.exp(Z)
            total = e.sum(axis=1, keepdims=True)
            (np.log(total[:, 0]) - Z[rows, y]).mean()
            dZ = e / total
            dZ[rows, y] -= 1
            dZ /= m
        for i in range(len(weights) - 1, -1, -1):
            gradients.extend((dZ.sum(axis=0), dZ.T @ activations[i]))
            if i:
                dZ = dZ @ weights[i] * (activations[i] > 0)

    def step() -> None:
        run()
        optimizer.step(gradients[::-1])

    return Contender(run, step, lambda: gradients[::-1], lambda: [p.copy() for p in params])
