"""Deep programs: what repeats is one kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import close


def _unrolled(steps: int) -> tuple[Any, Any]:
    """Return the gradients of a network that goes along a sequence, and the program's text."""
    tgb.manual_seed(0)
    cell = tgb.nn.ModuleList([tgb.nn.Linear(4, 5), tgb.nn.Linear(5, 5)])
    x = tgb.randn(steps, 3, 4)

    def step(x: Any) -> Any:
        cell.zero_grad()
        h = tgb.zeros(3, 5)
        for t in range(steps):
            h = tgb.tanh(cell[0](x[t]) + cell[1](h))
        h.sum().backward()

    compiled = tgb.compile(step, backend="native")
    compiled(x)
    compiled(x)
    found = [p.grad.clone() for p in cell.parameters()]
    step(x)
    for gradient, p in zip(found, cell.parameters(), strict=True):
        close(gradient, p.grad)
    return found, compiled.source


def test_time_steps_share_their_kernels() -> None:
    pytest.importorskip("llvmlite")
    few, many = _unrolled(8)[1], _unrolled(24)[1]
    count = few.count("\ndef ")
    assert many.count("\ndef ") == count
    assert few[: few.index("@entry")] == many[: many.index("@entry")]


def test_parts_of_one_memory_that_is_written_to() -> None:
    pytest.importorskip("llvmlite")
    memory = tgb.arange(12.0).reshape(4, 3)
    expected = memory.numpy().copy()

    @tgb.compile(backend="native")
    def step() -> Any:
        with tgb.no_grad():
            memory[1:].add_(memory[:-1] * memory[2:3])
        return memory[0] + memory[3] + memory[1:3].sum(0)

    for _ in range(3):
        found = step()
        expected[1:] += expected[:-1] * expected[2:3]
        np.testing.assert_allclose(memory.numpy(), expected, rtol=1e-6)
        last = expected[0] + expected[3] + expected[1:3].sum(0)
        np.testing.assert_allclose(found.numpy(), last, rtol=1e-6)
