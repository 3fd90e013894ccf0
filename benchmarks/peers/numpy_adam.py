"""Adam in NumPy, as one writes it down: for contenders that have no optimizer of their own.

D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
"""

from __future__ import annotations

import numpy as np

from benchmarks.peers.contender import LEARNING_RATE, Arrays


class Adam:
    """Update parameters in place."""

    def __init__(self, parameters: Arrays) -> None:
        self.parameters = parameters
        self.m = [np.zeros_like(p) for p in parameters]
        self.v = [np.zeros_like(p) for p in parameters]
        self.t = 0

    def step(self, gradients: Arrays) -> None:
        """Take one step down the gradients."""
        self.t += 1
        rate = LEARNING_RATE / (1 - 0.9**self.t)
        correction = (1 - 0.999**self.t) ** 0.5
        for p, m, v, g in zip(self.parameters, self.m, self.v, gradients, strict=True):
            m *= 0.9
            m += 0.1 * g
            v *= 0.999
            v += 0.001 * g * g
            p -= rate * m / (np.sqrt(v) / correction + 1e-8)
