"""The history of our own steps, kept by pytest-benchmark; not part of the test suite.

    python -m pytest benchmarks/test_history.py --benchmark-autosave
    python -m pytest benchmarks/test_history.py --benchmark-compare

Figures go to ``.benchmarks/``, a file a run, with the commit and the machine: local, like the
machine itself. Compare runs of one machine only.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from benchmarks import environment, peers
from benchmarks.networks import NETWORKS

# OpenBLAS has been loaded by now: what pins it can only be refused.
PINNED = [name for name in environment.PINNED if name in os.environ]

CONTENDERS = [name for name in peers.OURS if name in peers.load(list(peers.OURS))[0]]


@pytest.mark.parametrize("name", CONTENDERS)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_training_step(benchmark: Any, network: Any, name: str) -> None:
    """Time forward + backward + Adam."""
    assert not PINNED, f"unset {' '.join(PINNED)} first: they pin NumPy to older kernels"
    contender = peers.load([name])[0][name].prepare(network)
    before = contender.parameters()
    contender.step()
    benchmark.group = network.name
    benchmark.pedantic(contender.step, rounds=30, warmup_rounds=3)
    after = contender.parameters()
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
