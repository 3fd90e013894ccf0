"""Threads in the native step: the numbers of one thread, whatever happens around them."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.compiler.machine.blas import find_blas
from tinygrad_bp.compiler.machine.library import Library, compiled
from tinygrad_bp.compiler.machine.native import NativeStep
from tinygrad_bp.compiler.machine.sharing import SLOTS
from tinygrad_bp.compiler.machine.threads import Pool, pool_for
from tinygrad_bp.compiler.machine.translate import to_llvm
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import embedding, linalg, reduce, shape

from .building import Building

nn, optim = tgb.nn, tgb.optim


@pytest.fixture(autouse=True)
def pool() -> Iterator[Pool]:
    """Two threads, however many cores there are and whatever the environment says."""
    blas = find_blas()
    assert blas is not None
    before = ctypes.CFUNCTYPE(ctypes.c_int)(blas.get_threads)()
    tgb.set_num_threads(2)
    found = pool_for(blas)
    found.start(1)
    yield found
    tgb.set_num_threads(before)


_COUNTING = """
@shared("int64")
def count(p, part, lo, hi):
    for i in range(lo, hi):
        p[i] = p[i] + part + 1
    return 0

@entry
def run(table):
    pool = begin(table[0])
    for k in range(table[1]):
        share(pool, count, table[2], table[3], int64_at(table[4]))
    end(pool)
    return 0
"""


class Counting:
    """Jobs of which each adds to every number the number of the part that it is in, from 1."""

    def __init__(self, pool: Pool, extent: int, parts: int, jobs: int = 1) -> None:
        self.library = Library(compiled(to_llvm(_COUNTING)))
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
        self.run = kind(self.library.address("run"))
        self.numbers = np.zeros(extent, np.int64)
        self.extent, self.parts, self.jobs = extent, parts, jobs
        self.table = np.array([pool.address, jobs, extent, parts, self.numbers.ctypes.data])

    def __call__(self) -> None:
        self.run(self.table.ctypes.data)

    def check(self, calls: int = 1) -> None:
        size = -(-self.extent // self.parts)
        size = -(-size // 16) * 16 if size >= 64 else size
        expected = (np.arange(self.extent) // size + 1) * self.jobs * calls
        np.testing.assert_array_equal(self.numbers, expected)


@pytest.mark.parametrize(("extent", "parts"), [(1, 1), (7, 3), (16, 16), (100, 3), (1000, 9)])
def test_every_part_is_done_once(pool: Pool, extent: int, parts: int) -> None:
    counting = Counting(pool, extent, parts, jobs=5000)
    counting()
    counting.check()


def test_as_many_parts_as_threads(pool: Pool) -> None:
    counting = Counting(pool, 128, -5)
    counting()
    assert set(counting.numbers) == {1, 2}


def test_a_worker_wakes_again(pool: Pool) -> None:
    counting = Counting(pool, 40, 4, jobs=20)
    for _ in range(5):
        counting()
        time.sleep(0.01)  # beyond its patience
    counting.check(5)


def test_blas_gets_its_threads_back(pool: Pool) -> None:
    blas = find_blas()
    assert blas is not None
    count = ctypes.CFUNCTYPE(ctypes.c_int)(blas.get_threads)
    counting = Counting(pool, 40, 4)
    counting()
    assert count() == 2
    tgb.set_num_threads(1)
    counting()
    assert count() == 1
    counting.check(2)


def test_whoever_finds_the_pool_taken_goes_alone(pool: Pool) -> None:
    countings = [Counting(pool, 500, 7, jobs=3000) for _ in range(4)]
    threads = [threading.Thread(target=one) for one in countings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in countings:
        one.check()
    assert pool._words[SLOTS["lock"]] == 0


def _mlp(seed: int = 0) -> tuple[Any, Any]:
    tgb.manual_seed(seed)
    net = nn.Sequential(nn.Linear(200, 300), nn.ReLU(), nn.Linear(300, 10))
    opt, criterion = optim.Adam(net.parameters()), nn.CrossEntropyLoss()

    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        opt.step()
        return loss

    return net, step


def _data() -> tuple[Any, Any]:
    tgb.manual_seed(1)
    return tgb.randn(256, 200), tgb.randint(0, 10, (256,))


def _trained(threads: int, steps: int = 20) -> list[Any]:
    tgb.set_num_threads(threads)
    net, step = _mlp()
    compiled_step, (x, y) = tgb.compile(step), _data()
    for _ in range(steps):
        compiled_step(x, y)
    assert "share(pool" in compiled_step.source
    return [p.detach().numpy().copy() for p in net.parameters()]


def test_training_is_that_of_one_thread() -> None:
    for one, two in zip(_trained(1), _trained(2), strict=True):
        np.testing.assert_allclose(two, one, rtol=2e-4, atol=2e-6)


def test_training_is_eager_training() -> None:
    net, step = _mlp()
    x, y = _data()
    for _ in range(20):
        step(x, y)
    for eager, two in zip(net.parameters(), _trained(2), strict=True):
        np.testing.assert_allclose(two, eager.detach().numpy(), rtol=2e-4, atol=2e-6)


def test_training_is_the_same_each_time() -> None:
    for first, second in zip(_trained(2), _trained(2), strict=True):
        np.testing.assert_array_equal(first, second)


def _both(b: Building, exact: bool = True) -> None:
    """Run a program on one thread and on two; BLAS may round otherwise at a matrix's edge."""
    step = NativeStep(b.program)
    assert "share(pool" in step.source
    arrays = [b.arrays[v] for v in b.program.inputs]
    tgb.set_num_threads(1)
    one = [x.copy() for x in step(arrays)]
    tgb.set_num_threads(2)
    two = step(arrays)
    for x, y, v in zip(one, two, b.program.outputs, strict=True):
        np.testing.assert_allclose(x, y, rtol=0 if exact else 1e-5, atol=0 if exact else 1e-4)
        np.testing.assert_allclose(y, b.arrays[v], rtol=2e-5, atol=2e-4)


def test_chains_share_elements() -> None:
    b = Building()
    x = b.input(b.normal(100_003))
    b.output(b(ew.tanh, b(ew.multiply, x, x)))
    _both(b)


def test_softmax_shares_rows() -> None:
    b = Building()
    x = b.input(b.normal(203, 501))
    e = b(ew.exp, b(ew.subtract, x, b(reduce.amax, x, axis=1, keepdims=True)))
    b.output(b(ew.divide, e, b(reduce.sum, e, axis=1, keepdims=True)))
    _both(b)


@pytest.mark.parametrize("axis", [0, 1, (0, 2), (1, 2), (0, 1)])
@pytest.mark.parametrize("op", [reduce.sum, reduce.amax], ids=["sum", "amax"])
def test_sums_over_any_axes(op: Any, axis: Any) -> None:
    b = Building()
    x = b.input(b.normal(60, 70, 50))
    y = b(ew.exp, x)
    b.output(y, b(op, y, axis=axis))
    _both(b)


def test_sums_with_rows_in_between() -> None:
    b = Building()
    x = b.input(b.normal(300, 400))
    rows = b(reduce.sum, b(ew.exp, x), axis=1)
    b.output(b(reduce.sum, b(ew.log, rows)), rows)
    _both(b)


@pytest.mark.parametrize(
    ("left", "right", "turn"),
    [
        ((300, 200), (200, 310), None),
        ((70, 900), (900, 300), None),
        ((200, 300), (200, 310), "left"),
        ((300, 200), (310, 200), "right"),
        ((12, 60, 70), (12, 70, 80), None),
        ((3, 12, 60, 70), (3, 12, 80, 70), "right"),
    ],
    ids=["rows", "columns", "left turned", "right turned", "stack", "stack of stacks"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_products(left: Any, right: Any, turn: str | None, dtype: Any) -> None:
    b = Building()
    x, y = (b.input(b.normal(*s, dtype=dtype)) for s in (left, right))
    swapped = (*range(len(left) - 2), len(left) - 1, len(left) - 2)
    x = b(shape.transpose, x, axes=swapped) if turn == "left" else x
    y = b(shape.transpose, y, axes=swapped) if turn == "right" else y
    b.output(b(linalg.matmul, x, y))
    _both(b, exact=False)


def test_rows_by_number() -> None:
    b = Building()
    table = b.input(b.normal(300, 96))
    numbers = b.input(b.rng.integers(0, 300, 4000))
    rows = b(embedding.embedding, table, numbers)
    b.output(rows, b(embedding.add_rows, b(ew.tanh, rows), numbers, count=300))
    _both(b)


def _child(queue: Any) -> None:
    queue.put([p.tolist() for p in _trained(2, steps=3)])


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_fork_starts_its_own(pool: Pool) -> None:
    expected = [p.tolist() for p in _trained(2, steps=3)]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == expected
    child.join(60)
    assert child.exitcode == 0
    counting = Counting(pool, 40, 4)
    counting()
    counting.check()


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_step_goes_on_in_a_fork(pool: Pool) -> None:
    net, step = _mlp()
    run, (x, y) = tgb.compile(step), _data()
    run(x, y)
    run(x, y)
    child = os.fork()
    if child == 0:
        run(x, y)
        os._exit(0 if all(np.isfinite(p.detach().numpy()).all() for p in net.parameters()) else 1)
    run(x, y)
    assert os.waitpid(child, 0)[1] == 0
    assert pool._words[SLOTS["workers"]] > 0 or os.cpu_count() == 1


_LEAVING = """
import threading, tinygrad_bp as tgb
from tinygrad_bp.compiler.machine.blas import find_blas
from tinygrad_bp.compiler.machine.threads import pool_for
tgb.set_num_threads(2)
pool_for(find_blas()).start(1)
x, w = tgb.randn(500, 500), tgb.randn(500, 500)
step = tgb.compile(lambda x: tgb.tanh(x @ w).sum())
step(x)
def go_on():
    while True:
        step(x)
{how}
print("left")
"""


@pytest.mark.parametrize(
    "how",
    ["step(x)", "threading.Thread(target=go_on, daemon=True).start()"],
    ids=["at rest", "in mid-step"],
)
def test_leaving(how: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _LEAVING.format(how=how)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.stdout == "left\n", run.stderr
    assert run.returncode == 0, run.stderr
