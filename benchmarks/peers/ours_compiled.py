"""tinygrad_bp, the whole step compiled by `tgb.compile`."""

from __future__ import annotations

from typing import Any

import tinygrad_bp as tgb
from benchmarks.networks import Network
from benchmarks.peers import torch_names
from benchmarks.peers.contender import Contender


def prepare(network: Network, dropout: bool = True) -> Contender:
    """Make a network ready to run."""
    made = torch_names.parts(tgb, network, dropout)
    model, x, y, loss, optimizer = made.model, made.x, made.y, made.loss, made.optimizer

    @tgb.compile
    def run(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        value = loss(model, x, y)
        value.backward()
        return value

    @tgb.compile
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        value = loss(model, x, y)
        value.backward()
        optimizer.step()
        return value

    return made.contender(lambda: run(x, y), lambda: step(x, y))
