"""Contenders with PyTorch's names: ours and PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.networks import Network
from benchmarks.peers.contender import LEARNING_RATE, Contender


@dataclass(frozen=True)
class Parts:
    """A model with the initial parameters, its batch, its loss and its optimizer."""

    model: Any
    parameters: list[Any]
    x: Any
    y: Any
    loss: Callable[[Any, Any, Any], Any]
    optimizer: Any

    def contender(self, run: Callable[[], object], step: Callable[[], object]) -> Contender:
        """Put the two functions with the arrays that they change."""
        # Memory that NumPy can reach is watched as long as it lives: let that be copies, soon gone.
        return Contender(
            run,
            step,
            lambda: [p.grad.clone().numpy().copy() for p in self.parameters],
            lambda: [p.detach().clone().numpy().copy() for p in self.parameters],
        )


def parts(m: Any, network: Network, dropout: bool, **adam: Any) -> Parts:
    """Build a network with the library `m`."""
    m.manual_seed(0)
    model = network.build(m, dropout)
    parameters = list(model.parameters())
    with m.no_grad():
        for p, value in zip(parameters, network.initial().values(), strict=True):
            p.copy_(m.tensor(value))
    x, y = (m.tensor(array) for array in network.data())
    optimizer = m.optim.Adam(parameters, lr=LEARNING_RATE, **adam)
    return Parts(model, parameters, x, y, network.loss(m), optimizer)


def eager(m: Any, network: Network, dropout: bool) -> Contender:
    """Run it as a script does."""
    made = parts(m, network, dropout)
    model, parameters, x, y, loss = made.model, made.parameters, made.x, made.y, made.loss
    optimizer = made.optimizer

    def run() -> None:
        for p in parameters:
            p.grad = None
        loss(model, x, y).backward()

    def step() -> None:
        optimizer.zero_grad()
        loss(model, x, y).backward()
        optimizer.step()

    return made.contender(run, step)


def chain(m: Any, n: int) -> Callable[[], object]:
    """Return a step whose graph has `n` operations, one after the other, on ten numbers."""
    x = m.tensor(np.ones(10, np.float32), requires_grad=True)

    def run() -> None:
        x.grad = None
        out = x
        for _ in range(n):
            out = out * 0.5
        out.sum().backward()

    return run
