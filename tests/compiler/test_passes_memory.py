"""How much memory a program is given: what is wanted at once, and hardly more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb
from benchmarks.networks import NETWORKS, Network
from benchmarks.peers import torch_names
from tinygrad_bp.compiler.kernels import packed
from tinygrad_bp.compiler.kernels.emit import Lowered, lower
from tinygrad_bp.compiler.passes import again
from tinygrad_bp.compiler.passes.packing import Span, bound, pack
from tinygrad_bp.compiler.program import Program
from tinygrad_bp.compiler.reference import reference
from tinygrad_bp.compiler.step import CompiledStep

F = tgb.nn.functional


@st.composite
def spans(draw: Any) -> list[Span]:
    sizes = st.integers(1, 50).map(lambda n: 64 * n)
    rows = draw(st.lists(st.tuples(sizes, st.integers(0, 20), st.integers(0, 12)), max_size=40))
    return [Span(size, first, first + length) for size, first, length in rows]


@settings(max_examples=200, deadline=None)
@given(spans())
def test_blocks_that_are_wanted_at_once_do_not_overlap(blocks: list[Span]) -> None:
    offsets, size = pack(blocks)
    for i, (a, at) in enumerate(zip(blocks, offsets, strict=True)):
        assert 0 <= at <= at + a.size <= size
        for b, other in zip(blocks[:i], offsets, strict=False):
            apart = a.last < b.first or b.last < a.first
            assert apart or at + a.size <= other or other + b.size <= at
    wanted = [sum(s.size for s in blocks if s.first <= t <= s.last) for t in range(33)]
    assert bound(blocks) == max(wanted) <= size


def test_nothing_takes_nothing() -> None:
    assert pack([]) == ([], 0)
    assert bound([]) == 0


def lowered(step: Any, *args: Any) -> Lowered:
    """Lower a step's program."""
    found: list[Program] = []

    def build(program: Program) -> Any:
        found.append(program)
        return reference(program)

    compiled = CompiledStep(step, build=build)
    for _ in range(2):
        compiled(*args)
    return lower(found[0])


def training(network: Network) -> Lowered:
    """Lower the training step of a network."""
    made = torch_names.parts(tgb, network, True)

    def step(x: Any, y: Any) -> Any:
        made.optimizer.zero_grad()
        loss = made.loss(made.model, x, y)
        loss.backward()
        made.optimizer.step()
        return loss

    return lowered(step, made.x, made.y)


#: KB of the block that each of them works in. More than that would be a step back.
MOST = {
    "2-16-16-1": 28, "784-128-10": 430, "784-256-128-10": 460, "784-1024-1024-10": 4300,
    "LeNet": 3400, "MNIST CNN": 28800, "LSTM 28x28-128": 11400, "GPT 4 x 128": 28400,
}  # fmt: skip


@pytest.mark.parametrize("network", NETWORKS, ids=lambda n: n.name)
def test_a_network_gets_what_it_wants_at_once(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "cores", lambda: 2)  # each of which has panels for itself
    memory = training(network).memory
    assert memory.least <= memory.size <= 1.02 * memory.least
    assert memory.size <= MOST[network.name] * 1024
    # New parameters, gradients and averages are written to where they are kept.
    assert sum(state.array.nbytes for state, _ in memory.copies if state.array is not None) < 64


def normed(again_too: bool, monkeypatch: pytest.MonkeyPatch) -> Lowered:
    tgb.manual_seed(0)
    layers = [tgb.nn.Sequential(tgb.nn.LayerNorm(64), tgb.nn.Linear(64, 64)) for _ in range(6)]
    model = tgb.nn.Sequential(*layers)

    def step(x: Any) -> Any:
        model.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        return loss

    with monkeypatch.context() as patch:
        if not again_too:
            patch.setattr(again, "CHEAP", frozenset())
        return lowered(step, tgb.randn(512, 64))


def test_what_costs_little_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, computed = normed(False, monkeypatch), normed(True, monkeypatch)
    one = 512 * 64 * 4
    # Of the six norms' results, those of the last layers are wanted again at once.
    assert computed.memory.size <= kept.memory.size - 4 * one
    assert len(computed.steps) == len(kept.steps)  # in a loop that is there in any case


def test_what_is_returned_is_not_computed_again() -> None:
    norm = tgb.nn.LayerNorm(64)

    def step(x: Any) -> Any:
        y = norm(x)
        z = y
        for _ in range(20):
            z = tgb.tanh(z)
        (z * y).sum().backward()
        return y.detach(), z.detach()

    x = tgb.randn(512, 64)
    eager = [t.clone() for t in step(x)]
    compiled = tgb.compile(step)
    for _ in range(3):
        norm.zero_grad()
        for a, b in zip(compiled(x), eager, strict=True):
            tgb.testing.assert_close(a, b)
    assert norm.weight.grad is not None
    assert float(norm.weight.grad.abs().sum()) > 0


def test_gradients_of_the_last_traced_step_move_to_the_programs_memory() -> None:
    model = tgb.nn.Linear(4, 3)

    @tgb.compile
    def step(x: Any) -> Any:
        model.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        return loss

    first, second, third = tgb.randn(5, 4), tgb.randn(5, 4), tgb.randn(5, 4)

    def grad(x: Any) -> Any:
        return tgb.autograd.grad(model(x).square().sum(), model.weight)[0]

    step(first)
    kept = model.weight.grad
    step(second)
    assert model.weight.grad is not kept  # whoever has kept one keeps it
    tgb.testing.assert_close(kept, grad(first))
    tgb.testing.assert_close(model.weight.grad, grad(second))
    bias = model.bias.grad
    step(third)
    assert model.bias.grad is not bias
    tgb.testing.assert_close(model.weight.grad, grad(third))
    tgb.testing.assert_close(kept, grad(first))
    now = model.weight.grad.data_ptr()
    del kept, bias
    step(first)
    assert model.weight.grad.data_ptr() == now
