"""What a step leaves behind: no program that is gone, and no memory of it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS
from tinygrad_bp.compiler.step import LIMIT
from tinygrad_bp.compiler.tracing.recording import Recording
from tinygrad_bp.compiler.tracing.traced import Traced

F = tgb.nn.functional

#: Prints the KB that stay behind of each of many programs, all of another shape.
_SPECIALISE = """
import sys
import tinygrad_bp as tgb

def resident():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

backend, again, first, count = sys.argv[1], sys.argv[2] == "again", *map(int, sys.argv[3:])
weight = tgb.ones(3)

def all_of(numbers):
    step = tgb.compile(lambda x: tgb.tanh(x * weight).sum(), backend=backend or None)
    for number in numbers:
        for _ in range(2):
            step(tgb.ones(number % 8 + 1, number // 8 + 1, 3))

if again:
    all_of(range(first + count))  # which writes the code that is loaded below
all_of(range(first))
before = resident()
all_of(range(first, first + count))
print((resident() - before) / count)
"""


#: Prints how many MB a long chain of operations on 4 MB leaves resident after its first call.
_CHAIN = """
import sys
import tinygrad_bp as tgb

def resident():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

def chain(x):
    for _ in range(20):
        x = tgb.tanh(x * 1.5)
    return x.sum()

tgb.compile(chain, backend=sys.argv[1])(tgb.ones(3))
x = tgb.ones(1000, 1000)
before = resident()
step = tgb.compile(chain, backend=sys.argv[1])
step(x)
print(resident() - before)
"""


linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for memory")


#: Prints how many MB a deep network's training takes at most: two calls, and those that follow.
_TRAIN = """
import sys
from pathlib import Path
import tinygrad_bp as tgb

def most():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

def training(width, depth, batch):
    layers = [tgb.nn.Linear(width, width) for _ in range(depth)]
    model = tgb.nn.Sequential(*[part for layer in layers for part in (layer, tgb.nn.Tanh())])
    optimizer = tgb.optim.Adam(model.parameters())
    x = tgb.ones(batch, width)

    def step(x):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return (tgb.compile(step, backend=sys.argv[1]) if sys.argv[1] else step), x

step, x = training(2, 2, 2)
for _ in range(3):
    step(x)
step, x = training(64, 12, 8192)
Path("/proc/self/clear_refs").write_text("5")
before = most()
for count in 2, 2:
    for _ in range(count):
        step(x)
    print(most() - before)
    Path("/proc/self/clear_refs").write_text("5")
"""


def most(backend: str) -> list[float]:
    """Return the MB that training takes at most in its first calls, and in later ones."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _TRAIN, backend]
    out = subprocess.run(command, env=environment, check=True, capture_output=True).stdout
    return [float(line) for line in out.split()]


@linux
def test_a_step_takes_hardly_more_memory_while_it_is_traced_than_an_eager_one() -> None:
    pytest.importorskip("llvmlite")
    eager, traced = most("")[0], most("native")[0]
    assert eager > 25  # the network's activations, which tell in what is measured
    assert traced < 1.3 * eager


def growth(backend: str, again: bool, first: int, count: int) -> float:
    """Return the KB that stay of each program."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    if not again:
        environment["TINYGRAD_BP_CACHE"] = ""
    arguments = [backend, "again" if again else "anew", str(first), str(count)]
    command = [sys.executable, "-c", _SPECIALISE, *arguments]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)


@linux
@pytest.mark.parametrize("again", [False, True], ids=["compiled", "loaded"])
def test_machine_code_that_is_gone_leaves_no_memory_behind(again: bool) -> None:
    pytest.importorskip("llvmlite")
    assert growth("", again, 20, 40) < 20


@linux
def test_plans_that_are_gone_leave_no_memory_behind() -> None:
    assert growth("numpy", False, 100, 200) < 5


@pytest.fixture
def _uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _training(backend: str) -> Any:
    model = tgb.nn.Sequential(tgb.nn.Linear(3, 4), tgb.nn.Tanh(), tgb.nn.Linear(4, 2))
    optimizer = tgb.optim.Adam(model.parameters())

    @tgb.compile(backend=backend)
    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), model(x).sort(1).values.detach())  # NumPy sorts
        loss.backward()
        optimizer.step()
        return loss, model(x).detach()

    return step


@pytest.mark.usefixtures("_uncollected")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_goes_at_once_and_without_the_collector(backend: str) -> None:
    step = _training(backend)
    for _ in range(2):
        step(tgb.ones(5, 3))
    program = weakref.ref(step.specialised[0].execute)
    assert program() is not None
    del step
    assert program() is None


@pytest.mark.usefixtures("_uncollected")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_that_is_named_like_a_method_it_calls_goes_too(backend: str) -> None:
    space: dict[str, Any] = {"tgb": tgb, "backend": backend}
    exec(
        "weight = tgb.ones(3, requires_grad=True)\n"
        "optimizer = tgb.optim.SGD([weight], lr=0.1)\n"
        "@tgb.compile(backend=backend)\n"
        "def step(x):\n"
        "    optimizer.zero_grad()\n"
        "    (x * weight).sum().backward()\n"
        "    optimizer.step()\n",
        space,
    )
    space["step"](tgb.ones(3))
    program = weakref.ref(space["step"].specialised[0].execute)
    del space["step"]
    assert program() is None


@pytest.mark.usefixtures("_uncollected")
def test_the_program_that_was_not_used_for_the_longest_time_goes() -> None:
    weight = tgb.ones(3)
    step = tgb.compile(lambda x: x * weight, backend="numpy")
    step(tgb.ones(1, 3))
    first = weakref.ref(step.specialised[0].execute)
    for n in range(2, LIMIT + 1):
        step(tgb.ones(n, 3))
    assert first() is not None
    step(tgb.ones(LIMIT + 1, 3))
    assert first() is None
    assert len(step.specialised) == LIMIT


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_trace_leaves_no_arrays_behind(backend: str) -> None:
    def alive() -> int:
        gc.collect()
        return sum(issubclass(type(x), (Traced, Recording)) for x in gc.get_objects())

    before = alive()
    attention = tgb.nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)
    mask = tgb.nn.Transformer.generate_square_subsequent_mask(5)

    @tgb.compile(backend=backend)
    def step(x: Any) -> Any:
        attention.zero_grad()
        causal = attention(x, x, x, attn_mask=mask, is_causal=True, need_weights=False)[0]
        plain = F.scaled_dot_product_attention(x, x + tgb.ones(8), x)
        (causal + plain).sum().backward()

    step(tgb.randn(3, 5, 8))
    assert alive() == before
    step(tgb.randn(3, 5, 8))
    assert step.traces == 1


@linux
@pytest.mark.parametrize("backend", BACKENDS)
def test_memory_of_a_trace_goes_back_to_the_system(backend: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _CHAIN, backend]
    out = subprocess.run(command, env=environment, check=True, capture_output=True).stdout
    # The chain makes 40 arrays of 4 MB: none of them is needed after the first call but a few.
    assert float(out) < 40
