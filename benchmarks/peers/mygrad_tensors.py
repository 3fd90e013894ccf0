"""MyGrad: tensors over NumPy. Without its guard of memory, as its manual advises for speed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu, sigmoid
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks import functional
from benchmarks.networks import Network
from benchmarks.peers.contender import Contender
from benchmarks.peers.numpy_adam import Adam

mg.turn_memory_guarding_off()


def _scan(step: Callable[[Any, Any], Any], state: Any, sequence: Any) -> Any:
    for i in range(len(sequence)):
        state = step(state, sequence[i])
    return state


KIT = functional.Kit(
    mg, relu, sigmoid, softmax_crossentropy, _scan,
    conv=lambda x, kernels, padding: conv_nd(x, kernels, stride=1, padding=padding),
    pool=lambda x: max_pool(x, (2, 2), 2),
)  # fmt: skip


def prepare(network: Network, dropout: bool = True) -> Contender:
    """Make a network ready to run."""
    functional.require(KIT, network)
    rng = np.random.default_rng(0)

    def drop(z: Any, rate: float) -> Any:
        kept = rng.random(z.shape, np.float32) >= rate
        return z * (kept * np.float32(1 / (1 - rate)))

    p = {name: mg.tensor(array) for name, array in network.initial().items()}
    x, y = network.data()
    tensors = list(p.values())
    optimizer = Adam([tensor.data for tensor in tensors])

    def run() -> None:
        for tensor in tensors:
            tensor.null_grad()
        functional.loss(
            KIT, network, p, x, y, drop if dropout else lambda z, rate: z
        ).backward()  # fmt: skip

    def step() -> None:
        run()
        optimizer.step([tensor.grad for tensor in tensors])

    return Contender(
        run,
        step,
        lambda: [tensor.grad.copy() for tensor in tensors],
        lambda: [tensor.data.copy() for tensor in tensors],
    )


def chain(n: int) -> Callable[[], object]:
    """Return a step of `n` operations in a row."""
    x = mg.tensor(np.ones(10, np.float32))

    def run() -> None:
        x.null_grad()
        out = x
        for _ in range(n):
            out = out * 0.5
        out.sum().backward()

    return run
