"""Several Python threads that call one step: each gets the numbers of its own call."""

from __future__ import annotations

import copy
import multiprocessing
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS, close, mlp

F = tgb.nn.functional


@pytest.fixture(autouse=True)
def _often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], None], count: int = 4) -> None:
    """Call work(0), work(1), … at once; raise what the first of them raises."""
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_gets_its_own_result(backend: str) -> None:
    step = tgb.compile(lambda x: tgb.tanh(x @ x).exp() @ x, backend=backend)
    inputs = [tgb.randn(96, 96) * 0.1 for _ in range(4)]
    expected = [(tgb.tanh(x @ x).exp() @ x).numpy() for x in inputs]

    def work(number: int) -> None:
        for _ in range(30):
            found = step(inputs[number])
            np.testing.assert_allclose(found.numpy(), expected[number], rtol=1e-4, atol=1e-5)

    together(work)
    assert step.traces == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_gets_its_own_gradient(backend: str) -> None:
    model = tgb.nn.Linear(64, 64).requires_grad_(False)
    compiled = tgb.compile(model, backend=backend)
    inputs = [tgb.randn(64, 64, requires_grad=True) for _ in range(4)]
    compiled(inputs[0])

    def work(number: int) -> None:
        x = inputs[number]
        for scale in range(20):
            (found,) = tgb.autograd.grad(compiled(x).square().sum() * scale, x)
            (expected,) = tgb.autograd.grad(model(x).square().sum() * scale, x)
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-3)

    together(work)
    assert compiled.step.traces == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_copy_is_compiled_anew(backend: str) -> None:
    model, x = mlp(), tgb.randn(5, 2)
    compiled = tgb.compile(model, backend=backend)
    compiled(x)
    other = copy.deepcopy(compiled)
    with tgb.no_grad():
        other._orig_mod[0].weight.zero_()
    close(other(x), other._orig_mod(x))
    close(compiled(x), model(x))
    assert (compiled.step.traces, other.step.traces) == (1, 1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_steps_of_training_come_one_after_the_other(backend: str) -> None:
    x, y = tgb.randn(20, 2), tgb.randn(20, 1)
    tgb.manual_seed(0)
    model = mlp()
    tgb.manual_seed(0)
    reference = mlp()

    def training(model: Any) -> tuple[Any, Any]:
        optimizer = tgb.optim.Adam(model.parameters(), lr=0.01)

        def step() -> Any:
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return step, optimizer

    one, optimizer = training(model)
    step = tgb.compile(one, backend=backend)
    together(lambda number: [step() for _ in range(15)] and None)
    eager, _ = training(reference)
    for _ in range(60):
        eager()
    for p, q in zip(model.parameters(), reference.parameters(), strict=True):
        close(p, q)
    assert {int(s["step"]) for s in optimizer.state.values()} == {60}


def _child(step: Any, x: Any, answers: Any) -> None:
    answers.put(float(step(x)))


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_fork_does_not_wait_for_a_thread_that_it_has_not(backend: str) -> None:
    step = tgb.compile(lambda x: (x * 2).sum(), backend=backend)
    x = tgb.ones(5)
    step(x)
    entered, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with step.turn:
            entered.set()
            leave.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    entered.wait()
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_child, args=(step, x, answers))
    child.start()
    child.join(30)
    done = child.exitcode
    child.kill()
    leave.set()
    thread.join()
    assert done == 0
    assert answers.get() == 10
