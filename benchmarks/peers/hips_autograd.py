"""HIPS autograd: NumPy functions whose gradient is a function again. Adam in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad, value_and_grad
from autograd.scipy.special import erf, logsumexp

from benchmarks import functional
from benchmarks.networks import Network
from benchmarks.peers.contender import Contender
from benchmarks.peers.numpy_adam import Adam


def _cross_entropy(scores: Any, y: Any) -> Any:
    rows = np.arange(len(y))
    return anp.mean(logsumexp(scores, axis=1) - scores[rows, y])


def _scan(step: Callable[[Any, Any], Any], state: Any, sequence: Any) -> Any:
    for z in sequence:
        state = step(state, z)
    return state


# It has a convolution in `autograd.scipy.signal`, a loop in Python that its authors call slow.
KIT = functional.Kit(
    anp, lambda x: anp.maximum(x, 0), lambda x: 1 / (1 + anp.exp(-x)), _cross_entropy, _scan, erf
)


def prepare(network: Network, dropout: bool = True) -> Contender:
    """Make a network ready to run."""
    functional.require(KIT, network)
    p, (x, y) = network.initial(), network.data()
    optimizer = Adam(list(p.values()))
    differentiate = value_and_grad(
        lambda p: functional.loss(KIT, network, p, x, y, lambda z, rate: z)
    )
    now: dict[str, dict[str, np.ndarray]] = {}

    def run() -> None:
        _, now["g"] = differentiate(p)

    def step() -> None:
        _, g = differentiate(p)
        optimizer.step(list(g.values()))

    return Contender(
        run,
        step,
        lambda: [now["g"][name] for name in p],
        lambda: [array.copy() for array in p.values()],
    )


def chain(n: int) -> Callable[[], object]:
    """Return a step of `n` operations in a row."""

    def function(x: Any) -> Any:
        for _ in range(n):
            x = x * 0.5
        return anp.sum(x)

    gradient, x = grad(function), np.ones(10, np.float32)
    return lambda: gradient(x)
