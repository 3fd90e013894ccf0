"""tinygrad_bp, eager."""

from __future__ import annotations

from collections.abc import Callable

import tinygrad_bp as tgb
from benchmarks.networks import Network
from benchmarks.peers import torch_names
from benchmarks.peers.contender import Contender


def prepare(network: Network, dropout: bool = True) -> Contender:
    """Make a network ready to run."""
    return torch_names.eager(tgb, network, dropout)


def chain(n: int) -> Callable[[], object]:
    """Return a step of `n` operations in a row."""
    return torch_names.chain(tgb, n)
